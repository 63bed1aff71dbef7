package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.loss.Advantage;
import dev.hindsight.sdpo.loss.RolloutCorrection;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Advantages, rollout correction, and how reward and self-teacher share the work.
 *
 * @param normAdvByStdInGrpo divide GRPO's advantage by the group's standard deviation; default
 *     false (paper, reference)
 * @param scaleRewards TRL's choice in the same place: group, batch or none; default null: {@code
 *     norm_adv_by_std_in_grpo} decides (TRL: group)
 * @param rolloutIs weights each token by the clipped ratio of the trainer's policy to the
 *     sampler's; default none: here one engine samples and trains, so that ratio is exactly 1
 *     (reference: token)
 * @param rolloutIsThreshold upper clip of that weight; default 2 (paper, reference)
 * @param rolloutIsBatchNormalize divide these weights by their mean over the batch; default false
 *     (reference)
 * @param rolloutRs reject tokens, or sequences, whose ratio lies outside the thresholds; default
 *     none (reference)
 * @param rolloutRsThreshold largest ratio that is not rejected; default 2
 * @param rolloutRsThresholdLower smallest ratio that is not rejected; default null: one over the
 *     largest (verl)
 * @param bypassMode take the sampler's log-probabilities as those of the start of the update, also
 *     with a rollout correction, which then corrects nothing; default false (reference)
 * @param hybridLambda lambda of {@code A = lambda A_GRPO + (1 - lambda) A_SDPO} (paper, equation
 *     3); default 0 (the paper's hybrid: .9)
 * @param routing {@code srpo}: successes learn by GRPO, failures from the self-teacher (arXiv
 *     2604.02288, without its entropy weights); default none
 * @param passRateWeights weigh each question by sqrt(p (1 - p)) of its share p of successes (arXiv
 *     2605.27765); default false
 */
public record AlgorithmConfig(
    boolean normAdvByStdInGrpo,
    Advantage.@Nullable Scale scaleRewards,
    RolloutCorrection.Level rolloutIs,
    double rolloutIsThreshold,
    boolean rolloutIsBatchNormalize,
    RolloutCorrection.Rejection rolloutRs,
    double rolloutRsThreshold,
    @Nullable Double rolloutRsThresholdLower,
    boolean bypassMode,
    double hybridLambda,
    Routing routing,
    boolean passRateWeights) {

  /** Which objective a sample learns by. */
  public enum Routing {
    /** All by the same. */
    NONE,
    /** Successes, and samples without a target, by GRPO, all others by SDPO. */
    SRPO
  }

  public AlgorithmConfig {
    ConfigCheck.given(rolloutIs, "algorithm.rollout_is", "none, token or sequence");
    ConfigCheck.positive(rolloutIsThreshold, "algorithm.rollout_is_threshold");
    ConfigCheck.given(rolloutRs, "algorithm.rollout_rs", "none, token, sequence or geometric");
    ConfigCheck.positive(rolloutRsThreshold, "algorithm.rollout_rs_threshold");
    ConfigCheck.require(
        rolloutRsThresholdLower == null
            || (rolloutRsThresholdLower >= 0 && rolloutRsThresholdLower < rolloutRsThreshold),
        "algorithm.rollout_rs_threshold_lower",
        rolloutRsThresholdLower,
        "zero or more and less than rollout_rs_threshold, which is "
            + rolloutRsThreshold
            + "; or null for one over it");
    ConfigCheck.require(
        scaleRewards == null || !normAdvByStdInGrpo,
        "algorithm.scale_rewards",
        scaleRewards,
        "null with norm_adv_by_std_in_grpo: true, because both divide the advantage");
    ConfigCheck.fraction(hybridLambda, "algorithm.hybrid_lambda");
    ConfigCheck.given(routing, "algorithm.routing", "none or srpo");
    ConfigCheck.require(
        routing == Routing.NONE || hybridLambda == 0,
        "algorithm.routing",
        "srpo",
        "none with hybrid_lambda " + hybridLambda + ", because a sample is either routed or mixed");
  }

  /** The GRPO advantages of a batch, group by group of {@code n}. */
  double[] advantages(double[] rewards, int n) {
    if (scaleRewards != null) {
      return Advantage.scaled(rewards, n, scaleRewards);
    }
    double[] all = new double[rewards.length];
    for (int from = 0; from < all.length; from += n) {
      double[] group = Arrays.copyOfRange(rewards, from, from + n);
      System.arraycopy(Advantage.groupRelative(group, normAdvByStdInGrpo), 0, all, from, n);
    }
    return all;
  }

  RolloutCorrection rolloutCorrection() {
    double lower =
        rolloutRsThresholdLower == null ? 1 / rolloutRsThreshold : rolloutRsThresholdLower;
    return new RolloutCorrection(
        rolloutIs,
        rolloutIsThreshold,
        rolloutIsBatchNormalize,
        rolloutRs,
        rolloutRsThreshold,
        lower);
  }

  static AlgorithmConfig defaults() {
    return new AlgorithmConfig(
        false,
        null,
        RolloutCorrection.Level.NONE,
        2,
        false,
        RolloutCorrection.Rejection.NONE,
        2,
        null,
        false,
        0,
        Routing.NONE,
        false);
  }
}
