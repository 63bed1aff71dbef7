package dev.hindsight.sdpo.trainer;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.GradientNorm;
import dev.hindsight.autograd.Schedule;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Workspace;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.OldTop;
import dev.hindsight.sdpo.loss.RolloutCorrection;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.transformer.Batch;
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
   * @param advantage A_i of GRPO; 0 for a method without one
   * @param success whether the reward says that y is right
   * @param weight of its question; 1 where all weigh the same
   */
  record Sample(
      Rollout rollout,
      int @Nullable [] teacherPrompt,
      boolean target,
      double advantage,
      boolean success,
      double weight) {

    Sample(Rollout rollout, int @Nullable [] teacherPrompt, boolean target, double advantage) {
      this(rollout, teacherPrompt, target, advantage, false, 1);
    }

    int[] response() {
      return rollout.completion().tokens();
    }
  }

  /**
   * What one mini-batch did.
   *
   * @param outputs of the loss, rows in the order of the samples' responses
   * @param terms what the parts of the loss are called
   * @param logOld log pi_old(y_t) of the rows
   * @param correction weights of rollout correction
   * @param rejected tokens that rollout correction left out
   * @param gradNorm before clipping
   * @param live tokens that counted
   * @param stepped whether the optimiser stepped: not with a gradient that is not finite
   * @param top what was likeliest at the rows that are kept to be read
   */
  record Result(
      ChunkedLoss.Outputs outputs,
      List<String> terms,
      double[] logOld,
      double[] correction,
      int rejected,
      double gradNorm,
      int live,
      boolean stepped,
      TopTokens top) {}

  private final TrainConfig config;
  private final Decoder student;
  private final @Nullable SelfTeacher teacher;
  private final Objective objective;
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
    this.objective = new Objective(config, longestResponse);
    OptimConfig o = config.optim();
    this.optimizer =
        new AdamW(
            student.parameters(),
            new AdamW.Settings(o.beta1(), o.beta2(), o.eps(), o.weightDecay()));
    this.schedule = schedule(config);
    this.loss =
        new ChunkedLoss(config.rollout().temperature(), ChunkedLoss.ROWS, student.backend());
    this.workspace = new Workspace(student.backend());
    this.scorer = new SequenceScorer(student);
  }

  /** The learning rate by optimiser step. */
  static Schedule schedule(TrainConfig config) {
    OptimConfig o = config.optim();
    // a decay to zero gets there one step after the last: at zero, the answers of the last
    // generation would be sampled and judged for a step that moves nothing
    long steps = (long) config.steps() * config.optimizerSteps() + 1;
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
   * All mini-batches of one generation step, in the order of the samples, once an epoch; then the
   * teacher follows, once, if a mini-batch took a step.
   */
  List<Result> update(List<Sample> samples) {
    List<float[]> old = startOfUpdate(samples);
    RolloutCorrection.Result correction =
        config.algorithm().rolloutCorrection().of(old, recorded(samples));
    int size = config.questionsAMiniBatch() * config.rollout().n();
    List<MiniBatch> batches = new ArrayList<>();
    for (int from = 0; from < samples.size(); from += size) {
      batches.add(rows(samples, old, correction, from, Math.min(samples.size(), from + size)));
    }
    List<Result> results = new ArrayList<>();
    int steps = batches.size() * config.actor().ppoEpochs();
    for (int k = 0; k < steps; k++) {
      MiniBatch batch = batches.get(k % batches.size());
      // of later epochs nothing is kept to be read
      TopTokens top = k < batches.size() ? top(batch, k * size, samples.size()) : TopTokens.none();
      results.add(miniBatch(batch, k == steps - 1, top));
    }
    boolean followed = results.isEmpty() || results.getLast().stepped();
    if (teacher != null && !syncs() && !followed && results.stream().anyMatch(Result::stepped)) {
      teacher.update();
    }
    return results;
  }

  /**
   * What to keep of a mini-batch's distributions.
   *
   * @param from its first sample among all of the step
   */
  private TopTokens top(MiniBatch batch, int from, int all) {
    RecordConfig r = config.record();
    List<Integer> kept = r.topK() > 0 ? r.kept(all, config.rollout().n()) : List.of();
    boolean[] wanted = new boolean[batch.sampled().length];
    int row = 0;
    for (int i = 0; i < batch.lengths().length; i++) {
      int end = row + batch.lengths()[i];
      Arrays.fill(wanted, row, end, kept.contains(from + i));
      row = end;
    }
    return new TopTokens(r.topK(), wanted);
  }

  /**
   * log pi_old of every response. The engine that samples is the engine that trains, so what the
   * sampler recorded is it, bit for bit; rollout correction, which is about engines that differ,
   * asks for it to be computed again.
   */
  private List<float[]> startOfUpdate(List<Sample> samples) {
    AlgorithmConfig a = config.algorithm();
    boolean correct =
        a.rolloutIs() != RolloutCorrection.Level.NONE
            || a.rolloutRs() != RolloutCorrection.Rejection.NONE;
    if (!correct || a.bypassMode()) {
      return recorded(samples);
    }
    return scorer.logProbs(
        samples.stream().map(s -> s.rollout().prompt()).toList(),
        samples.stream().map(Sample::response).toList(),
        config.rollout().temperature());
  }

  private static List<float[]> recorded(List<Sample> samples) {
    return samples.stream().map(s -> s.rollout().completion().logProbs()).toList();
  }

  private MiniBatch rows(
      List<Sample> all, List<float[]> old, RolloutCorrection.Result correction, int from, int to) {
    List<Sample> samples = all.subList(from, to);
    int[] lengths = samples.stream().mapToInt(s -> s.response().length).toArray();
    int rows = Arrays.stream(lengths).sum();
    double[] logOld = new double[rows];
    double[] weights = new double[rows];
    boolean[] rejected = new boolean[rows];
    boolean[] excluded = new boolean[rows];
    int row = 0;
    for (int i = 0; i < lengths.length; i++) {
      for (int t = 0; t < lengths[i]; t++) {
        logOld[row + t] = old.get(from + i)[t];
      }
      System.arraycopy(correction.weights().get(from + i), 0, weights, row, lengths[i]);
      System.arraycopy(correction.rejected().get(from + i), 0, rejected, row, lengths[i]);
      boolean cut = !samples.get(i).rollout().completion().finished();
      for (int end = row + lengths[i]; row < end; row++) {
        excluded[row] = rejected[row] || (cut && config.actor().maskTruncatedCompletions());
      }
    }
    int[] sampled = SequenceScorer.targets(samples.stream().map(Sample::response).toList());
    int k = objective.oldTop();
    OldTop top = k > 0 && config.optimizerSteps() > 1 ? oldTop(samples, k) : null;
    return new MiniBatch(samples, lengths, sampled, logOld, weights, rejected, excluded, top);
  }

  private OldTop oldTop(List<Sample> samples, int k) {
    try (var _ = workspace.open();
        var _ = Autograd.noGrad()) {
      return loss.top(student.hidden(batch(samples)), student::logits, k);
    }
  }

  private static Batch batch(List<Sample> samples) {
    return SequenceScorer.batch(
        samples.stream().map(s -> s.rollout().prompt()).toList(),
        samples.stream().map(Sample::response).toList());
  }

  private Result miniBatch(MiniBatch rows, boolean last, TopTokens top) {
    List<Sample> samples = rows.samples();
    try (var _ = workspace.open()) {
      ChunkedLoss.Logits q = null;
      if (teacher != null && objective.reads()) {
        List<int[]> prompts = samples.stream().map(Sample::teacherPrompt).toList();
        q =
            teacher.read(
                SequenceScorer.batch(prompts, samples.stream().map(Sample::response).toList()));
      }
      Variable hidden = student.hidden(batch(samples));
      ChunkedLoss.Outputs survey =
          objective.needsSurvey() ? loss.survey(hidden, student::logits, rows.sampled(), q) : null;
      Objective.Terms terms = objective.terms(rows, survey);
      ChunkedLoss.Outputs outputs =
          loss.backward(hidden, student::logits, rows.sampled(), terms.terms(), q, top);
      GradientNorm norm =
          GradientNorm.clip(student.parameters().values(), config.optim().gradClip());
      if (norm.isFinite()) {
        step(norm.scale(), last);
      }
      optimizer.clearGradients();
      int rejected = 0;
      for (boolean r : rows.rejected()) {
        rejected += r ? 1 : 0;
      }
      return new Result(
          outputs,
          terms.names(),
          rows.logOld(),
          rows.correction(),
          rejected,
          norm.norm(),
          terms.live(),
          norm.isFinite(),
          top);
    }
  }

  /** Whether an EMA teacher counts optimiser steps instead of generation steps. */
  private boolean syncs() {
    return config.selfDistillation().teacherSyncSteps() != null;
  }

  private void step(double gradientScale, boolean last) {
    double learningRate = schedule.at(optimizer.steps() + 1);
    Integer every = config.selfDistillation().teacherSyncSteps();
    boolean follow = every == null ? last : (optimizer.steps() + 1) % every == 0;
    if (teacher != null && follow) {
      teacher.update(optimizer, learningRate, gradientScale);
    } else {
      optimizer.step(learningRate, gradientScale);
    }
  }

  @Override
  public void close() {
    loss.close();
    workspace.close();
    scorer.close();
  }
}
