package dev.hindsight.sdpo.trainer;

/**
 * Everything that decides what a training run computes: two runs with the same configuration, model
 * file and backend write the same bytes. Keys in a configuration file are these names in snake
 * case; where the reference implementation of SDPO (a fork of verl) has a setting, the name is the
 * reference's. Defaults are the quickstart experiment: dialect level Q, 50 steps of 16 questions x
 * 8 rollouts = 6,400 generations.
 *
 * @param environment what is asked and how it is judged
 * @param model folder of the policy to start from ({@code config.json}, {@code model.safetensors},
 *     {@code tokenizer.json}); default {@code models/dialect-48x2}
 * @param method the objective; default {@code sdpo}
 * @param seed of all randomness: questions, sampling, evaluation; default 0
 * @param steps generation steps; default 50
 * @param trainBatchSize questions a step; default 16 (reference: 32)
 * @param rollout how answers are sampled
 * @param actor mini-batches, aggregation and the policy-gradient loss
 * @param optim the optimiser
 * @param selfDistillation the SDPO loss and its self-teacher
 * @param algorithm advantages and rollout correction
 * @param evaluation what is measured on held-out questions, and when
 * @param record what is written to the run folder
 */
public record TrainConfig(
    EnvironmentConfig environment,
    String model,
    Method method,
    long seed,
    int steps,
    int trainBatchSize,
    RolloutConfig rollout,
    ActorConfig actor,
    OptimConfig optim,
    SelfDistillationConfig selfDistillation,
    AlgorithmConfig algorithm,
    EvaluationConfig evaluation,
    RecordConfig record) {

  /** The objective that a run optimises. */
  public enum Method {
    /** Self-distillation policy optimisation, arXiv 2601.20802. */
    SDPO,
    /** Group-relative policy optimisation with the settings of the paper's baseline. */
    GRPO
  }

  public TrainConfig {
    ConfigCheck.section(environment, "environment");
    ConfigCheck.given(model, "model", "the folder of a model");
    ConfigCheck.require(!model.isBlank(), "model", model, "the folder of a model");
    ConfigCheck.given(method, "method", "sdpo or grpo");
    ConfigCheck.section(rollout, "rollout");
    ConfigCheck.section(actor, "actor");
    ConfigCheck.section(optim, "optim");
    ConfigCheck.section(selfDistillation, "self_distillation");
    ConfigCheck.section(algorithm, "algorithm");
    ConfigCheck.section(evaluation, "evaluation");
    ConfigCheck.section(record, "record");
    ConfigCheck.require(steps >= 0, "steps", steps, "zero or more");
    ConfigCheck.require(trainBatchSize > 0, "train_batch_size", trainBatchSize, "at least 1");
    ConfigCheck.require(
        actor.ppoMiniBatchSize() == null || actor.ppoMiniBatchSize() <= trainBatchSize,
        "actor.ppo_mini_batch_size",
        actor.ppoMiniBatchSize(),
        "at most train_batch_size, which is " + trainBatchSize);
    ConfigCheck.require(
        method == Method.SDPO || rollout.n() > 1,
        "rollout.n",
        rollout.n(),
        "2 or more with method grpo: a group of one has no advantage");
  }

  /** The quickstart setting of a method; a configuration file changes it key by key. */
  public static TrainConfig defaults(Method method) {
    boolean sdpo = method == Method.SDPO;
    return new TrainConfig(
        EnvironmentConfig.defaults(),
        "models/dialect-48x2",
        method,
        0,
        50,
        16,
        RolloutConfig.defaults(),
        sdpo ? ActorConfig.sdpoDefaults() : ActorConfig.grpoDefaults(),
        sdpo ? OptimConfig.sdpoDefaults() : OptimConfig.grpoDefaults(),
        SelfDistillationConfig.defaults(),
        AlgorithmConfig.defaults(),
        EvaluationConfig.defaults(),
        RecordConfig.defaults());
  }

  /** The same run with another seed. */
  public TrainConfig withSeed(long newSeed) {
    return new TrainConfig(
        environment,
        model,
        method,
        newSeed,
        steps,
        trainBatchSize,
        rollout,
        actor,
        optim,
        selfDistillation,
        algorithm,
        evaluation,
        record);
  }

  /** The same run in another environment. */
  public TrainConfig withEnvironment(EnvironmentConfig other) {
    return new TrainConfig(
        other,
        model,
        method,
        seed,
        steps,
        trainBatchSize,
        rollout,
        actor,
        optim,
        selfDistillation,
        algorithm,
        evaluation,
        record);
  }

  /** The same run from another model. */
  public TrainConfig withModel(String folder) {
    return new TrainConfig(
        environment,
        folder,
        method,
        seed,
        steps,
        trainBatchSize,
        rollout,
        actor,
        optim,
        selfDistillation,
        algorithm,
        evaluation,
        record);
  }

  /** Mini-batches, and so optimiser steps, of one generation step: the last may be smaller. */
  public int miniBatches() {
    return Math.ceilDiv(trainBatchSize, questionsAMiniBatch());
  }

  /** Questions of one optimiser step. */
  public int questionsAMiniBatch() {
    Integer size = actor.ppoMiniBatchSize();
    return size == null ? trainBatchSize : size;
  }
}
