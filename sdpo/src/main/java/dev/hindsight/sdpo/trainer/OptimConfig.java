package dev.hindsight.sdpo.trainer;

/**
 * AdamW and its learning rate.
 *
 * @param lr peak learning rate; default 2e-3 for SDPO, 5e-4 for GRPO (each tuned on the same grid
 *     for the built-in models; the paper's 1e-5 and 1e-6 are for models of 8 billion parameters)
 * @param lrSchedule after warm-up; default constant (paper)
 * @param lrWarmupSteps optimiser steps of linear warm-up; default 0 (paper: 0 or 10)
 * @param beta1 decay of the first moment; default .9 (paper)
 * @param beta2 decay of the second moment; default .999 (paper)
 * @param eps added to the root of the second moment; default 1e-8 (PyTorch)
 * @param weightDecay decoupled weight decay; default .01 (paper)
 * @param gradClip largest global gradient norm; default 1 (paper)
 */
public record OptimConfig(
    double lr,
    LrSchedule lrSchedule,
    int lrWarmupSteps,
    double beta1,
    double beta2,
    double eps,
    double weightDecay,
    double gradClip) {

  /** What the learning rate does after warm-up. */
  public enum LrSchedule {
    CONSTANT,
    /** In a straight line that would reach zero one step after the last. */
    LINEAR,
    /** Along half a cosine that would reach zero one step after the last. */
    COSINE
  }

  public OptimConfig {
    ConfigCheck.positive(lr, "optim.lr");
    ConfigCheck.given(lrSchedule, "optim.lr_schedule", "constant, linear or cosine");
    ConfigCheck.require(lrWarmupSteps >= 0, "optim.lr_warmup_steps", lrWarmupSteps, "zero or more");
    ConfigCheck.require(beta1 >= 0 && beta1 < 1, "optim.beta1", beta1, "a number in [0, 1)");
    ConfigCheck.require(beta2 >= 0 && beta2 < 1, "optim.beta2", beta2, "a number in [0, 1)");
    ConfigCheck.positive(eps, "optim.eps");
    ConfigCheck.require(
        weightDecay >= 0 && Double.isFinite(weightDecay),
        "optim.weight_decay",
        weightDecay,
        "zero or more");
    ConfigCheck.positive(gradClip, "optim.grad_clip");
  }

  static OptimConfig sdpoDefaults() {
    return new OptimConfig(2e-3, LrSchedule.CONSTANT, 0, 0.9, 0.999, 1e-8, 0.01, 1);
  }

  static OptimConfig grpoDefaults() {
    return new OptimConfig(5e-4, LrSchedule.CONSTANT, 0, 0.9, 0.999, 1e-8, 0.01, 1);
  }
}
