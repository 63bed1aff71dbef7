package dev.hindsight.sdpo.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.sdpo.loss.Golden.Arithmetic;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Guards what a training step minimises as a whole, where each part alone is right but the parts
 * could meet wrongly: a ragged batch of three responses (3, 1 and 2 tokens) over 7 tokens, one of
 * them masked, off-policy, with importance clip, rollout correction, temperature, aggregation and
 * ties in the top K (row 2: all logits but one are equal; the lower index counts first).
 *
 * <p>{@code batches.txt} holds the loss and its gradient by the 6 x 7 logits for each case. The
 * numbers come from an independent implementation of the formulas in plain arithmetic of 60 decimal
 * digits; its gradients are central differences with a step of 1e-20 in which nothing but the
 * student's log-probabilities moves, so they also say what must not be differentiated: the weights,
 * the choice of the top K, and a clamped tail.
 */
class BatchGoldenTest {
  private static final int ROWS = 6;
  private static final int VOCABULARY = 7;
  private static final int[] LENGTHS = {3, 1, 2};
  private static final int[] SEQUENCE = {0, 0, 0, 1, 2, 2};

  /** A loss and what surrounds it; rewards decide the advantage, where there is one. */
  private record Case(
      String name,
      TokenLoss loss,
      double temperature,
      Aggregation aggregation,
      int[] mask,
      Correction correction,
      double threshold,
      double @Nullable [] advantage) {
    @Override
    public String toString() {
      return name;
    }
  }

  private enum Correction {
    NONE,
    TOKEN,
    SEQUENCE
  }

  private record Expected(double loss, double[] gradient) {}

  private static TokenLoss distil(double alpha, Support support, @Nullable Double isClip) {
    return new DistillationLoss(new Divergence(alpha), support, isClip);
  }

  private static Case of(
      String name, TokenLoss loss, double temperature, Aggregation aggregation, int... mask) {
    return new Case(name, loss, temperature, aggregation, mask, Correction.NONE, 2, null);
  }

  private static Case corrected(Case c, Correction correction, double threshold) {
    return new Case(
        c.name, c.loss, c.temperature, c.aggregation, c.mask, correction, threshold, c.advantage);
  }

  private static Case advantaged(Case c, double... advantage) {
    return new Case(
        c.name, c.loss, c.temperature, c.aggregation, c.mask, c.correction, c.threshold, advantage);
  }

  private static List<Case> cases() {
    Support full = new Support.FullVocabulary();
    return List.of(
        of(
            "jsd .25, top 2 + tail",
            distil(.25, new Support.TopK(2, true), 2.0),
            1,
            Aggregation.REFERENCE_EFFECTIVE,
            1,
            1,
            0),
        of(
            "jsd .75, top 3 renormalised",
            distil(.75, new Support.TopK(3, false), 1.125),
            .8,
            Aggregation.TOKEN_MEAN,
            0,
            1,
            1),
        of(
            "forward, K beyond V",
            distil(0, new Support.TopK(20, true), null),
            1,
            Aggregation.SEQ_MEAN_TOKEN_MEAN,
            1,
            1,
            1),
        corrected(
            of(
                "reverse, top 1 + tail",
                distil(1, new Support.TopK(1, true), 2.0),
                1,
                Aggregation.SEQ_MEAN_TOKEN_SUM,
                1,
                0,
                1),
            Correction.TOKEN,
            1.125),
        corrected(
            of(
                "jsd .5, full",
                distil(.5, full, 2.0),
                1.25,
                Aggregation.SEQ_MEAN_TOKEN_SUM_NORM,
                1,
                1,
                1),
            Correction.SEQUENCE,
            2),
        of(
            "reverse, top 5 + tail",
            distil(1, new Support.TopK(5, true), 2.0),
            1,
            Aggregation.REFERENCE_EFFECTIVE,
            0,
            1,
            1),
        of("sampled token", new SampledTokenLoss(2.0), .8, Aggregation.TOKEN_MEAN, 1, 1, 1),
        advantaged(
            of("grpo", new PolicyGradientLoss(.125, .375, 3), 1, Aggregation.TOKEN_MEAN, 1, 1, 1),
            Advantage.groupRelative(new double[] {1, 0, 0}, false)),
        advantaged(
            corrected(
                of(
                    "grpo by std, low dual clip",
                    new PolicyGradientLoss(.25, .5, 1.25),
                    1,
                    Aggregation.REFERENCE_EFFECTIVE,
                    1,
                    1,
                    1),
                Correction.TOKEN,
                1.125),
            Advantage.groupRelative(new double[] {0, 0, 1}, true)));
  }

