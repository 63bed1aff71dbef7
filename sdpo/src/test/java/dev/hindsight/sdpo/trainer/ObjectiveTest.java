package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.CispoLoss;
import dev.hindsight.sdpo.loss.DistillationLoss;
import dev.hindsight.sdpo.loss.EntropyBonus;
import dev.hindsight.sdpo.loss.LogLikelihoodLoss;
import dev.hindsight.sdpo.loss.PolicyGradientLoss;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.trainer.PolicyUpdate.Sample;
import dev.hindsight.transformer.Completion;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guards which tokens count in which term, and how much. Four responses of 2, 4, 1 and 2 tokens: a
 * failure with a target, a success with one, a success without, and a failure with a target that
 * was cut off.
 */
class ObjectiveTest {
  private static final int[] LENGTHS = {2, 4, 1, 2};
  private static final double[] ADVANTAGES = {-.5, .5, .5, -.5};

  private static Sample sample(int i, boolean target, boolean success, boolean finished) {
    Completion y = new Completion(new int[LENGTHS[i]], new float[LENGTHS[i]], finished);
    Rollout r =
        new Rollout(new Question("q", "x"), new int[] {1}, y, "", new Verdict(success ? 1 : 0, ""));
    return new Sample(r, new int[] {1}, target, ADVANTAGES[i], success, 1);
  }

  private static final List<Sample> SAMPLES =
      List.of(
          sample(0, true, false, true),
          sample(1, true, true, true),
          sample(2, false, true, true),
          sample(3, true, false, false));

  private static Objective.Terms terms(ChunkedLoss.@Nullable Outputs survey, String... sets) {
    TrainConfig config = TrainConfig.parse("", "test", List.of(sets));
    double[] ones = new double[9];
    Arrays.fill(ones, 1);
    boolean[] excluded = new boolean[9];
    // what the update leaves out: the answer that was cut off
    Arrays.fill(excluded, 7, 9, config.actor().maskTruncatedCompletions());
    MiniBatch rows =
        new MiniBatch(
            SAMPLES, LENGTHS, new int[9], new double[9], ones, new boolean[9], excluded, null);
    return new Objective(config, 10).terms(rows, survey);
  }

  private static ChunkedLoss.Term term(Objective.Terms terms, String name) {
    return terms.terms().get(terms.names().indexOf(name));
  }

  private static void weights(ChunkedLoss.Term term, double... bySample) {
    int row = 0;
    for (int i = 0; i < LENGTHS.length; i++) {
      for (int t = 0; t < LENGTHS[i]; t++, row++) {
        assertThat((double) term.weight()[row])
            .as("sample %d", i)
            .isCloseTo(bySample[i], within(1e-7));
      }
    }
  }

  @Test
  void plainSdpoIsOneTermOverItsTargets() {
    Objective.Terms terms = terms(null);
    assertThat(terms.names()).containsExactly("distillation_loss");
    // masked sequences stay in the mean: a quarter each
    weights(terms.terms().getFirst(), 1 / 8., 1 / 16., 0, 1 / 8.);
    assertThat(terms.live()).isEqualTo(8);
  }

  /** TRL's: each loss has its own mean, over the tokens that it has. */
  @Test
  void theConvexHybridAveragesEachLossByItself() {
    Objective.Terms terms =
        terms(null, "self_distillation.distillation_weight=.25", "actor.loss_agg_mode=token-mean");
    weights(term(terms, "distillation_loss"), .25 / 8, .25 / 8, 0, .25 / 8);
    weights(term(terms, "policy_loss"), .75 / 9, .75 / 9, .75 / 9, .75 / 9);
    assertThat(term(terms, "policy_loss").advantage())
        .containsExactly(-.5, -.5, .5, .5, .5, .5, .5, -.5, -.5);
  }

  /** The paper's: one mean of one advantage, lambda of it GRPO's. */
  @Test
  void theHybridOfAdvantagesHasOneAverage() {
    Objective.Terms terms =
        terms(null, "algorithm.hybrid_lambda=.9", "actor.loss_agg_mode=token-mean");
    weights(term(terms, "distillation_loss"), .1 / 9, .1 / 9, 0, .1 / 9);
    weights(term(terms, "policy_loss"), .9 / 9, .9 / 9, .9 / 9, .9 / 9);
    assertThat(term(terms, "policy_loss").loss()).isEqualTo(new PolicyGradientLoss(.2, .28, 3));
    assertThat(term(terms, "distillation_loss").loss()).isInstanceOf(DistillationLoss.class);
  }

  private static ChunkedLoss.Outputs survey() {
    double[] logP = {-1, -2, -1, -1, -1, -1, -3, -1, -1};
    double[] logQ = {-2, -1, -3, -1, -1, -1, -1, -1, -4};
    double[] entropy = {.1, .9, .2, .3, .4, .5, .6, .7, .8};
    return new ChunkedLoss.Outputs(
        0, new double[0], logP, logQ, entropy, new double[9], new TreeMap<>());
  }

