package dev.hindsight.sdpo.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Guards what is made of whole responses: golden case E of the specification among it. */
class SequenceLevelTest {

  /** Three positions with the golden distributions, of which 0, 1 and 2 were sampled. */
  @Test
  void goldenESequenceLevel() {
    double[] z = new double[15];
    double[] u = new double[15];
    for (int t = 0; t < 3; t++) {
      System.arraycopy(Golden.Z, 0, z, 5 * t, 5);
      System.arraycopy(Golden.U, 0, u, 5 * t, 5);
    }
    var reference = Backends.get("reference");
    Variable student = Variable.leaf(Tensor.of(reference, Shape.of(3, 5), z));
    Variable taught = Variable.constant(Tensor.of(reference, Shape.of(3, 5), u));
    int[] sampled = {0, 1, 2};
    double[] third = {1 / 3., 1 / 3., 1 / 3.};
    try (ChunkedLoss chunked = new ChunkedLoss(1, 2, reference)) {
      ChunkedLoss.Logits teacher = (from, to) -> taught.slice(0, from, to);
      ChunkedLoss.Outputs survey =
          chunked.survey(student, UnaryOperator.identity(), sampled, teacher);
      double[] advantage = SequenceLevel.advantage(survey.logP(), survey.logQ(), new int[] {3});
      assertThat(advantage[0]).isCloseTo(0.122606720219, within(1e-10));
      assertThat(advantage).containsOnly(advantage[0]);
      ChunkedLoss.Term term =
          new ChunkedLoss.Term(
              new PolicyGradientLoss(.2, .28, 3), third, survey.logP(), advantage, null);
      ChunkedLoss.Outputs out =
          chunked.backward(
              student.times(1), UnaryOperator.identity(), sampled, List.of(term), null);
      assertThat(out.loss()).isCloseTo(-0.122606720219, within(1e-10));
    }
  }

  @Test
  void returnsSumWhatFollowsWithinAResponse() {
    double[] gap = {1, 2, 4, 8, 16};
    assertThat(SequenceLevel.toGo(gap, new int[] {3, 2})).containsExactly(6, 4, 0, 16, 0);
  }

  /** Responses of 2, 1, 1 and 3 tokens; the third counts in no mean. */
  @Test
  void aBaselineIsTheMeanOfItsCohort() {
    double[] advantage = {-1, -1, -4, 7, -3, -3, -3};
    int[] lengths = {2, 1, 1, 3};
    assertThat(SequenceLevel.centred(advantage, lengths, new int[] {0, 1, -1, 0}))
        .containsExactly(1, 1, 0, 7, -1, -1, -1);
    double mean = -8 / 3.;
    assertThat(SequenceLevel.centred(advantage, lengths, new int[] {0, 0, -1, 0}))
        .containsExactly(
            (-1 - mean), (-1 - mean), (-4 - mean), 7, (-3 - mean), (-3 - mean), (-3 - mean));
  }

  @Test
  void onPolicyTheRatioOfASequenceIsExactlyOne() {
    double[] logP = {-.3, -1.7, -.1};
    assertThat(SequenceLevel.old(logP, logP.clone(), new int[] {2, 1})).containsExactly(logP);
  }

  @Test
  void highEntropyKeepsTheQuantile() {
    double[] entropy = {.1, .9, .5, .7, .3, 9};
    boolean[] counted = {true, true, true, true, true, false};
    // the fifth of five: the quantile .8 lies at rank 3.2
    assertThat(HighEntropy.mask(entropy, counted, .2))
        .containsExactly(false, true, false, false, false, false);
    assertThat(HighEntropy.mask(entropy, counted, .5))
        .containsExactly(false, true, true, true, false, false);
    assertThat(HighEntropy.mask(entropy, counted, 1)).containsExactly(counted);
    assertThat(HighEntropy.mask(entropy, new boolean[6], .2)).containsOnly(false);
  }

  @Test
  void rewardsAreScaledByGroupOrByBatch() {
    double[] rewards = {1, 0, 1, 1};
    double[] group = Advantage.scaled(rewards, 2, Advantage.Scale.GROUP);
    double std = Math.sqrt(.5);
    assertThat(group[0]).isCloseTo(.5 / (std + 1e-4), within(1e-15));
    assertThat(group[1]).isCloseTo(-.5 / (std + 1e-4), within(1e-15));
    assertThat(group[2]).isZero();
    double[] batch = Advantage.scaled(rewards, 2, Advantage.Scale.BATCH);
    // of 1, 0, 1, 1: mean .75, unbiased variance .25
    assertThat(batch[0]).isCloseTo(.5 / (.5 + 1e-4), within(1e-15));
    assertThat(Advantage.scaled(rewards, 2, Advantage.Scale.NONE)).containsExactly(.5, -.5, 0, 0);
  }
}