  static Stream<Arguments> everywhere() {
    return Golden.arithmetics().flatMap(a -> cases().stream().map(c -> Arguments.of(a, c)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("everywhere")
  void lossAndGradientOfARaggedBatch(Arithmetic a, Case c) throws IOException {
    Variable z = Variable.leaf(logits(a, (r, v) -> (7 * r + 5 * v + 3 * r * v) % 11 - 5, .375));
    Tensor u = logits(a, (r, v) -> (4 * r + 3 * v + 2 * r * v) % 13 - 6, .25);
    ChunkedLoss.Logits teacher =
        c.loss.needsTeacher() ? (from, to) -> Variable.constant(u).slice(0, from, to) : null;
    // chunks of four rows: the second sequence lies in the first, the third in both
    ChunkedLoss.Outputs out;
    try (ChunkedLoss chunked = new ChunkedLoss(c.loss, c.temperature, 4, a.backend())) {
      out = chunked.backward(z.times(1), UnaryOperator.identity(), inputs(c, teacher));
    }
    Expected expected = expected(c.name);
    // In F32 each of six rows errs by the bound of one, times its weight of at most 2 in all; the
    // expected numbers have 13 digits.
    double lossBound = 12 * a.loss();
    assertThat(out.loss()).isCloseTo(expected.loss, within(lossBound));
    double[] gradient = z.gradient().toDoubles();
    for (int i = 0; i < gradient.length; i++) {
      assertThat(gradient[i])
          .as("row %d, token %d", i / VOCABULARY, i % VOCABULARY)
          .isCloseTo(expected.gradient[i], within(2 * a.gradient()));
    }
  }

  @FunctionalInterface
  private interface Numerator {
    int at(int row, int token);
  }

  /** Logits that are exact in binary. */
  private static Tensor logits(Arithmetic a, Numerator numerator, double unit) {
    double[] values = new double[ROWS * VOCABULARY];
    for (int i = 0; i < values.length; i++) {
      values[i] = numerator.at(i / VOCABULARY, i % VOCABULARY) * unit;
    }
    return TensorOps.cast(Tensor.of(a.backend(), Shape.of(ROWS, VOCABULARY), values), a.dtype());
  }

  private static ChunkedLoss.Inputs inputs(Case c, ChunkedLoss.@Nullable Logits teacher) {
    int[] sampled = new int[ROWS];
    double[] old = new double[ROWS];
    double[] rollout = new double[ROWS];
    double[] sumOfRatios = new double[LENGTHS.length];
    for (int r = 0; r < ROWS; r++) {
      sampled[r] = (3 * r + 1) % VOCABULARY;
      old[r] = -.375 * (r + 1);
      rollout[r] = old[r] - .25 * (r % 3 - 1);
      sumOfRatios[SEQUENCE[r]] += old[r] - rollout[r];
    }
    int[] live = new int[LENGTHS.length];
    Arrays.setAll(live, i -> LENGTHS[i] * c.mask[i]);
    double[] share = c.aggregation.weights(live, 14);
    double[] weight = new double[ROWS];
    double[] advantage = new double[ROWS];
    for (int r = 0; r < ROWS; r++) {
      int i = SEQUENCE[r];
      double correction =
          switch (c.correction) {
            case NONE -> 1;
            case TOKEN -> ImportanceWeight.truncated(old[r], rollout[r], c.threshold);
            case SEQUENCE -> ImportanceWeight.truncated(sumOfRatios[i], 0, c.threshold);
          };
      // of F32, with which the expected numbers were made
      weight[r] = live[i] == 0 ? 0 : (float) (share[i] * correction);
      advantage[r] = c.advantage == null ? 0 : (float) c.advantage[i];
    }
    return new ChunkedLoss.Inputs(
        sampled, weight, old, c.advantage == null ? null : advantage, teacher);
  }

  /** Reads a case: {@code name : loss}, then a line of gradients for each row. */
  private static Expected expected(String name) throws IOException {
    List<String> lines;
    try (InputStream in = BatchGoldenTest.class.getResourceAsStream("batches.txt")) {
      String text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      lines = text.lines().toList();
    }
    for (int at = 0; at < lines.size(); at++) {
      if (lines.get(at).startsWith(name + " : ")) {
        List<Double> gradient = new ArrayList<>();
        for (String row : lines.subList(at + 1, at + 1 + ROWS)) {
          Arrays.stream(row.strip().split(" ")).map(Double::valueOf).forEach(gradient::add);
        }
        double loss = Double.parseDouble(lines.get(at).substring(name.length() + 3));
        return new Expected(loss, gradient.stream().mapToDouble(g -> g).toArray());
      }
    }
    throw new IllegalArgumentException("batches.txt: no case '" + name + "'");
  }
}
