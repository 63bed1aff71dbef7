package dev.hindsight.sdpo.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.sdpo.teacher.TeacherKind;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.SequenceScorer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guards the path from the loss to every weight: through chunks, head, hidden states and decoder,
 * with embeddings that are tied, so that one weight is reached from both ends.
 */
class WholeGradientTest {
  private static final Backend REFERENCE = Backends.get("reference");
  private static final double STEP = 1e-5;
  private static final List<int[]> PROMPTS = List.of(new int[] {1, 4, 5}, new int[] {1, 6});
  private static final List<int[]> REPROMPTS =
      List.of(new int[] {1, 4, 5, 8, 9, 2}, new int[] {1, 6, 7});
  private static final List<int[]> RESPONSES = List.of(new int[] {9, 3, 2, 7}, new int[] {5, 8, 3});
  private static final double[] WEIGHTS = {.1, .2, 0, .3, .4, .1, .2};

  @ParameterizedTest
  @ValueSource(doubles = {0, .5, 1})
  void theGradientOfEveryWeightAgreesWithDifferences(double alpha) {
    Decoder student =
        Decoder.initialise(
            DecoderConfig.builder()
                .vocabSize(10)
                .hiddenSize(8)
                .intermediateSize(12)
                .layers(2)
                .heads(2)
                .maxPositions(16)
                .tiedEmbeddings(true)
                .build(),
            REFERENCE,
            DType.F64,
            5);
    // weights large enough that distributions differ
    student.weights().forEach((name, w) -> TensorOps.addScaled(w.keep(), 4, w));
    SelfTeacher teacher = new SelfTeacher(TeacherKind.FROZEN, 0, student);
    TokenLoss loss = new DistillationLoss(new Divergence(alpha), new Support.TopK(5, true), null);
    try (ChunkedLoss chunked = new ChunkedLoss(loss, .9, 3, REFERENCE)) {
      chunked.backward(
          student.hidden(SequenceScorer.batch(PROMPTS, RESPONSES)),
          student::logits,
          new ChunkedLoss.Inputs(
              SequenceScorer.targets(RESPONSES), WEIGHTS, new double[7], null, taught(teacher)));
    }
    Philox random = new Philox(2, 3);
    for (Map.Entry<String, Variable> p : student.parameters().entrySet()) {
      Tensor weight = p.getValue().tensor();
      double[] gradient = p.getValue().gradient().toDoubles();
      double[] direction = new double[gradient.length];
      double analytic = 0;
      for (int i = 0; i < direction.length; i++) {
        direction[i] = random.nextGaussian();
        analytic += direction[i] * gradient[i];
      }
      Tensor move = Tensor.of(REFERENCE, weight.shape(), direction);
      double[] at = new double[5]; // the loss at -2, -1, 0, 1 and 2 steps
      for (int i = 0; i < 5; i++) {
        TensorOps.addScaled(move, (i - 2) * STEP, weight);
        at[i] = value(student, teacher, loss);
        TensorOps.addScaled(move, (2 - i) * STEP, weight);
      }
      // five points: STEP^4 / 30 times a fifth derivative, and a rounding of 1e-15 / STEP
      assertThat((8 * (at[3] - at[1]) - (at[4] - at[0])) / (12 * STEP))
          .as(p.getKey())
          .isCloseTo(analytic, within(1e-7 + 1e-6 * Math.abs(analytic)));
    }
  }

  private static ChunkedLoss.Logits taught(SelfTeacher teacher) {
    return teacher.read(SequenceScorer.batch(REPROMPTS, RESPONSES));
  }

  /** The same loss in one piece and without a gradient. */
  private static double value(Decoder student, SelfTeacher teacher, TokenLoss loss) {
    try (var _ = Autograd.noGrad()) {
      Batch batch = SequenceScorer.batch(PROMPTS, RESPONSES);
      Variable p = student.logits(student.hidden(batch)).times(1 / .9).logSoftmax();
      Variable q = taught(teacher).rows(0, 7).times(1 / .9).logSoftmax();
      Tensor y = Tensor.of(REFERENCE, Shape.of(7, 1), SequenceScorer.targets(RESPONSES));
      Variable perToken = loss.perToken(new TokenRows(p, q, y, p.gatherLast(y), null));
      double sum = 0;
      double[] values = perToken.tensor().toDoubles();
      for (int i = 0; i < values.length; i++) {
        sum += WEIGHTS[i] * values[i];
      }
      return sum;
    }
  }
}
