package dev.hindsight.sdpo.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.GradCheck;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.sdpo.loss.Golden.Arithmetic;
import dev.hindsight.sdpo.loss.Golden.Result;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Guards the losses over distributions: golden cases A to E of the specification. */
class DistillationLossTest {
  private static final Support FULL = new Support.FullVocabulary();

  private static DistillationLoss loss(double alpha, Support support) {
    return new DistillationLoss(new Divergence(alpha), support, null);
  }

  private static void check(
      Arithmetic a, DistillationLoss loss, double expected, double... gradient) {
    Result result = Golden.of(a, loss, Golden.Z, Golden.U, 0);
    assertThat(result.loss()).isCloseTo(expected, within(a.loss()));
    assertThat(result.gradient()).hasSize(gradient.length);
    for (int j = 0; j < gradient.length; j++) {
      assertThat(result.gradient()[j]).isCloseTo(gradient[j], within(a.gradient()));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenAFullVocabulary(Arithmetic a) {
    check(
        a,
        loss(0, FULL),
        0.469618408303,
        .4387345650,
        -.2489207161,
        -.1502684343,
        -.0278144227,
        -.0117309920);
    check(
        a,
        loss(.01, FULL),
        0.004647996221,
        .0043336882,
        -.0024594822,
        -.0014768048,
        -.0002753397,
        -.0001220615);
    check(
        a,
        loss(.5, FULL),
        0.121700649123,
        .1076784448,
        -.0602466173,
        -.0303769742,
        -.0072049114,
        -.0098499419);
    check(
        a,
        loss(1, FULL),
        0.573558484915,
        .5276455540,
        -.2822751016,
        -.1267021980,
        -.0353986632,
        -.0832695912);
  }

  /** The end points are full KLs; just inside, the family has shrunk to alpha times that. */
  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenAEndPointScaling(Arithmetic a) {
    double gjs = Golden.of(a, loss(.01, FULL), Golden.Z, Golden.U, 0).loss();
    double forward = Golden.of(a, loss(0, FULL), Golden.Z, Golden.U, 0).loss();
    assertThat(gjs / (.01 * forward)).isCloseTo(0.989738932455, within(300 * a.loss()));
  }

  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenBTopKWithTail(Arithmetic a) {
    Support top = new Support.TopK(3, true);
    check(
        a,
        loss(0, top),
        0.465745717652,
        .4387345650,
        -.2489207161,
        -.1301890003,
        -.0478938567,
        -.0117309920);
    check(
        a,
        loss(.5, top),
        0.121151697922,
        .1078995678,
        -.0601652707,
        -.0277317527,
        -.0102019417,
        -.0098006027);
    check(
        a,
        loss(1, top),
        0.572022970428,
        .5285100812,
        -.2819570598,
        -.1195107751,
        -.0439655572,
        -.0830766891);
  }

  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenBTopKRenormalised(Arithmetic a) {
    Support top = new Support.TopK(3, false);
    check(a, loss(0, top), 0.478645143111, .4553555804, -.4042107313, 0, 0, -.0511448491);
    check(a, loss(.5, top), 0.119669546861, .1055327961, -.0857948624, 0, 0, -.0197379337);
    check(a, loss(1, top), 0.532871297500, .4752994432, -.3569620710, 0, 0, -.1183373722);
  }

  /** Logits outside a renormalised top K get nothing but the rounding of terms that cancel. */
  @Test
  void outsideARenormalisedTopKTheGradientIsZero() {
    Arithmetic a = Golden.arithmetics().findFirst().orElseThrow();
    Result r = Golden.of(a, loss(1, new Support.TopK(3, false)), Golden.Z, Golden.U, 0);
    assertThat(r.gradient()[2]).isCloseTo(0, within(1e-16));
    assertThat(r.gradient()[3]).isCloseTo(0, within(1e-16));
  }

  /** With the teacher's top K in place of the student's these values would come out. */
  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenBTheSupportIsTheStudents(Arithmetic a) {
    double[] wrong = {.404853144124, .101254254186, .444604802155};
    double[] alphas = {0, .5, 1};
    for (int i = 0; i < 3; i++) {
      DistillationLoss loss = loss(alphas[i], new Support.TopK(3, true));
      double right = Golden.of(a, loss, Golden.Z, Golden.U, 0).loss();
      assertThat(Math.abs(right - wrong[i])).isGreaterThan(.01);
      // the detector detects: swapping the roles of the two supports does give them
      assertThat(wrongSupport(alphas[i])).isCloseTo(wrong[i], within(1e-10));
    }
  }

  /** The same divergence in plain arithmetic over the teacher's top three, 1, 2 and 4. */
  private static double wrongSupport(double alpha) {
    double[] p = buckets(Golden.Z);
    double[] q = buckets(Golden.U);
    double sum = 0;
    for (int b = 0; b < 4; b++) {
      double m = (1 - alpha) * p[b] + alpha * q[b];
      sum +=
          alpha == 0
              ? q[b] * Math.log(q[b] / p[b])
              : alpha == 1
                  ? p[b] * Math.log(p[b] / q[b])
                  : (1 - alpha) * p[b] * Math.log(p[b] / m) + alpha * q[b] * Math.log(q[b] / m);
    }
    return sum;
  }

  private static double[] buckets(double[] logits) {
    double norm = 0;
    for (double l : logits) {
      norm += Math.exp(l);
    }
    double a = Math.exp(logits[1]) / norm;
    double b = Math.exp(logits[2]) / norm;
    double c = Math.exp(logits[4]) / norm;
    return new double[] {a, b, c, 1 - a - b - c};
  }

  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenCAllOfTheVocabularyWithTail(Arithmetic a) {
    for (double alpha : new double[] {0, .01, .5, 1}) {
      double full = Golden.of(a, loss(alpha, FULL), Golden.Z, Golden.U, 0).loss();
      double top =
          Golden.of(a, loss(alpha, new Support.TopK(9, true)), Golden.Z, Golden.U, 0).loss();
      assertThat(top).isCloseTo(full, within(Math.max(1e-11, a.loss() / 10)));
    }
  }

  @Test
  void goldenCAndDTheTailIsClamped() {
    Arithmetic a = Golden.arithmetics().findFirst().orElseThrow();
    Support.Buckets all = buckets(a, Golden.Z, Golden.U, 5);
    assertThat(all.logP().tensor().toDoubles()[5]).isCloseTo(-16.118095700958, within(1e-10));
    double[] student = {30, 0, 0};
    double[] teacher = {28, 0, 0};
    Support.Buckets two = buckets(a, student, teacher, 1);
    // log(1 - exp(-1e-7)): the argument has an absolute error of 1e-16, relative 1e-9
    assertThat(two.logP().tensor().toDoubles()[1]).isCloseTo(-16.11809570095832, within(1e-9));
    assertThat(two.logQ().tensor().toDoubles()[1]).isCloseTo(-16.11809570095832, within(1e-9));
    Support tail = new Support.TopK(1, true);
    // log p = 30 - logsumexp is known to half an ulp of 30, 1.8e-15, under either model
    double rounding = 1e-14;
    // at the clamp the buckets sum to 1 + 1e-7: the forward divergence comes out negative
    assertThat(Golden.of(a, loss(0, tail), student, teacher, 0).loss())
        .isCloseTo(-1.193712e-12, within(rounding));
    assertThat(Golden.of(a, loss(1, tail), student, teacher, 0).loss())
        .isCloseTo(1.193712e-12, within(rounding));
    assertThat(Golden.of(a, loss(0, FULL), student, teacher, 0).loss())
        .isCloseTo(1.572048e-12, within(rounding));
    assertThat(Golden.of(a, loss(1, FULL), student, teacher, 0).loss())
        .isCloseTo(8.194069e-13, within(rounding));
  }

  /**
   * In F32 the head's log-probability is 0 and the true tails, e^-29 and e^-27, do not exist beside
   * it: without the clamp their logs would be infinite and the gradient NaN. With it the tail is
   * -16.118 under both models, to an ulp of the log, and the divergence vanishes but for the
   * rounding of log m, some 2^-24 between the end points.
   */
  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenDHasFiniteTailsAndGradientsInF32(Arithmetic a) {
    double[] student = {30, 0, 0};
    double[] teacher = {28, 0, 0};
    Support.Buckets two = buckets(a, student, teacher, 1);
    assertThat(two.logP().tensor().toDoubles()[1]).isCloseTo(-16.11809570095832, within(3e-6));
    assertThat(two.logQ().tensor().toDoubles()[1]).isCloseTo(-16.11809570095832, within(3e-6));
    for (double alpha : new double[] {0, .25, .5, .75, 1}) {
      for (boolean tail : new boolean[] {true, false}) {
        Result r = Golden.of(a, loss(alpha, new Support.TopK(1, tail)), student, teacher, 0);
        // true values are below 2e-12 in size
        double rounding = a.loss() < 1e-9 ? 1e-11 : Math.scalb(1.0, -22);
        assertThat(r.loss()).isCloseTo(0, within(rounding));
        for (double g : r.gradient()) {
          assertThat(g).isCloseTo(0, within(rounding));
        }
      }
    }
  }

  /**
   * Through a clamped tail no gradient flows: the logits of tail tokens get that of the head only.
   */
  @Test
  void goldenDNoGradientThroughAClampedTail() {
    Arithmetic a = Golden.arithmetics().findFirst().orElseThrow();
    double[] student = {30, 0, 0};
    Result r = Golden.of(a, loss(1, new Support.TopK(1, true)), student, new double[] {0, 9, 0}, 1);
    double p = Math.exp(-30) / (1 + 2 * Math.exp(-30));
    // d/dz_j of the head's term P (log P - log Q) alone: -P p_j (log P - log Q + 1)
    double logQ = -Math.log(2 + Math.exp(9));
    assertThat(r.gradient()[1] / (-p * (1 - logQ))).isCloseTo(1, within(1e-8));
  }

  private static Support.Buckets buckets(Arithmetic a, double[] student, double[] teacher, int k) {
    Variable logP = Variable.constant(Golden.row(a, student)).logSoftmax();
    Variable logQ = Variable.constant(Golden.row(a, teacher)).logSoftmax();
    Tensor sampled = Tensor.of(a.backend(), Shape.of(1, 1), 0);
    return new Support.TopK(k, true).of(new TokenRows(logP, logQ, sampled, logP, null));
  }

  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenESampledToken(Arithmetic a) {
    SampledTokenLoss loss = new SampledTokenLoss(null);
    double[] values = {
      -0.867818682978, 1.242661965052, 2.804266733826, 2.463764944861, 0.185192100755
    };
    double[][] gradients = {
      {.6601554545, -.3129076425, -.1151122887, -.0423474444, -.1897880788},
      {.4443776745, -.6257959763, .0601399784, .0221242617, .0991540617}
    };
    double[] reverse = {.5276455540, -.2822751016, -.1267021980, -.0353986632, -.0832695912};
    double[] expected = new double[5];
    for (int y = 0; y < 5; y++) {
      Result r = Golden.of(a, loss, Golden.Z, Golden.U, y);
      assertThat(r.loss()).isCloseTo(values[y], within(a.loss()));
      for (int j = 0; j < 5; j++) {
        expected[j] += Golden.P[y] * r.gradient()[j];
        if (y < 2) {
          assertThat(r.gradient()[j]).isCloseTo(gradients[y][j], within(a.gradient()));
        }
      }
    }
    // over y drawn from p the gradient is that of the reverse KL; P is given to ten digits
    for (int j = 0; j < 5; j++) {
      assertThat(expected[j]).isCloseTo(reverse[j], within(Math.max(1e-9, a.gradient())));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenFImportanceClip(Arithmetic a) {
    DistillationLoss clipped = new DistillationLoss(new Divergence(1), FULL, 2.0);
    double reverse = 0.573558484915;
    double[] logRatios = {-25, -1, 0, .5, Math.log(2), 1, 25};
    double[] weights = {2.061153622438558e-9, .36787944117144, 1, 1.64872127070013, 2, 2, 2};
    Result plain = Golden.of(a, loss(1, FULL), Golden.Z, Golden.U, 1);
    for (int i = 0; i < weights.length; i++) {
      Result r = Golden.of(a, clipped, Golden.Z, Golden.U, 1, logRatios[i], null);
      // F32 holds a log-ratio of 25 beside log p = -1.6 to 2^-19
      double ratioError = a.loss() < 1e-9 ? 0 : 2 * Math.scalb(1.0, -19);
      assertThat(r.loss())
          .isCloseTo(weights[i] * reverse, within(2 * a.loss() + 2 * ratioError * weights[i]));
      for (int j = 0; j < 5; j++) {
        // the weight is detached: the same factor on the gradient
        assertThat(r.gradient()[j])
            .isCloseTo(
                weights[i] * plain.gradient()[j],
                within(2 * a.gradient() + 2 * ratioError * weights[i]));
      }
    }
    Result half = Golden.of(a, clipped, Golden.Z, Golden.U, 1, .5, null);
    assertThat(half.loss()).isCloseTo(0.945638074070, within(2 * a.loss()));
    assertThat(Golden.of(a, clipped, Golden.Z, Golden.U, 1, 1, null).loss())
        .isCloseTo(1.147116969830, within(2 * a.loss()));
    double tis = ImportanceWeight.truncated(-1.0, -1.3, 2);
    assertThat(tis).isCloseTo(1.349858807576, within(1e-12));
    assertThat(half.loss() * tis).isCloseTo(1.276477883063, within(3 * a.loss()));
    assertThat(ImportanceWeight.truncated(0, -5, 2)).isEqualTo(2);
  }

  @Test
  void settingsOutOfRangeAreRefused() {
    assertThatThrownBy(() -> new Divergence(1.5))
        .hasMessageContaining("alpha 1.5")
        .hasMessageContaining("[0, 1]");
    assertThatThrownBy(() -> new Divergence(Double.NaN)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> new Support.TopK(0, true)).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> new SampledTokenLoss(0.0)).hasMessageContaining("is_clip");
    assertThatThrownBy(() -> new DistillationLoss(new Divergence(1), FULL, -1.0))
        .hasMessageContaining("is_clip");
  }

  @Test
  void aLossWithoutItsTeacherSaysSo() {
    Arithmetic a = Golden.arithmetics().findFirst().orElseThrow();
    assertThatThrownBy(() -> Golden.of(a, loss(1, FULL), Golden.Z, null, 0))
        .hasMessageContaining("without a teacher");
  }

  private static double[] gaussians(Philox random, int n) {
    return IntStream.range(0, n).mapToDouble(i -> 2 * random.nextGaussian()).toArray();
  }

  /** Every member of the family over every support, at random logits, against differences. */
  @Test
  void gradientsAgreeWithDifferences() {
    Arithmetic a = Golden.arithmetics().findFirst().orElseThrow();
    Philox random = new Philox(11, 12);
    List<Support> supports =
        List.of(
            FULL, new Support.TopK(4, true), new Support.TopK(4, false), new Support.TopK(1, true));
    for (Support support : supports) {
      for (double alpha : new double[] {0, .2, .5, 1}) {
        double[] z = gaussians(random, 14);
        double[] u = gaussians(random, 14);
        Tensor student = Tensor.of(a.backend(), Shape.of(2, 7), z);
        Variable q = Variable.constant(Tensor.of(a.backend(), Shape.of(2, 7), u)).logSoftmax();
        GradCheck.of(
                support + " alpha " + alpha,
                x ->
                    loss(alpha, support)
                        .perToken(new TokenRows(x[0].logSoftmax(), q, null, null, null)),
                student)
            .all();
      }
    }
  }
}
