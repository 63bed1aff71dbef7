package dev.hindsight.sdpo.trainer;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.engine.Tensor;
import dev.hindsight.sdpo.run.Checkpoint;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.transformer.Decoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How far a run is: its metrics so far, the alarms that follow from them, and the best weights. */
final class Progress {
  /** Measure of the first step: the gap before training. */
  private static final String INITIAL_GAP = "initial_gap";

  private final TrainConfig config;
  private final Alarms alarms;
  private final List<StepMetrics> history = new ArrayList<>();
  private int step;
  private @Nullable Integer bestStep;
  private @Nullable Double bestAccuracy;

  /** The best weights, until they are on the disk. */
  private @Nullable Map<String, Tensor> best;

  Progress(TrainConfig config) {
    this.config = config;
    this.alarms = new Alarms(config.selfDistillation().diagnosticsWarningInterval());
  }

  /** Generation steps done. */
  int step() {
    return step;
  }

  /** Whether nothing is left to train: all steps are done, or the accuracy asked for is reached. */
  boolean isOver() {
    Double enough = config.evaluation().stopAtAccuracy();
    Double accuracy = history.isEmpty() ? null : history.getLast().accuracy();
    boolean reached = step > 0 && enough != null && accuracy != null && accuracy >= enough;
    return reached || step == config.steps();
  }

  /** Takes up a checkpoint. */
  void restore(Checkpoint from) {
    step = from.step();
    bestStep = from.bestStep();
    bestAccuracy = from.bestAccuracy();
  }

  /** Takes in what was recorded before the checkpoint, so that alarms go on as if never stopped. */
  void replay(List<StepMetrics> recorded) {
    for (StepMetrics metrics : recorded) {
      alarms.observe(metrics, hadSignal(metrics) ? null : "no signal");
      history.add(metrics);
    }
  }

  /** What {@link Signal#absent} says, from the record. */
  private boolean hadSignal(StepMetrics metrics) {
    Double active = metrics.repromptSampleFraction();
    Double varied = metrics.variedGroupFraction();
    Double successes = metrics.successGroupFraction();
    return varied == null
        || successes == null
        || !Signal.isAbsent(config, active == null ? 0 : active, varied, successes);
  }

  /** The metrics of step 0: the model as it came. */
  StepMetrics begin(Trainer.Evaluation evaluation) {
    StepMetrics metrics =
        new StepMetrics(
            0,
            0,
            null,
            evaluation.accuracy(),
            evaluation.average(),
            evaluation.teacherAccuracy(),
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            0,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            new TreeMap<>(),
            List.of());
    alarms.observe(metrics, null);
    history.add(metrics);
    return metrics;
  }

  /** The metrics of the next step, with the alarms that begin with it. */
  StepMetrics advance(
      StepReport report,
      Signal signal,
      Trainer.Evaluation evaluation,
      double learningRate,
      long optimizerSteps) {
    step++;
    boolean distils = config.method() != TrainConfig.Method.GRPO;
    if (step == 1 && report.gapAtStart != null) {
      report.measures.put(INITIAL_GAP, report.gapAtStart);
    }
    StepMetrics metrics =
        new StepMetrics(
            step,
            generations(),
            report.trainReward,
            evaluation.accuracy(),
            evaluation.average(),
            evaluation.teacherAccuracy(),
            report.loss,
            report.entropy,
            report.responseLength,
            report.finishedFraction,
            report.gradNorm,
            report.teacherGap,
            learningRate,
            optimizerSteps,
            signal.successGroupFraction(),
            signal.variedGroupFraction(),
            signal.signalGroupFraction(),
            distils ? signal.successSampleFraction() : null,
            signal.feedbackAvailableFraction(),
            distils ? signal.feedbackUsedFraction() : null,
            distils ? signal.repromptSampleFraction() : null,
            report.emptyTarget,
            report.ratioMax,
            signal.truncatedPrompts(),
            report.measures,
            List.of());
    metrics = metrics.withAlarms(alarms.observe(metrics, signal.absent()));
    history.add(metrics);
    return metrics;
  }

  private long generations() {
    return step * config.generationsAStep();
  }

  // ----------------------------------------------------------- best weights

  /** Remembers the weights if no evaluation was better. */
  void keepIfBest(StepMetrics metrics, Decoder policy) {
    Double accuracy = metrics.accuracy();
    if (accuracy != null && (bestAccuracy == null || accuracy > bestAccuracy)) {
      bestAccuracy = accuracy;
      bestStep = metrics.step();
      Map<String, Tensor> copy = new TreeMap<>();
      policy.weights().forEach((name, weight) -> copy.put(name, weight.keep()));
      best = copy;
    }
  }

  /** Writes the best weights if they are new. */
  void writeBest(RunFolder run) throws IOException {
    if (best != null && bestStep != null && bestAccuracy != null) {
      run.saveBest(best, bestStep, bestAccuracy);
      best = null;
    }
  }

  /**
   * All that the next step depends on.
   *
   * @param teacher state of the self-teacher; null without one
   */
  Checkpoint checkpoint(
      Map<String, Tensor> weights, AdamW optimizer, @Nullable SortedMap<String, Tensor> teacher) {
    TreeMap<String, Tensor> tensors = new TreeMap<>(weights);
    optimizer.firstMoments().forEach((name, m) -> tensors.put("adam.m." + name, m));
    optimizer.secondMoments().forEach((name, v) -> tensors.put("adam.v." + name, v));
    if (teacher != null) {
      teacher.forEach((name, weight) -> tensors.put("teacher." + name, weight));
    }
    return new Checkpoint(
        step, config.seed(), optimizer.steps(), bestStep, bestAccuracy, 0, 0, tensors);
  }

  // ---------------------------------------------------------------- summary

  RunSummary summary(String environment, String backend, double wallSeconds) {
    StepMetrics base =
        history.isEmpty() || history.getFirst().step() > 0 ? null : history.getFirst();
    Double last = null;
    for (StepMetrics m : history) {
      last = m.accuracy() == null ? last : m.accuracy();
    }
    return new RunSummary(
        config.method().name().toLowerCase(Locale.ROOT),
        environment,
        config.seed(),
        backend,
        step,
        isOver(),
        generations(),
        base == null ? null : base.accuracy(),
        last,
        bestAccuracy,
        bestStep,
        RunSummary.generationsTo(.5, history),
        RunSummary.generationsTo(.9, history),
        base == null ? null : base.teacherAccuracy(),
        history.stream()
            .map(m -> m.measures().get(INITIAL_GAP))
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null),
        wallSeconds,
        history.stream()
            .flatMap(m -> m.alarms().stream().map(a -> "step " + m.step() + ": " + a))
            .toList());
  }
}
