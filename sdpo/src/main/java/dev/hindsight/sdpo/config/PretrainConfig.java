package dev.hindsight.sdpo.config;

/**
 * Everything that decides what pretraining computes: the same configuration and backend give the
 * same bytes. Defaults are the 48x2 base model of the built-in environment.
 *
 * @param documents what to read: {@code dialect}, the documents of the built-in environment, or
 *     {@code arithmetic}, those of the environment with free lengths
 * @param seed of the first weights and of all documents; default 0
 * @param steps optimiser steps; default 4,000
 * @param batchSize documents a step; default 128
 * @param model the decoder's shape
 * @param optim the optimiser
 * @param evaluation when and on how much the held-out loss is measured
 * @param checkpointEvery steps between two saves of the whole state, from which a stopped run goes
 *     on; default 250
 * @param tensorboard write the metrics to an event file for TensorBoard, too; default false
 */
public record PretrainConfig(
    String documents,
    long seed,
    long steps,
    int batchSize,
    Model model,
    Optim optim,
    Evaluation evaluation,
    long checkpointEvery,
    boolean tensorboard) {

  /**
   * A Llama-style decoder (RMSNorm, RoPE, SwiGLU) with tied embeddings; keys are those of {@code
   * config.json}.
   *
   * @param hiddenSize channels of the residual stream; default 48
   * @param intermediateSize channels inside the MLP; default 128
   * @param numHiddenLayers blocks; default 2
   * @param numAttentionHeads query heads; default 4
   * @param numKeyValueHeads key and value heads; default 4
   * @param maxPositionEmbeddings longest sequence in tokens; default 128
   * @param ropeTheta base of RoPE's wavelengths; default 10,000
   * @param rmsNormEps added to the mean square; default 1e-5
   */
  public record Model(
      int hiddenSize,
      int intermediateSize,
      int numHiddenLayers,
      int numAttentionHeads,
      int numKeyValueHeads,
      int maxPositionEmbeddings,
      double ropeTheta,
      double rmsNormEps) {}

  /**
   * AdamW with linear warm-up and linear decay.
   *
   * @param lr peak learning rate; default 3e-3
   * @param lrWarmupSteps default 50
   * @param finalLrFraction the last step's part of the peak; default .05
   * @param beta1 default .9
   * @param beta2 default .99
   * @param eps default 1e-8
   * @param weightDecay decoupled; default .05
   * @param gradClip largest global gradient norm; default 1
   */
  public record Optim(
      double lr,
      long lrWarmupSteps,
      double finalLrFraction,
      double beta1,
      double beta2,
      double eps,
      double weightDecay,
      double gradClip) {}

  /**
   * @param every steps between two measurements; 0 only at the end; default 250
   * @param documents held-out documents; default 2,048
   */
  public record Evaluation(long every, int documents) {}

  public PretrainConfig {
    require(
        "dialect".equals(documents) || "arithmetic".equals(documents),
        "documents",
        documents,
        "dialect or arithmetic");
    require(steps > 0, "steps", steps, "at least 1");
    require(batchSize > 0, "batch_size", batchSize, "at least 1");
    require(checkpointEvery >= 0, "checkpoint_every", checkpointEvery, "zero or more");
    require(model != null, "model", "nothing", "keys and values; for the defaults leave it out");
    require(optim != null, "optim", "nothing", "keys and values; for the defaults leave it out");
    require(
        evaluation != null,
        "evaluation",
        "nothing",
        "keys and values; for the defaults leave it out");
    require(
        evaluation.documents() >= 0, "evaluation.documents", evaluation.documents(), "0 or more");
  }

  /** The recipe of the 48x2 base; a configuration file changes it key by key. */
  public static PretrainConfig defaults() {
    return new PretrainConfig(
        "dialect",
        0,
        4000,
        128,
        new Model(48, 128, 2, 4, 4, 128, 10_000, 1e-5),
        new Optim(3e-3, 50, 0.05, 0.9, 0.99, 1e-8, 0.05, 1),
        new Evaluation(250, 2048),
        250,
        false);
  }

  /** The same with another seed. */
  public PretrainConfig withSeed(long newSeed) {
    return new PretrainConfig(
        documents,
        newSeed,
        steps,
        batchSize,
        model,
        optim,
        evaluation,
        checkpointEvery,
        tensorboard);
  }

  private static void require(boolean holds, String key, Object given, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(key + ": got " + given + ", expected " + expected);
    }
  }
}
