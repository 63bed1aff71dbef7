package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.teacher.TeacherKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

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
 * @param preset a published table of settings that replaces the defaults, under which keys that are
 *     given win; default null: none
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
    @Nullable Preset preset,
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
    GRPO,
    /**
     * Supervised fine-tuning on answers that the self-teacher samples and the environment finds
     * right: a baseline of the paper, at twice the generations.
     */
    SFT
  }

  public TrainConfig {
    ConfigCheck.section(environment, "environment");
    ConfigCheck.given(model, "model", "the folder of a model");
    ConfigCheck.require(!model.isBlank(), "model", model, "the folder of a model");
    ConfigCheck.given(method, "method", "sdpo, grpo or sft");
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
        method == Method.SFT
            || (method == Method.SDPO && !mixes(algorithm, selfDistillation))
            || rollout.n() > 1,
        "rollout.n",
        rollout.n(),
        "2 or more with method grpo, or with a share of GRPO: a group of one has no advantage");
    ConfigCheck.require(
        method == Method.GRPO || !actor.useKlLoss(),
        "actor.use_kl_loss",
        actor.useKlLoss(),
        "false with method "
            + method.name().toLowerCase(Locale.ROOT)
            + ", as in the reference, whose reference model is the self-teacher; to stay near the"
            + " initial policy use self_distillation.teacher_regularization: trust-region");
    ConfigCheck.require(
        selfDistillation.distillationWeight() == 1
            || (algorithm.hybridLambda() == 0
                && algorithm.routing() == AlgorithmConfig.Routing.NONE),
        "self_distillation.distillation_weight",
        selfDistillation.distillationWeight(),
        "1 with algorithm.hybrid_lambda or algorithm.routing, which mix GRPO in another way");
    ConfigCheck.require(
        method == Method.SDPO || !mixes(algorithm, selfDistillation),
        "method",
        method.name().toLowerCase(Locale.ROOT),
        "sdpo with algorithm.hybrid_lambda, algorithm.routing or"
            + " self_distillation.distillation_weight, which mix GRPO into it");
    ConfigCheck.require(
        method != Method.SFT
            || selfDistillation.teacherRegularization() != TeacherKind.TRUST_REGION,
        "self_distillation.teacher_regularization",
        "trust-region",
        "ema, frozen or live with method sft: the teacher samples, and a mix of two models cannot");
  }

  private static boolean mixes(AlgorithmConfig a, SelfDistillationConfig d) {
    return a.hybridLambda() > 0
        || a.routing() != AlgorithmConfig.Routing.NONE
        || d.distillationWeight() < 1;
  }

  /** Whether SDPO's loss has a part of GRPO's beside it. */
  boolean mixes() {
    return mixes(algorithm, selfDistillation);
  }

  /** The quickstart setting of a method; a configuration file changes it key by key. */
  public static TrainConfig defaults(Method method) {
    boolean sdpo = method != Method.GRPO;
    return new TrainConfig(
        EnvironmentConfig.defaults(),
        "models/dialect-48x2",
        method,
        null,
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

  /**
   * Reads a file over the defaults of the method and the preset that it, or an override, names.
   *
   * @param file null for the defaults alone
   * @param overrides {@code key.path=value} each, which win over the file
   */
  public static TrainConfig read(@Nullable Path file, List<String> overrides) {
    return file == null
        ? parse("", "defaults", overrides)
        : Configs.readOver(file, TrainConfig::defaultsFor, overrides);
  }

  /**
   * The same from text.
   *
   * @param source what messages call the text
   */
  public static TrainConfig parse(String text, String source, List<String> overrides) {
    return Configs.parseOver(text, source, TrainConfig::defaultsFor, overrides);
  }

  private static TrainConfig defaultsFor(UnaryOperator<String> key) {
    String method = key.apply("method");
    TrainConfig defaults =
        defaults(
            switch (method) {
              case "grpo" -> Method.GRPO;
              case "sft" -> Method.SFT;
              default -> Method.SDPO; // a name that is none is refused when it is bound
            });
    return Preset.named(key.apply("preset")).map(p -> p.over(defaults)).orElse(defaults);
  }

  /** The same run with another seed. */
  public TrainConfig withSeed(long newSeed) {
    return new TrainConfig(
        environment,
        model,
        method,
        preset,
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
        preset,
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
        preset,
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

  /** Optimiser steps of one generation step. */
  public int optimizerSteps() {
    return miniBatches() * actor.ppoEpochs();
  }

  /** Answers sampled in one generation step: SFT samples as many from the teacher. */
  public long generationsAStep() {
    return (long) trainBatchSize * rollout.n() * (method == Method.SFT ? 2 : 1);
  }

  /** Mini-batches of one generation step: the last may be smaller. */
  public int miniBatches() {
    return Math.ceilDiv(trainBatchSize, questionsAMiniBatch());
  }

  /** Questions of one optimiser step. */
  public int questionsAMiniBatch() {
    Integer size = actor.ppoMiniBatchSize();
    return size == null ? trainBatchSize : size;
  }
}
