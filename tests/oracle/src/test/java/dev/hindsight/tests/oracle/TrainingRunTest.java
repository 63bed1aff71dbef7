package dev.hindsight.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.transformer.DecoderConfig;
import java.io.IOException;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Guards training as a whole: the decoder of {@code transformer/}, its loss, clipping and AdamW
 * beside the same in libtorch, from the same weights on the same batches.
 *
 * <p>In F32 the tolerances hold: 1e-4 of every loss, 1e-3 of every gradient norm. In F64
 * what is left is not rounding: libtorch's clipping divides by the norm plus 1e-6.
 */
class TrainingRunTest {
  private static final int STEPS = 20;

  // No width is a multiple of a vector's lanes.

  /** GPT-2: LayerNorm, learned positions, tanh GELU, biases, tied embeddings. */
  private static final DecoderConfig GPT =
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

  /** Llama: RMSNorm, RoPE, SwiGLU, two query heads for each of keys and values, a head apart. */
  private static final DecoderConfig LLAMA =
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

  @ParameterizedTest
  @CsvSource({
    "gpt, reference, F32, 1e-4, 1e-3",
    "gpt, vector, F32, 1e-4, 1e-3",
    "llama, reference, F32, 1e-4, 1e-3",
    "llama, vector, F32, 1e-4, 1e-3",
    "gpt, reference, F64, 1e-6, 1e-5",
    "llama, reference, F64, 1e-6, 1e-5"
  })
  void agreesAtEveryStep(
      String model, String backend, DType dtype, double lossTolerance, double gradientTolerance)
      throws IOException {
    DecoderConfig config = model.equals("gpt") ? GPT : LLAMA;
    TrainingRun.Worst worst;
    try (TrainingRun run = new TrainingRun(config, Backends.get(backend), dtype)) {
      worst = run.steps(STEPS);
    }
    Figures.add(
        String.format(
            Locale.ROOT, "%d steps of %s, %s %s: %s", STEPS, model, backend, dtype, worst));
    assertThat(worst.lastLoss()).as("loss at the end: nothing was learned").isLessThan(4);
    assertThat(worst.loss()).as("relative difference of a loss").isLessThan(lossTolerance);
    assertThat(worst.gradient())
        .as("relative difference of the norm of the gradient of %s", worst.parameter())
        .isLessThan(gradientTolerance);
  }

  /** What the comparison is worth: another learning rate on one side is seen at once. */
  @Test
  void anotherLearningRateIsNoticed() {
    try (TrainingRun run = new TrainingRun(LLAMA, Backends.get("vector"), DType.F32)) {
      TrainingRun.Worst worst = run.withOurRateTimes(1.05).steps(5);
      assertThat(worst.loss()).isGreaterThan(1e-4);
      assertThat(worst.gradient()).isGreaterThan(1e-3);
    }
  }
}
