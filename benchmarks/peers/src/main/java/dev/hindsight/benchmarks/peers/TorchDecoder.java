package dev.hindsight.benchmarks.peers;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.randn;
import static org.bytedeco.pytorch.global.torch.rms_norm;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.silu;

import dev.hindsight.transformer.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The decoder of a {@link DecoderConfig} in libtorch, written as one would write it for speed
 * there: one matrix for q, k and v, fused attention, sequences padded to one length. Grouped
 * queries are left out: no case has them.
 */
final class TorchDecoder {
  /** Keys and values of the tokens so far, {@code [batch, heads, positions, headDim]} a block. */
  static final class Cache {
    final Tensor[] keys;
    final Tensor[] values;
    long length;

    Cache(DecoderConfig c, long batch, long positions) {
      keys = new Tensor[c.layers()];
      values = new Tensor[c.layers()];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = torch.zeros(batch, c.heads(), positions, c.headDim());
        values[i] = torch.zeros(batch, c.heads(), positions, c.headDim());
      }
    }
  }

  private record Block(
      Tensor norm1,
      @Nullable Tensor norm1Bias,
      Tensor qkv,
      @Nullable Tensor qkvBias,
      Tensor out,
      @Nullable Tensor outBias,
      Tensor norm2,
      @Nullable Tensor norm2Bias,
      @Nullable Tensor gate,
      Tensor up,
      @Nullable Tensor upBias,
      Tensor down,
      @Nullable Tensor downBias) {}

  private final DecoderConfig config;
  private final TensorVector parameters = new TensorVector();
  private final List<Tensor> all = new ArrayList<>();
  private final Tensor tokens;
  private final @Nullable Tensor positions;
  private final List<Block> blocks = new ArrayList<>();
  private final Tensor norm;
  private final @Nullable Tensor normBias;
  private final Tensor head;
  private final @Nullable Tensor cos;
  private final @Nullable Tensor sin;

  TorchDecoder(DecoderConfig c, boolean trainable) {
    this.config = c;
    long width = c.hiddenSize();
    long inner = c.intermediateSize();
    boolean layerNorm = c.norm() == DecoderConfig.Norm.LAYER_NORM;
    tokens = normal(trainable, c.vocabSize(), width);
    boolean learned = c.positions() == DecoderConfig.Positions.LEARNED;
    positions = learned ? normal(trainable, c.maxPositions(), width) : null;
    for (int i = 0; i < c.layers(); i++) {
      blocks.add(
          new Block(
              ones(trainable, width),
              layerNorm ? zeros(trainable, width) : null,
              normal(trainable, 3 * width, width),
              c.attentionBias() ? zeros(trainable, 3 * width) : null,
              normal(trainable, width, width),
              c.attentionOutputBias() ? zeros(trainable, width) : null,
              ones(trainable, width),
              layerNorm ? zeros(trainable, width) : null,
              c.mlp() == DecoderConfig.Mlp.SWIGLU ? normal(trainable, inner, width) : null,
              normal(trainable, inner, width),
              c.mlpBias() ? zeros(trainable, inner) : null,
              normal(trainable, width, inner),
              c.mlpBias() ? zeros(trainable, width) : null));
    }
    norm = ones(trainable, width);
    normBias = layerNorm ? zeros(trainable, width) : null;
    head = c.tiedEmbeddings() ? tokens : normal(trainable, c.vocabSize(), width);
    cos = learned ? null : angles(true);
    sin = learned ? null : angles(false);
  }

  TensorVector parameters() {
    return parameters;
  }

  List<Tensor> all() {
    return all;
  }

  /**
   * Hidden states {@code [batch, time, width]} after the last norm.
   *
   * @param ids {@code [batch, time]}
   * @param cache what came before, which these tokens are added to; null without
   */
  Tensor hidden(Tensor ids, @Nullable Cache cache) {
    long time = ids.size(1);
    long from = cache == null ? 0 : cache.length;
    Tensor x = embedding(tokens, ids);
    if (positions != null) {
      x = x.add(positions.narrow(0, from, time));
    }
    for (int i = 0; i < blocks.size(); i++) {
      x = block(blocks.get(i), i, x, from, cache);
    }
    if (cache != null) {
      cache.length += time;
    }
    return normalised(x, norm, normBias);
  }

  Tensor logits(Tensor hidden) {
    return linear(hidden, head);
  }

  private Tensor block(Block b, int layer, Tensor x, long from, @Nullable Cache cache) {
    long batch = x.size(0);
    long time = x.size(1);
    Tensor qkv = affine(normalised(x, b.norm1, b.norm1Bias), b.qkv, b.qkvBias);
    Tensor heads = qkv.view(batch, time, 3 * config.heads(), config.headDim()).transpose(1, 2);
    Tensor q = heads.narrow(1, 0, config.heads());
    Tensor k = heads.narrow(1, config.heads(), config.heads());
    Tensor v = heads.narrow(1, 2L * config.heads(), config.heads());
    if (cos != null && sin != null) {
      q = rotated(q, from, time);
      k = rotated(k, from, time);
    }
    if (cache != null) {
      cache.keys[layer].narrow(2, from, time).copy_(k);
      cache.values[layer].narrow(2, from, time).copy_(v);
      k = cache.keys[layer].narrow(2, 0, from + time);
      v = cache.values[layer].narrow(2, 0, from + time);
    }
    boolean causal = time > 1; // one new token sees all that came before
    Tensor y =
        scaled_dot_product_attention(
            q, k, v, new TensorOptional(), 0, causal, new DoubleOptional(), false);
    y = y.transpose(1, 2).contiguous().view(batch, time, config.hiddenSize());
    x = x.add(affine(y, b.out, b.outBias));
    Tensor h = normalised(x, b.norm2, b.norm2Bias);
    Tensor up = affine(h, b.up, b.upBias);
    Tensor inner = b.gate == null ? gelu(up) : silu(linear(h, b.gate)).mul(up);
    return x.add(affine(inner, b.down, b.downBias));
  }

  private Tensor normalised(Tensor x, Tensor weight, @Nullable Tensor bias) {
    long[] shape = {config.hiddenSize()};
    return bias == null
        ? rms_norm(x, shape, new TensorOptional(weight), new DoubleOptional(config.normEpsilon()))
        : layer_norm(
            x,
            shape,
            new TensorOptional(weight),
            new TensorOptional(bias),
            config.normEpsilon(),
            true);
  }

  private static Tensor affine(Tensor x, Tensor weight, @Nullable Tensor bias) {
    return bias == null ? linear(x, weight) : linear(x, weight, new TensorOptional(bias));
  }

  /** RoPE in the half-rotation form. */
  private Tensor rotated(Tensor x, long from, long time) {
    long half = config.headDim() / 2;
    Tensor c = java.util.Objects.requireNonNull(cos).narrow(0, from, time);
    Tensor s = java.util.Objects.requireNonNull(sin).narrow(0, from, time);
    Tensor a = x.narrow(3, 0, half);
    Tensor b = x.narrow(3, half, half);
    return cat(new TensorVector(a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))), 3);
  }

  private Tensor angles(boolean cosine) {
    int half = config.headDim() / 2;
    float[] values = new float[config.maxPositions() * half];
    for (int p = 0; p < config.maxPositions(); p++) {
      for (int i = 0; i < half; i++) {
        double angle = p * Math.pow(config.ropeTheta(), -(double) i / half);
        values[p * half + i] = (float) (cosine ? Math.cos(angle) : Math.sin(angle));
      }
    }
    return LibTorch.tensor(values, config.maxPositions(), half);
  }

  private Tensor normal(boolean trainable, long... shape) {
    return parameter(randn(shape).mul(new Scalar(.02)), trainable);
  }

  private Tensor ones(boolean trainable, long... shape) {
    return parameter(torch.ones(shape), trainable);
  }

  private Tensor zeros(boolean trainable, long... shape) {
    return parameter(torch.zeros(shape), trainable);
  }

  private Tensor parameter(Tensor t, boolean trainable) {
    t.set_requires_grad(trainable);
    parameters.push_back(t);
    all.add(t);
    return t;
  }
}
