package dev.hindsight.sdpo.trainer;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.GradientNorm;
import dev.hindsight.autograd.Schedule;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Workspace;
import dev.hindsight.sdpo.loss.Aggregation;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.DistillationLoss;
import dev.hindsight.sdpo.loss.Divergence;
import dev.hindsight.sdpo.loss.ImportanceWeight;
import dev.hindsight.sdpo.loss.PolicyGradientLoss;
import dev.hindsight.sdpo.loss.SampledTokenLoss;
import dev.hindsight.sdpo.loss.Support;
import dev.hindsight.sdpo.loss.TokenLoss;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.SequenceScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From judged rollouts to a changed policy: student and teacher read the same responses, the loss
 * goes back, the optimiser steps, once a mini-batch.
 */
final class PolicyUpdate implements AutoCloseable {
  /**
   * A rollout as the loss sees it.
   *
   * @param rollout with the response y
   * @param teacherPrompt what the self-teacher reads before y; null for a method without one
   * @param target d_i: whether the sample counts
   * @param advantage A_i; 0 for a method without one
   */
  record Sample(Rollout rollout, int @Nullable [] teacherPrompt, boolean target, double advantage) {
    int[] response() {
      return rollout.completion().tokens();
    }
  }

  /**
   * What one mini-batch did.
   *
   * @param outputs of the loss, rows in the order of the samples' responses
   * @param gradNorm before clipping
   * @param live tokens that counted
   * @param stepped whether the optimiser stepped: not with a gradient that is not finite
   */
  record Result(ChunkedLoss.Outputs outputs, double gradNorm, int live, boolean stepped) {}

  private final TrainConfig config;
  private final Decoder student;
  private final @Nullable SelfTeacher teacher;
  private final int longestResponse;
  private final AdamW optimizer;
  private final Schedule schedule;
  private final ChunkedLoss loss;
  private final Workspace workspace;
  private final SequenceScorer scorer;

  /**
   * @param teacher null for a method without one
   */
  PolicyUpdate(
      TrainConfig config, Decoder student, @Nullable SelfTeacher teacher, int longestResponse) {
    this.config = config;
    this.student = student;
    this.teacher = teacher;
    this.longestResponse = longestResponse;
    OptimConfig o = config.optim();
    this.optimizer =
        new AdamW(
            student.parameters(),
            new AdamW.Settings(o.beta1(), o.beta2(), o.eps(), o.weightDecay()));
    this.schedule = schedule(config);
    this.loss =
        new ChunkedLoss(
            loss(config), config.rollout().temperature(), ChunkedLoss.ROWS, student.backend());
    this.workspace = new Workspace(student.backend());
    this.scorer = new SequenceScorer(student);
  }

  /** The loss of a configuration. */
  static TokenLoss loss(TrainConfig config) {
    SelfDistillationConfig d = config.selfDistillation();
    ActorConfig a = config.actor();
    return switch (config.method()) {
      case GRPO -> new PolicyGradientLoss(a.clipRatioLow(), a.clipRatioHigh(), a.clipRatioC());
      case SDPO ->
          d.fullLogitDistillation()
              ? new DistillationLoss(new Divergence(d.alpha()), support(d), d.isClip())
              : new SampledTokenLoss(d.isClip());
    };
  }

  private static Support support(SelfDistillationConfig d) {
    return d.distillationTopk() == null
        ? new Support.FullVocabulary()
        : new Support.TopK(d.distillationTopk(), d.distillationAddTail());
  }

  /** The learning rate by optimiser step. */
  static Schedule schedule(TrainConfig config) {
    OptimConfig o = config.optim();
    // a decay to zero gets there one step after the last: at zero, the answers of the last
    // generation would be sampled and judged for a step that moves nothing
    long steps = (long) config.steps() * config.miniBatches() + 1;
    Schedule schedule =
        switch (o.lrSchedule()) {
          case CONSTANT -> Schedule.constant(o.lr());
          case LINEAR -> Schedule.linear(o.lr(), steps, 0);
          case COSINE -> Schedule.cosine(o.lr(), steps, 0);
        };
    return schedule.withWarmUp(o.lrWarmupSteps());
  }

  AdamW optimizer() {
    return optimizer;
  }

  /** The rate of the last optimiser step, or of the first before it. */
  double learningRate() {
    return schedule.at(Math.max(1, optimizer.steps()));
  }

