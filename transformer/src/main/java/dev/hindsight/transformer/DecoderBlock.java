package dev.hindsight.transformer;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One block of a {@link Decoder}: {@code x + attention(norm(x))}, then {@code x + mlp(norm(x))}.
 */
final class DecoderBlock {
  /**
   * What a pass over all blocks shares.
   *
   * @param positions {@code [N]} I32
   * @param layout where queries and keys of each sequence lie
   * @param cache where keys and values go and are read from, if anywhere
   * @param cacheRows {@code [N]} I32, the cache's row for each token; null without a cache
   */
  record Pass(
      Tensor positions,
      SequenceLayout layout,
      @Nullable KvCache cache,
      @Nullable Tensor cacheRows) {}

  /**
   * The rows that somebody reads after the last block: keys and values are needed of all tokens,
   * everything else of these only.
   *
   * @param rows {@code [W]} I32, ascending
   * @param positions {@code [W]} I32
   * @param layout queries are these rows, keys all of them
   */
  record Wanted(Tensor rows, Tensor positions, SequenceLayout layout) {}

  /** A projection with its optional bias. */
  private record Linear(Variable weight, @Nullable Variable bias) {
    static Linear of(Map<String, Variable> parameters, String name) {
      return new Linear(
          DecoderParameters.require(parameters, name + ".weight"), parameters.get(name + ".bias"));
    }

    Variable apply(Variable x) {
      return x.linear(weight, bias, null, null);
    }

    Variable activated(Variable x, UnaryOp activation) {
      return x.linear(weight, bias, activation, null);
    }

    Variable addedTo(Variable residual, Variable x) {
      return x.linear(weight, bias, null, residual);
    }
  }

  private final int layer;
  private final DecoderConfig config;
  private final double scale;
  private final DecoderNorm inputNorm;
  private final DecoderNorm outputNorm;
  private final Linear q;
  private final Linear k;
  private final Linear v;
  private final Linear o;
  private final @Nullable Variable qNorm;
  private final @Nullable Variable kNorm;
  private final @Nullable Linear gate;
  private final Linear up;
  private final Linear down;

  DecoderBlock(DecoderConfig config, int layer, Map<String, Variable> parameters) {
    this.layer = layer;
    this.config = config;
    this.scale = 1 / Math.sqrt(config.headDim());
    String block = "model.layers." + layer + ".";
    String attention = block + "self_attn.";
    inputNorm = DecoderNorm.of(config, parameters, block + "input_layernorm");
    outputNorm = DecoderNorm.of(config, parameters, block + "post_attention_layernorm");
    q = Linear.of(parameters, attention + "q_proj");
    k = Linear.of(parameters, attention + "k_proj");
    v = Linear.of(parameters, attention + "v_proj");
    o = Linear.of(parameters, attention + "o_proj");
    qNorm = parameters.get(attention + "q_norm.weight");
    kNorm = parameters.get(attention + "k_norm.weight");
    gate =
        config.mlp() == DecoderConfig.Mlp.SWIGLU
            ? Linear.of(parameters, block + "mlp.gate_proj")
            : null;
    up = Linear.of(parameters, block + "mlp.up_proj");
    down = Linear.of(parameters, block + "mlp.down_proj");
  }

  /** {@code x [N, C]} to {@code [N, C]}, or to {@code [W, C]} when only some rows are wanted. */
  Variable apply(Variable x, Pass pass, @Nullable Wanted wanted) {
    Variable normed = inputNorm.apply(x);
    Variable keys = heads(k.apply(normed), config.keyValueHeads(), kNorm, pass.positions());
    Variable values =
        v.apply(normed).reshape(normed.dim(0), config.keyValueHeads(), config.headDim());
    Variable residual = x;
    Tensor positions = pass.positions();
    SequenceLayout layout = pass.layout();
    if (wanted != null) {
      normed = normed.gatherRows(wanted.rows());
      residual = x.gatherRows(wanted.rows());
      positions = wanted.positions();
      layout = wanted.layout();
    }
    Variable queries = heads(q.apply(normed), config.heads(), qNorm, positions);
    KvCache cache = pass.cache();
    Tensor cacheRows = pass.cacheRows();
    if (cache != null && cacheRows != null) {
      cache.write(layer, keys.tensor(), values.tensor(), cacheRows);
      keys = Variable.constant(cache.keys(layer));
      values = Variable.constant(cache.values(layer));
    }
    Variable mixed = Variable.attention(queries, keys, values, layout, scale);
    Variable y =
        o.addedTo(residual, mixed.reshape(mixed.dim(0), config.heads() * config.headDim()));
    return down.addedTo(y, inner(outputNorm.apply(y)));
  }

  /** {@code [N, heads * headDim]} to {@code [N, heads, headDim]}, normalised and turned. */
  private Variable heads(Variable x, int count, @Nullable Variable norm, Tensor positions) {
    int rows = x.dim(0);
    if (norm != null) {
      x = x.reshape(rows * count, config.headDim()).rmsNorm(norm, config.normEpsilon());
    }
    Variable split = x.reshape(rows, count, config.headDim());
    return config.positions() == DecoderConfig.Positions.ROPE
        ? split.rope(positions, config.ropeTheta())
        : split;
  }

  /** The inside of the MLP, {@code [N, intermediate]}. */
  private Variable inner(Variable x) {
    return switch (config.mlp()) {
      case SWIGLU -> {
        Variable open = up.apply(x);
        yield Objects.requireNonNull(gate).apply(x).swiglu(open);
      }
      case GELU -> up.activated(x, UnaryOp.GELU);
      case GELU_TANH -> up.activated(x, UnaryOp.GELU_TANH);
    };
  }
}
