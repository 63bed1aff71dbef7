package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.loss.Aggregation;
import org.jspecify.annotations.Nullable;

/**
 * How a batch of rollouts becomes optimiser steps.
 *
 * @param ppoMiniBatchSize questions of one optimiser step; null is all of them: on-policy. Default
 *     null for SDPO (one step a generation), 4 for GRPO (four steps), as in the paper's section 3
 *     at half the batch
 * @param lossAggMode how token losses become one number; default {@code reference-effective}: what
 *     the reference computes, which is not the global token mean that the paper writes
 * @param lossScaleFactor L of {@code seq-mean-token-sum-norm}; default null: the response length
 *     limit
 * @param clipRatioLow lower clip of the policy ratio, 1 - this; default .2 (paper, reference)
 * @param clipRatioHigh upper clip of the policy ratio, 1 + this; default .28 (paper, reference)
 * @param clipRatioC dual clip: bound of the loss for negative advantages; default 3 (reference)
 */
public record ActorConfig(
    @Nullable Integer ppoMiniBatchSize,
    Aggregation lossAggMode,
    @Nullable Double lossScaleFactor,
    double clipRatioLow,
    double clipRatioHigh,
    double clipRatioC) {

  public ActorConfig {
    ConfigCheck.require(
        ppoMiniBatchSize == null || ppoMiniBatchSize > 0,
        "actor.ppo_mini_batch_size",
        ppoMiniBatchSize,
        "at least 1, or null for the whole batch");
    ConfigCheck.given(lossAggMode, "actor.loss_agg_mode", "a mode, such as token-mean");
    if (lossScaleFactor != null) {
      ConfigCheck.positive(lossScaleFactor, "actor.loss_scale_factor");
    }
    ConfigCheck.fraction(clipRatioLow, "actor.clip_ratio_low");
    ConfigCheck.positive(clipRatioHigh, "actor.clip_ratio_high");
    ConfigCheck.require(
        clipRatioC > 1, "actor.clip_ratio_c", clipRatioC, "a number greater than 1");
  }

  static ActorConfig sdpoDefaults() {
    return new ActorConfig(null, Aggregation.REFERENCE_EFFECTIVE, null, 0.2, 0.28, 3);
  }

  static ActorConfig grpoDefaults() {
    return new ActorConfig(4, Aggregation.REFERENCE_EFFECTIVE, null, 0.2, 0.28, 3);
  }
}
