package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.loss.Aggregation;
import dev.hindsight.sdpo.loss.ReferenceKlLoss;
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
 * @param clipRatioC dual clip: bound of the loss for negative advantages; {@code .inf} for none;
 *     default 3 (reference; TRL has none)
 * @param ppoEpochs passes over a generation's rollouts; default 1 (paper, reference; TRL's {@code
 *     num_iterations})
 * @param lossMode the policy-gradient loss; default vanilla (reference), which is PPO's
 * @param importanceSamplingLevel of what the policy ratio is: {@code token}, or {@code sequence},
 *     which is GSPO; default token (TRL)
 * @param lossType aggregation of the policy-gradient loss alone, in TRL's words; default null: as
 *     {@code loss_agg_mode} says
 * @param topEntropyQuantile share of tokens, those of highest entropy, that the policy gradient
 *     counts; default 1: all (TRL; .2 is the paper's baseline of high-entropy tokens only)
 * @param maskTruncatedCompletions leave responses that were cut off out of every loss; default
 *     false (paper, reference and TRL)
 * @param entropyCoeff weight of an entropy bonus over all response tokens; default 0 (paper,
 *     reference)
 * @param useKlLoss add a KL to the initial policy to GRPO's loss; default false (paper, reference).
 *     Not with SDPO, as in the reference
 * @param klLossCoef its weight; default .001 (verl)
 * @param klLossType how it is estimated; default low-var-kl (verl)
 */
public record ActorConfig(
    @Nullable Integer ppoMiniBatchSize,
    Aggregation lossAggMode,
    @Nullable Double lossScaleFactor,
    double clipRatioLow,
    double clipRatioHigh,
    double clipRatioC,
    int ppoEpochs,
    LossMode lossMode,
    Level importanceSamplingLevel,
    @Nullable LossType lossType,
    double topEntropyQuantile,
    boolean maskTruncatedCompletions,
    double entropyCoeff,
    boolean useKlLoss,
    double klLossCoef,
    ReferenceKlLoss.Estimator klLossType) {

  /** The policy-gradient loss. */
  public enum LossMode {
    /** PPO's clipped surrogate with dual clip. */
    VANILLA,
    /** Weights are clipped, gradients never. */
    CISPO
  }

  /** Of what a policy ratio is. */
  public enum Level {
    TOKEN,
    /** GSPO: the geometric mean over a response's tokens. */
    SEQUENCE
  }

  /** TRL's aggregations of the policy term. */
  public enum LossType {
    /** The mean over all tokens of the batch. */
    DAPO,
    /** The mean over sequences of their token means. */
    GRPO,
    /** The mean over the tokens of a local batch: here, in one process, the same as dapo. */
    BNPO,
    /** Everything summed, divided by sequences and the longest allowed response. */
    DR_GRPO
  }

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
        clipRatioC > 1,
        "actor.clip_ratio_c",
        clipRatioC,
        "a number greater than 1, or .inf for no dual clip");
    ConfigCheck.require(ppoEpochs > 0, "actor.ppo_epochs", ppoEpochs, "at least 1");
    ConfigCheck.given(lossMode, "actor.loss_mode", "vanilla or cispo");
    ConfigCheck.given(
        importanceSamplingLevel, "actor.importance_sampling_level", "token or sequence");
    ConfigCheck.require(
        topEntropyQuantile > 0 && topEntropyQuantile <= 1,
        "actor.top_entropy_quantile",
        topEntropyQuantile,
        "a share greater than 0 and at most 1, which keeps all tokens");
    ConfigCheck.require(
        entropyCoeff >= 0 && Double.isFinite(entropyCoeff),
        "actor.entropy_coeff",
        entropyCoeff,
        "zero or more");
    ConfigCheck.positive(klLossCoef, "actor.kl_loss_coef");
    ConfigCheck.given(klLossType, "actor.kl_loss_type", "an estimator, such as low-var-kl");
  }

  static ActorConfig sdpoDefaults() {
    return withMiniBatch(null);
  }

  static ActorConfig grpoDefaults() {
    return withMiniBatch(4);
  }

  private static ActorConfig withMiniBatch(@Nullable Integer questions) {
    return new ActorConfig(
        questions,
        Aggregation.REFERENCE_EFFECTIVE,
        null,
        0.2,
        0.28,
        3,
        1,
        LossMode.VANILLA,
        Level.TOKEN,
        null,
        1,
        false,
        0,
        false,
        0.001,
        ReferenceKlLoss.Estimator.LOW_VAR_KL);
  }
}