  /**
   * All mini-batches of one generation step, in the order of the samples; then the teacher follows,
   * once, if a mini-batch took a step.
   */
  List<Result> update(List<Sample> samples) {
    List<float[]> old = startOfUpdate(samples);
    int size = config.questionsAMiniBatch() * config.rollout().n();
    List<Result> results = new ArrayList<>();
    for (int from = 0; from < samples.size(); from += size) {
      int to = Math.min(samples.size(), from + size);
      boolean last = to == samples.size();
      results.add(miniBatch(samples.subList(from, to), old.subList(from, to), last));
    }
    boolean followed = results.isEmpty() || results.getLast().stepped();
    if (teacher != null && !followed && results.stream().anyMatch(Result::stepped)) {
      teacher.update();
    }
    return results;
  }

  /**
   * log pi_old of every response. The engine that samples is the engine that trains, so what the
   * sampler recorded is it, bit for bit; rollout correction, which is about engines that differ,
   * asks for it to be computed again.
   */
  private List<float[]> startOfUpdate(List<Sample> samples) {
    if (config.algorithm().rolloutIs() == AlgorithmConfig.RolloutIs.NONE) {
      return samples.stream().map(s -> s.rollout().completion().logProbs()).toList();
    }
    return scorer.logProbs(
        samples.stream().map(s -> s.rollout().prompt()).toList(),
        samples.stream().map(Sample::response).toList(),
        config.rollout().temperature());
  }

  private Result miniBatch(List<Sample> samples, List<float[]> old, boolean last) {
    List<int[]> responses = samples.stream().map(Sample::response).toList();
    int[] live = samples.stream().mapToInt(s -> s.target() ? s.response().length : 0).toArray();
    try (var _ = workspace.open()) {
      ChunkedLoss.Logits q = null;
      if (teacher != null) {
        List<int[]> prompts = samples.stream().map(Sample::teacherPrompt).toList();
        q = teacher.read(SequenceScorer.batch(prompts, responses));
      }
      List<int[]> prompts = samples.stream().map(s -> s.rollout().prompt()).toList();
      Variable hidden = student.hidden(SequenceScorer.batch(prompts, responses));
      ChunkedLoss.Outputs outputs =
          loss.backward(hidden, student::logits, inputs(samples, old, live, q));
      GradientNorm norm =
          GradientNorm.clip(student.parameters().values(), config.optim().gradClip());
      if (norm.isFinite()) {
        double learningRate = schedule.at(optimizer.steps() + 1);
        if (teacher != null && last) {
          teacher.update(optimizer, learningRate, norm.scale());
        } else {
          optimizer.step(learningRate, norm.scale());
        }
      }
      optimizer.clearGradients();
      int tokens = Arrays.stream(live).sum();
      return new Result(outputs, norm.norm(), tokens, norm.isFinite());
    }
  }

  private ChunkedLoss.Inputs inputs(
      List<Sample> samples, List<float[]> old, int[] live, ChunkedLoss.@Nullable Logits q) {
    int[] sampled = SequenceScorer.targets(samples.stream().map(Sample::response).toList());
    float[] weight = new float[sampled.length];
    float[] logOld = new float[sampled.length];
    float[] advantage = new float[sampled.length];
    double[] share = aggregation(live);
    int row = 0;
    for (int i = 0; i < live.length; i++) {
      Sample s = samples.get(i);
      double[] correction = rolloutCorrection(s, old.get(i));
      for (int t = 0; t < s.response().length; t++, row++) {
        weight[row] = s.target() ? (float) (share[i] * correction[t]) : 0;
        logOld[row] = old.get(i)[t];
        advantage[row] = (float) s.advantage();
      }
    }
    boolean policyGradient = config.method() == TrainConfig.Method.GRPO;
    return new ChunkedLoss.Inputs(sampled, weight, logOld, policyGradient ? advantage : null, q);
  }

  private double[] aggregation(int[] live) {
    Aggregation mode = config.actor().lossAggMode();
    Double factor = config.actor().lossScaleFactor();
    return mode.weights(live, factor == null ? longestResponse : factor);
  }

  /** w_t of rollout correction, by token. */
  private double[] rolloutCorrection(Sample s, float[] old) {
    float[] rollout = s.rollout().completion().logProbs();
    double threshold = config.algorithm().rolloutIsThreshold();
    double[] w = new double[old.length];
    double sumOld = 0;
    double sumRollout = 0;
    for (int t = 0; t < w.length; t++) {
      w[t] = ImportanceWeight.truncated(old[t], rollout[t], threshold);
      sumOld += old[t];
      sumRollout += rollout[t];
    }
    switch (config.algorithm().rolloutIs()) {
      case NONE -> Arrays.fill(w, 1);
      case TOKEN -> {}
      case SEQUENCE -> Arrays.fill(w, ImportanceWeight.truncated(sumOld, sumRollout, threshold));
    }
    return w;
  }

  @Override
  public void close() {
    loss.close();
    workspace.close();
    scorer.close();
  }
}
