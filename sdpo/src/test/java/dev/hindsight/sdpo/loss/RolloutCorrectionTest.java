package dev.hindsight.sdpo.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.sdpo.loss.RolloutCorrection.Level;
import dev.hindsight.sdpo.loss.RolloutCorrection.Rejection;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Guards rollout correction for a sampler that is not the policy, which no run of this engine has:
 * two responses, log-ratios (0, .5, -.5, 1) and (-2). Log-probabilities are exact in F32.
 */
class RolloutCorrectionTest {
  private static final List<float[]> ROLLOUT =
      List.of(new float[] {-1, -1.5f, -1, -2}, new float[] {-1});
  private static final List<float[]> OLD =
      List.of(new float[] {-1, -1, -1.5f, -1}, new float[] {-3});

  private static RolloutCorrection.Result of(
      Level weights, boolean normalize, Rejection rejection, double highest) {
    return new RolloutCorrection(weights, 2, normalize, rejection, highest, 1 / highest)
        .of(OLD, ROLLOUT);
  }

  @Test
  void tokensHaveTheirOwnTruncatedWeight() {
    List<double[]> w = of(Level.TOKEN, false, Rejection.NONE, 2).weights();
    double[] expected = {1, Math.exp(.5), Math.exp(-.5), 2};
    for (int t = 0; t < 4; t++) {
      assertThat(w.getFirst()[t]).isCloseTo(expected[t], within(1e-15));
    }
    assertThat(w.getLast()[0]).isCloseTo(Math.exp(-2), within(1e-15));
  }

  @Test
  void sequencesShareOneWeight() {
    List<double[]> w = of(Level.SEQUENCE, false, Rejection.NONE, 2).weights();
    // e^1 is cut at 2
    assertThat(w.getFirst()).containsOnly(2.0);
    assertThat(w.getLast()[0]).isCloseTo(Math.exp(-2), within(1e-15));
  }

  /** Over tokens at the level of tokens, over sequences at that of sequences. */
  @Test
  void normalisedWeightsHaveAMeanOfOne() {
    List<double[]> w = of(Level.TOKEN, true, Rejection.NONE, 2).weights();
    double sum = w.getLast()[0];
    for (double v : w.getFirst()) {
      sum += v;
    }
    assertThat(sum / 5).isCloseTo(1, within(1e-15));
    w = of(Level.SEQUENCE, true, Rejection.NONE, 2).weights();
    assertThat((w.getFirst()[3] + w.getLast()[0]) / 2).isCloseTo(1, within(1e-15));
  }

  @Test
  void rejectionGoesByTokenBySequenceOrByItsGeometricMean() {
    List<boolean[]> out = of(Level.NONE, false, Rejection.TOKEN, 2).rejected();
    assertThat(out.getFirst()).containsExactly(false, false, false, true);
    assertThat(out.getLast()).containsExactly(true);
    // e^1 lies beyond 2, its fourth root does not
    out = of(Level.NONE, false, Rejection.SEQUENCE, 2).rejected();
    assertThat(out.getFirst()).containsOnly(true);
    out = of(Level.NONE, false, Rejection.GEOMETRIC, 2).rejected();
    assertThat(out.getFirst()).containsOnly(false);
    assertThat(out.getLast()).containsOnly(true);
  }

  @Test
  void offMeansAllOnes() {
    RolloutCorrection.Result off = RolloutCorrection.OFF.of(OLD, ROLLOUT);
    assertThat(off.weights().getFirst()).containsOnly(1.0);
    assertThat(off.rejected().getLast()).containsOnly(false);
  }
}
