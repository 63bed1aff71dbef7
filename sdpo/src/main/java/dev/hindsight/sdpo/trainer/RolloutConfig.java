package dev.hindsight.sdpo.trainer;

import dev.hindsight.transformer.SamplingOptions;
import org.jspecify.annotations.Nullable;

/**
 * How answers are sampled from the policy.
 *
 * @param n rollouts a question (the group size G); default 8 (paper and reference: 8)
 * @param temperature of sampling; student and teacher logits are divided by the same temperature in
 *     the loss, with no further rescaling; default 1 (paper and reference: 1)
 * @param responseLength most tokens of a response, the end-of-sequence token included; default
 *     null: the environment's own limit (reference 8192)
 * @param topP keep the fewest likeliest tokens whose probabilities reach this; default 1: all
 *     (paper and reference)
 * @param topK keep so many likeliest tokens; -1 or 0 keeps all; default -1 (reference)
 * @param minP keep tokens of at least this fraction of the largest probability; default 0: all
 *     (TRL). With any of these three the sampler's distribution is not the policy's, and no weight
 *     corrects that: log-probabilities are recorded before the filters
 */
public record RolloutConfig(
    int n,
    double temperature,
    @Nullable Integer responseLength,
    double topP,
    int topK,
    double minP) {
  public RolloutConfig {
    ConfigCheck.require(n > 0, "rollout.n", n, "at least 1");
    ConfigCheck.positive(temperature, "rollout.temperature");
    ConfigCheck.require(
        responseLength == null || responseLength > 0,
        "rollout.response_length",
        responseLength,
        "at least 1, or null for the environment's own limit");
    ConfigCheck.require(
        topP > 0 && topP <= 1, "rollout.top_p", topP, "a number greater than 0 and at most 1");
    ConfigCheck.require(topK >= -1, "rollout.top_k", topK, "a number of tokens, or -1 for all");
    ConfigCheck.fraction(minP, "rollout.min_p");
  }

  /** How a response is sampled that may have {@code longest} tokens. */
  SamplingOptions sampling(int longest, int eos) {
    return new SamplingOptions(temperature, Math.max(0, topK), topP, minP, longest, eos);
  }

  static RolloutConfig defaults() {
    return new RolloutConfig(8, 1.0, null, 1, -1, 0);
  }
}