  /** Where one token carries the credit, the two advantages are added before they are clipped. */
  @Test
  void tokensMixTheirAdvantages() {
    String lambda = "algorithm.hybrid_lambda=.5";
    Objective.Terms terms =
        terms(
            survey(),
            lambda,
            "self_distillation.distillation_mode=sampled-token",
            "self_distillation.clip_adv_high=.5");
    assertThat(terms.names()).containsExactly("distillation_loss");
    // .5 A_GRPO + .5 min(log q - log p, .5); the third sample has no target
    assertThat(terms.terms().getFirst().advantage())
        .containsExactly(-.75, 0, -.75, .25, .25, .25, .25, -.25, -1.75);
    terms = terms(survey(), lambda, "self_distillation.distillation_mode=sequence");
    assertThat(terms.terms().getFirst().advantage())
        .containsExactly(-.25, -.25, 0, 0, 0, 0, .25, -1, -1);
  }

  @Test
  void sequencesCarryTheMeanOfTheirTokens() {
    Objective.Terms terms = terms(survey(), "self_distillation.distillation_mode=sequence");
    ChunkedLoss.Term only = terms.terms().getFirst();
    assertThat(only.advantage()).containsExactly(0, 0, -.5, -.5, -.5, -.5, 2, -1.5, -1.5);
    weights(only, 1 / 8., 1 / 16., 0, 1 / 8.);
  }

  /** All four answer one question; the third has no target and counts in no mean. */
  @ParameterizedTest
  @ValueSource(strings = {"group", "batch"})
  void sequencesMayBeCentredAsGrposRewardsAre(String baseline) {
    ChunkedLoss.Term only =
        terms(
                survey(),
                "self_distillation.distillation_mode=sequence",
                "self_distillation.sequence_baseline=" + baseline)
            .terms()
            .getFirst();
    double first = (2 / 3.);
    double second = (-.5 + 2 / 3.);
    double last = (-1.5 + 2 / 3.);
    assertThat(only.advantage())
        .containsExactly(first, first, second, second, second, second, 2, last, last);
  }

  @Test
  void srpoSendsSuccessesToGrpoAndFailuresToTheTeacher() {
    Objective.Terms terms = terms(null, "algorithm.routing=srpo");
    weights(term(terms, "distillation_loss"), 1 / 8., 0, 0, 1 / 8.);
    weights(term(terms, "policy_loss"), 0, 1 / 16., 1 / 4., 0);
  }

  @Test
  void truncatedResponsesAreLeftOut() {
    Objective.Terms terms =
        terms(null, "actor.mask_truncated_completions=true", "actor.entropy_coeff=.01");
    weights(term(terms, "distillation_loss"), 1 / 8., 1 / 16., 0, 0);
    ChunkedLoss.Term entropy = term(terms, "entropy_loss");
    assertThat(entropy.loss()).isEqualTo(new EntropyBonus());
    // over the response mask alone: samples without a target have an entropy, too
    weights(entropy, .01 / 8, .01 / 16, .01 / 4, 0);
  }

  @Test
  void trlsLossTypesAverageThePolicyTerm() {
    weights(
        term(terms(null, "method=grpo", "actor.loss_type=dapo"), "policy_loss"),
        1 / 9.,
        1 / 9.,
        1 / 9.,
        1 / 9.);
    weights(
        term(terms(null, "method=grpo", "actor.loss_type=grpo"), "policy_loss"),
        1 / 8.,
        1 / 16.,
        1 / 4.,
        1 / 8.);
    // four sequences, ten tokens at most
    weights(
        term(terms(null, "method=grpo", "actor.loss_type=dr-grpo"), "policy_loss"),
        1 / 40.,
        1 / 40.,
        1 / 40.,
        1 / 40.);
  }

  @Test
  void onlyForkingTokensCount() {
    ChunkedLoss.Term policy =
        term(
            terms(
                survey(),
                "method=grpo",
                "actor.top_entropy_quantile=.25",
                "actor.loss_mode=cispo",
                "actor.loss_agg_mode=token-mean"),
            "policy_loss");
    assertThat(policy.loss()).isEqualTo(new CispoLoss(.2, .28));
    // of nine, the quantile .75 is the seventh smallest, .7
    double w = (1 / 9.);
    assertThat(policy.weight()).containsExactly(0, w, 0, 0, 0, 0, 0, w, w);
  }

  @Test
  void sftImitatesItsTargets() {
    Objective.Terms terms = terms(null, "method=sft");
    assertThat(terms.terms().getFirst().loss()).isEqualTo(new LogLikelihoodLoss());
    weights(terms.terms().getFirst(), 1 / 8., 1 / 16., 0, 1 / 8.);
    assertThat(terms.terms().getFirst().advantage()).isNull();
  }
}
