package dev.hindsight.sdpo.trainer;

/**
 * Advantages and rollout correction.
 *
 * @param normAdvByStdInGrpo divide GRPO's advantage by the group's standard deviation; default
 *     false (paper, reference)
 * @param rolloutIs weights each token by the clipped ratio of the trainer's policy to the
 *     sampler's; default none: here one engine samples and trains, so that ratio is exactly 1
 *     (reference: token)
 * @param rolloutIsThreshold upper clip of that weight; default 2 (paper, reference)
 */
public record AlgorithmConfig(
    boolean normAdvByStdInGrpo, RolloutIs rolloutIs, double rolloutIsThreshold) {

  /** Truncated importance sampling between sampler and trainer. */
  public enum RolloutIs {
    NONE,
    /** One weight a token. */
    TOKEN,
    /** One weight a sequence: of the summed log-ratios. */
    SEQUENCE
  }

  public AlgorithmConfig {
    ConfigCheck.given(rolloutIs, "algorithm.rollout_is", "none, token or sequence");
    ConfigCheck.positive(rolloutIsThreshold, "algorithm.rollout_is_threshold");
  }

  static AlgorithmConfig defaults() {
    return new AlgorithmConfig(false, RolloutIs.NONE, 2);
  }
}
