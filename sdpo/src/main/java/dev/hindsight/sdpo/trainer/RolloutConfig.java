package dev.hindsight.sdpo.trainer;

import org.jspecify.annotations.Nullable;

/**
 * How answers are sampled from the policy.
 *
 * @param n rollouts a question (the group size G); default 8 (paper and reference: 8)
 * @param temperature of sampling; student and teacher logits are divided by the same temperature in
 *     the loss, with no further rescaling; default 1 (paper and reference: 1)
 * @param responseLength most tokens of a response, the end-of-sequence token included; default
 *     null: the environment's own limit
 */
public record RolloutConfig(int n, double temperature, @Nullable Integer responseLength) {
  public RolloutConfig {
    ConfigCheck.require(n > 0, "rollout.n", n, "at least 1");
    ConfigCheck.positive(temperature, "rollout.temperature");
    ConfigCheck.require(
        responseLength == null || responseLength > 0,
        "rollout.response_length",
        responseLength,
        "at least 1, or null for the environment's own limit");
  }

  static RolloutConfig defaults() {
    return new RolloutConfig(8, 1.0, null);
  }
}
