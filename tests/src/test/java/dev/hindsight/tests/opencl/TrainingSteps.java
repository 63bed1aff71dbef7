package dev.hindsight.tests.opencl;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A small decoder that is trained on one ragged batch, on any backend, from the same weights. */
final class TrainingSteps implements AutoCloseable {
  static final double RATE = 1e-3;
  private static final int[] LENGTHS = {1, 24, 7, 13};

  // No width is a multiple of a tile.

  /** GPT-2: LayerNorm, learned positions, tanh GELU, biases. */
  static final DecoderConfig GPT =
      DecoderConfig.builder()
          .vocabSize(97)
          .hiddenSize(60)
          .intermediateSize(230)
          .layers(2)
          .heads(4)
          .maxPositions(32)
          .norm(DecoderConfig.Norm.LAYER_NORM)
          .normEpsilon(1e-5)
          .positions(DecoderConfig.Positions.LEARNED)
          .mlp(DecoderConfig.Mlp.GELU_TANH)
          .attentionBias(true)
          .attentionOutputBias(true)
          .mlpBias(true)
          .tiedEmbeddings(true)
          .build();

  /** Llama: RMSNorm, RoPE, SwiGLU; two query heads share keys and values; a head of its own. */
  static final DecoderConfig LLAMA =
      DecoderConfig.builder()
          .vocabSize(97)
          .hiddenSize(72)
          .intermediateSize(150)
          .layers(2)
          .heads(4)
          .keyValueHeads(2)
          .maxPositions(32)
          .normEpsilon(1e-5)
          .build();

  private final Decoder decoder;
  private final AdamW optimiser;
  private final Workspace workspace;
  private final Batch batch;
  private final int[] targets;

  TrainingSteps(DecoderConfig config, Backend backend, DType dtype) {
    // drawn once, in F32, so that both sides start from the same numbers
    Decoder drawn = Decoder.initialise(config, Backends.get("reference"), DType.F32, 1);
    Map<String, Tensor> weights = new LinkedHashMap<>();
    drawn.copy(dtype).weights().forEach((name, w) -> weights.put(name, w.to(backend)));
    decoder = new Decoder(config, weights);
    optimiser = new AdamW(decoder.parameters(), new AdamW.Settings(0.9, 0.99, 1e-8, 0.05));
    workspace = new Workspace(backend);
    Philox random = new Philox(3, 0);
    List<int[]> sequences = new ArrayList<>();
    for (int length : LENGTHS) {
      sequences.add(tokens(random, length, config.vocabSize()));
    }
    batch = Batch.packed(sequences);
    targets = tokens(random, batch.tokens().length, config.vocabSize());
  }

  private static int[] tokens(Philox random, int count, int vocabulary) {
    int[] tokens = new int[count];
    Arrays.setAll(tokens, i -> random.nextInt(vocabulary));
    return tokens;
  }

  /** Adds the gradient of the mean cross-entropy, and gives its value. */
  double gradients() {
    optimiser.clearGradients();
    try (var _ = workspace.open()) {
      Tensor classes = Tensor.of(decoder.backend(), Shape.of(targets.length), targets);
      Variable loss =
          decoder.crossEntropy(decoder.hidden(batch), classes, 1.0 / targets.length).loss();
      double value = loss.item();
      loss.backward();
      return value;
    }
  }

  /** One step of training; gives the loss before it. */
  double step() {
    double loss = gradients();
    optimiser.step(RATE, 1);
    return loss;
  }

  /** Each parameter's gradient, as it was added up last. */
  Map<String, double[]> gradient() {
    Map<String, double[]> all = new LinkedHashMap<>();
    decoder
        .parameters()
        .forEach((name, p) -> all.put(name, Objects.requireNonNull(p.gradient()).toDoubles()));
    return all;
  }

  /**
   * How far, relative to its norm, a right F32 gradient may lie from the exact one.
   *
   * <p>A stage of the pass is a sum of at most n products. Its roundings, of up to u = 2^-24 and of
   * random sign, make an element wrong by {@code sqrt(n) u} of its terms' size in the root mean
   * square, which is what the norm of a whole parameter sees; library functions err by less. Norms
   * keep activations near 1, so that a stage hands on the relative error it is given. Errors of
   * different stages are independent: k of them make {@code sqrt(k)}. There are ten stages a block
   * (norm, projections, RoPE, scores, softmax and values, output, norm, gate and up, activation,
   * down) and four beside (embedding, last norm, logits, loss), each forward and backward.
   */
  double roundoff() {
    DecoderConfig c = decoder.config();
    int longest =
        Math.max(
            Math.max(c.intermediateSize(), c.hiddenSize()),
            Math.max(c.vocabSize(), targets.length));
    int stages = 2 * (10 * c.layers() + 4);
    return Math.sqrt((double) longest * stages) * 0x1p-24;
  }

  long parameterCount() {
    return decoder.config().parameterCount();
  }

  @Override
  public void close() {
    workspace.close();
  }
}
