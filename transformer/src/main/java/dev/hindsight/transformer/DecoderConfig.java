package dev.hindsight.transformer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a {@link Decoder} looks like. One record covers the families: GPT-2's blocks (LayerNorm,
 * learned positions, GELU, biases), Llama's and SmolLM's (RMSNorm, RoPE, SwiGLU, grouped queries),
 * Qwen 2's (biases on q, k and v) and Qwen 3's (RMSNorm on each head's q and k). {@link #builder}
 * begins with Llama's choices.
 *
 * <p>Errors call a component by its key in {@code config.json}, which has Hugging Face's names:
 * {@code hidden_size}, {@code num_hidden_layers} and so on.
 *
 * @param vocabSize tokens, the rows of the embedding
 * @param hiddenSize channels of the residual stream
 * @param intermediateSize channels inside the MLP
 * @param layers number of blocks
 * @param heads query heads
 * @param keyValueHeads key and value heads; each serves {@code heads / keyValueHeads} query heads
 *     (grouped-query attention, Ainslie et al. 2023)
 * @param headDim channels of a head; even with RoPE
 * @param maxPositions longest sequence, in tokens
 * @param norm kind of normalisation before attention, before the MLP and at the end
 * @param normEpsilon added to the variance or mean square
 * @param positions how order enters
 * @param ropeTheta base of RoPE's wavelengths; without meaning for learned positions
 * @param mlp kind of MLP
 * @param qkNorm whether each head's q and k go through RMSNorm, before RoPE
 * @param attentionBias whether q, k and v projections have biases
 * @param attentionOutputBias whether the output projection of attention has one
 * @param mlpBias whether the MLP's projections have biases
 * @param tiedEmbeddings whether the logits use the embedding matrix
 */
public record DecoderConfig(
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int keyValueHeads,
    int headDim,
    int maxPositions,
    Norm norm,
    double normEpsilon,
    Positions positions,
    double ropeTheta,
    Mlp mlp,
    boolean qkNorm,
    boolean attentionBias,
    boolean attentionOutputBias,
    boolean mlpBias,
    boolean tiedEmbeddings) {

  /** Public decoders have a few hundred at most; a number that is damaged must not fill memory. */
  private static final int MAXIMUM_LAYERS = 10_000;

  /** Kinds of normalisation. */
  public enum Norm {
    /** Zhang and Sennrich, 2019: no mean, no bias. */
    RMS_NORM,
    /** Ba, Kiros and Hinton, 2016: weight and bias. */
    LAYER_NORM
  }

  /** How token order enters. */
  public enum Positions {
    /** Rotary embedding of q and k (Su et al., 2021), half-rotation form. */
    ROPE,
    /** A learned vector a position, added to the token's embedding. */
    LEARNED
  }

  /** Kinds of MLP. */
  public enum Mlp {
    /** {@code down(silu(gate(x)) * up(x))}: Shazeer, 2020. */
    SWIGLU,
    /** {@code down(gelu(up(x)))} with the exact GELU. */
    GELU,
    /** {@code down(gelu(up(x)))} with GELU's tanh form, as GPT-2 has it. */
    GELU_TANH
  }

  /**
   * @throws IllegalArgumentException when a value makes no decoder; the message names the key
   */
  public DecoderConfig {
    positive("vocab_size", vocabSize);
    positive("hidden_size", hiddenSize);
    positive("intermediate_size", intermediateSize);
    positive("num_hidden_layers", layers);
    require(
        layers <= MAXIMUM_LAYERS,
        "num_hidden_layers must be at most " + MAXIMUM_LAYERS + ", got " + layers);
    positive("num_attention_heads", heads);
    positive("num_key_value_heads", keyValueHeads);
    positive("head_dim", headDim);
    positive("max_position_embeddings", maxPositions);
    require(
        heads % keyValueHeads == 0,
        "num_attention_heads "
            + heads
            + " must be a multiple of num_key_value_heads "
            + keyValueHeads);
    require(
        positions == Positions.LEARNED || headDim % 2 == 0,
        "head_dim " + headDim + " must be even: RoPE turns channels in pairs");
    require(
        normEpsilon > 0 && normEpsilon < 1,
        "rms_norm_eps must lie between 0 and 1, got " + normEpsilon);
    require(
        ropeTheta > 0 && Double.isFinite(ropeTheta),
        "rope_theta must be positive, got " + ropeTheta);
    long largest =
        Math.max(
            (long) Math.max(vocabSize, maxPositions) * hiddenSize,
            (long) Math.max(intermediateSize, (long) heads * headDim) * hiddenSize);
    require(
        largest <= Integer.MAX_VALUE && (long) heads * headDim <= Integer.MAX_VALUE,
        "a matrix of " + largest + " elements is too large for this engine");
  }

  private static void positive(String key, int value) {
    require(value > 0, key + " must be positive, got " + value);
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException("decoder configuration: " + problem);
    }
  }

  /** Number of trainable numbers. */
  public long parameterCount() {
    return DecoderParameters.shapes(this).values().stream().mapToLong(s -> s.size()).sum();
  }

  /**
   * Reads {@code config.json}. Keys that change nothing here (dropout, token ids, versions) and
   * unknown ones are passed over; {@link DecoderConfigJson#ignoredKeys} lists those of a file.
   *
   * @throws MalformedFileException when a key is missing, has the wrong type or value, or asks for
   *     an architecture that this decoder does not have
   */
  public static DecoderConfig read(Path file) throws IOException {
    return DecoderConfigJson.read(file);
  }

  /** Writes {@code config.json}, atomically. */
  public void write(Path file) throws IOException {
    DecoderConfigJson.write(file, this, Map.of());
  }

  /** A builder with Llama's choices; the sizes must be set. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder with this configuration's values. */
  public Builder toBuilder() {
    Builder b = new Builder();
    b.vocabSize = vocabSize;
    b.hiddenSize = hiddenSize;
    b.intermediateSize = intermediateSize;
    b.layers = layers;
    b.heads = heads;
    b.keyValueHeads = keyValueHeads;
    b.headDim = headDim;
    b.maxPositions = maxPositions;
    b.norm = norm;
    b.normEpsilon = normEpsilon;
    b.positions = positions;
    b.ropeTheta = ropeTheta;
    b.mlp = mlp;
    b.qkNorm = qkNorm;
    b.attentionBias = attentionBias;
    b.attentionOutputBias = attentionOutputBias;
    b.mlpBias = mlpBias;
    b.tiedEmbeddings = tiedEmbeddings;
    return b;
  }

  /** Collects values for a configuration; see the record's components. */
  public static final class Builder {
    private int vocabSize;
    private int hiddenSize;
    private int intermediateSize;
    private int layers;
    private int heads;
    private int keyValueHeads;
    private int headDim;
    private int maxPositions = 2048;
    private Norm norm = Norm.RMS_NORM;
    private double normEpsilon = 1e-6;
    private Positions positions = Positions.ROPE;
    private double ropeTheta = 10_000;
    private Mlp mlp = Mlp.SWIGLU;
    private boolean qkNorm;
    private boolean attentionBias;
    private boolean attentionOutputBias;
    private boolean mlpBias;
    private boolean tiedEmbeddings;

    private Builder() {}

    public Builder vocabSize(int value) {
      vocabSize = value;
      return this;
    }

    public Builder hiddenSize(int value) {
      hiddenSize = value;
      return this;
    }

    public Builder intermediateSize(int value) {
      intermediateSize = value;
      return this;
    }

    public Builder layers(int value) {
      layers = value;
      return this;
    }

    public Builder heads(int value) {
      heads = value;
      return this;
    }

    /** Left out: as many as query heads. */
    public Builder keyValueHeads(int value) {
      keyValueHeads = value;
      return this;
    }

    /** Left out: {@code hiddenSize / heads}. */
    public Builder headDim(int value) {
      headDim = value;
      return this;
    }

    public Builder maxPositions(int value) {
      maxPositions = value;
      return this;
    }

    public Builder norm(Norm value) {
      norm = value;
      return this;
    }

    public Builder normEpsilon(double value) {
      normEpsilon = value;
      return this;
    }

    public Builder positions(Positions value) {
      positions = value;
      return this;
    }

    public Builder ropeTheta(double value) {
      ropeTheta = value;
      return this;
    }

    public Builder mlp(Mlp value) {
      mlp = value;
      return this;
    }

    public Builder qkNorm(boolean value) {
      qkNorm = value;
      return this;
    }

    public Builder attentionBias(boolean value) {
      attentionBias = value;
      return this;
    }

    public Builder attentionOutputBias(boolean value) {
      attentionOutputBias = value;
      return this;
    }

    public Builder mlpBias(boolean value) {
      mlpBias = value;
      return this;
    }

    public Builder tiedEmbeddings(boolean value) {
      tiedEmbeddings = value;
      return this;
    }

    /**
     * @throws IllegalArgumentException when a value makes no decoder; the message names the key
     */
    public DecoderConfig build() {
      require(
          headDim > 0 || heads <= 0 || hiddenSize % heads == 0,
          "hidden_size "
              + hiddenSize
              + " is no multiple of num_attention_heads "
              + heads
              + "; give head_dim");
      return new DecoderConfig(
          vocabSize,
          hiddenSize,
          intermediateSize,
          layers,
          heads,
          keyValueHeads > 0 ? keyValueHeads : heads,
          headDim > 0 || heads <= 0 ? headDim : hiddenSize / heads,
          maxPositions,
          norm,
          normEpsilon,
          positions,
          ropeTheta,
          mlp,
          qkNorm,
          attentionBias,
          attentionOutputBias,
          mlpBias,
          tiedEmbeddings);
    }
  }
}
