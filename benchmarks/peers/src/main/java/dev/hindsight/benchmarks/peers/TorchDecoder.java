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
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The decoder of a {@link DecoderConfig} in libtorch, written as one would write it for speed
 * there: one matrix for q, k and v, fused attention, sequences padded to one length. The tests with
 * libtorch as oracle train it beside Hindsight's, which shows that both compute the same.
 */
public final class TorchDecoder {
  /** Rows of a parameter that have a name of their own in Hugging Face's checkpoints. */
  public record Part(Tensor parameter, long from, long rows) {
    /** The weights: live memory. */
    public Tensor weights() {
      return parameter.detach().narrow(0, from, rows);
    }

    /** What the backward passes since the last reset have added up. */
    public Tensor gradient() {
      return parameter.grad().narrow(0, from, rows);
    }
  }

  /** Keys and values of the tokens so far, {@code [batch, heads, positions, headDim]} a block. */
  static final class Cache {
    final Tensor[] keys;
    final Tensor[] values;
    long length;

    Cache(DecoderConfig c, long batch, long positions) {
      keys = new Tensor[c.layers()];
      values = new Tensor[c.layers()];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = torch.zeros(batch, c.keyValueHeads(), positions, c.headDim());
        values[i] = torch.zeros(batch, c.keyValueHeads(), positions, c.headDim());
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
  private final boolean trainable;
  private final ScalarType dtype;
  private final TensorVector parameters = new TensorVector();
  private final List<Tensor> all = new ArrayList<>();
  private final Map<String, Part> parts = new LinkedHashMap<>();
  private final Tensor tokens;
  private final @Nullable Tensor positions;
  private final List<Block> blocks = new ArrayList<>();
  private final Tensor norm;
  private final @Nullable Tensor normBias;
  private final Tensor head;
  private final @Nullable Tensor cos;
  private final @Nullable Tensor sin;

  TorchDecoder(DecoderConfig c, boolean trainable) {
    this(c, trainable, ScalarType.Float);
  }

  /**
   * A decoder with random weights.
   *
   * @param dtype Float or Double
   */
  public TorchDecoder(DecoderConfig c, boolean trainable, ScalarType dtype) {
    if (c.qkNorm()) {
      throw new IllegalArgumentException(
          "libtorch's decoder: norms of q and k are not written here, got " + c);
    }
    this.config = c;
    this.trainable = trainable;
    this.dtype = dtype;
    long width = c.hiddenSize();
    boolean layerNorm = c.norm() == DecoderConfig.Norm.LAYER_NORM;
    tokens = normal("model.embed_tokens.weight", c.vocabSize(), width);
    boolean learned = c.positions() == DecoderConfig.Positions.LEARNED;
    positions = learned ? normal("model.embed_positions.weight", c.maxPositions(), width) : null;
    for (int i = 0; i < c.layers(); i++) {
      blocks.add(block("model.layers." + i + ".", layerNorm));
    }
    norm = ones("model.norm.weight", width);
    normBias = layerNorm ? zeros("model.norm.bias", width) : null;
    head = c.tiedEmbeddings() ? tokens : normal("lm_head.weight", c.vocabSize(), width);
    cos = learned ? null : angles(true);
    sin = learned ? null : angles(false);
  }

  private Block block(String name, boolean layerNorm) {
    long width = config.hiddenSize();
    long inner = config.intermediateSize();
    long heads = (long) config.heads() * config.headDim();
    long rows = heads + 2L * config.keyValueHeads() * config.headDim();
    String attention = name + "self_attn.";
    String mlp = name + "mlp.";
    boolean gated = config.mlp() == DecoderConfig.Mlp.SWIGLU;
    boolean mlpBias = config.mlpBias();
    Block b =
        new Block(
            ones(name + "input_layernorm.weight", width),
            layerNorm ? zeros(name + "input_layernorm.bias", width) : null,
            normal(attention + "qkv.weight", rows, width),
            config.attentionBias() ? zeros(attention + "qkv.bias", rows) : null,
            normal(attention + "o_proj.weight", width, heads),
            config.attentionOutputBias() ? zeros(attention + "o_proj.bias", width) : null,
            ones(name + "post_attention_layernorm.weight", width),
            layerNorm ? zeros(name + "post_attention_layernorm.bias", width) : null,
            gated ? normal(mlp + "gate_proj.weight", inner, width) : null,
            normal(mlp + "up_proj.weight", inner, width),
            mlpBias ? zeros(mlp + "up_proj.bias", inner) : null,
            normal(mlp + "down_proj.weight", width, inner),
            mlpBias ? zeros(mlp + "down_proj.bias", width) : null);
    split(attention, ".weight", heads, rows);
    if (config.attentionBias()) {
      split(attention, ".bias", heads, rows);
    }
    return b;
  }

  /** The three names of the rows of one matrix. */
  private void split(String attention, String suffix, long heads, long rows) {
    Tensor whole = Objects.requireNonNull(parts.remove(attention + "qkv" + suffix)).parameter();
    long keys = (rows - heads) / 2;
    parts.put(attention + "q_proj" + suffix, new Part(whole, 0, heads));
    parts.put(attention + "k_proj" + suffix, new Part(whole, heads, keys));
    parts.put(attention + "v_proj" + suffix, new Part(whole, heads + keys, keys));
  }

  /** All weights by their names in Hugging Face's checkpoints. */
  public Map<String, Part> parts() {
    return Collections.unmodifiableMap(parts);
  }

  /** All weights, for an optimiser. */
  public TensorVector parameters() {
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

  /** Logits of all positions, {@code [batch, time, vocabulary]}, of {@code ids [batch, time]}. */
  public Tensor logits(long[] ids, long batch, long time) {
    return logits(hidden(LibTorch.ids(ids, batch, time), null));
  }

  Tensor logits(Tensor hidden) {
    return linear(hidden, head);
  }

  private Tensor block(Block b, int layer, Tensor x, long from, @Nullable Cache cache) {
    long batch = x.size(0);
    long time = x.size(1);
    Tensor qkv = affine(normalised(x, b.norm1, b.norm1Bias), b.qkv, b.qkvBias);
    long count = config.heads();
    long shared = config.keyValueHeads();
    Tensor heads = qkv.view(batch, time, count + 2 * shared, config.headDim()).transpose(1, 2);
    Tensor q = heads.narrow(1, 0, count);
    Tensor k = heads.narrow(1, count, shared);
    Tensor v = heads.narrow(1, count + shared, shared);
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
            q, k, v, new TensorOptional(), 0, causal, new DoubleOptional(), shared < count);
    y = y.transpose(1, 2).contiguous().view(batch, time, count * config.headDim());
    x = x.add(affine(y, b.out, b.outBias));
    Tensor h = normalised(x, b.norm2, b.norm2Bias);
    Tensor up = affine(h, b.up, b.upBias);
    Tensor inner =
        switch (config.mlp()) {
          case SWIGLU -> silu(linear(h, Objects.requireNonNull(b.gate))).mul(up);
          case GELU -> gelu(up);
          case GELU_TANH -> gelu(up, "tanh");
        };
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
    Tensor c = Objects.requireNonNull(cos).narrow(0, from, time);
    Tensor s = Objects.requireNonNull(sin).narrow(0, from, time);
    Tensor a = x.narrow(3, 0, half);
    Tensor b = x.narrow(3, half, half);
    return cat(new TensorVector(a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))), 3);
  }

  private Tensor angles(boolean cosine) {
    int half = config.headDim() / 2;
    double[] values = new double[config.maxPositions() * half];
    for (int p = 0; p < config.maxPositions(); p++) {
      for (int i = 0; i < half; i++) {
        double angle = p * Math.pow(config.ropeTheta(), -(double) i / half);
        values[p * half + i] = cosine ? Math.cos(angle) : Math.sin(angle);
      }
    }
    return Tensor.create(values, config.maxPositions(), half).to(dtype);
  }

  private Tensor normal(String name, long... shape) {
    return parameter(name, randn(shape).mul(new Scalar(.02)));
  }

  private Tensor ones(String name, long... shape) {
    return parameter(name, torch.ones(shape));
  }

  private Tensor zeros(String name, long... shape) {
    return parameter(name, torch.zeros(shape));
  }

  private Tensor parameter(String name, Tensor initial) {
    Tensor t = initial.to(dtype).detach();
    t.set_requires_grad(trainable);
    parameters.push_back(t);
    all.add(t);
    parts.put(name, new Part(t, 0, t.size(0)));
    return t;
  }
}
