package dev.hindsight.sdpo.trainer;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.evaluation.Evaluator;
import dev.hindsight.sdpo.evaluation.TeacherProbe;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.rollout.RolloutSampler;
import dev.hindsight.sdpo.run.Checkpoint;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.sdpo.run.TensorBoardLog;
import dev.hindsight.sdpo.teacher.DemonstrationOptions;
import dev.hindsight.sdpo.teacher.DemonstrationSelector;
import dev.hindsight.sdpo.teacher.PromptEncoder;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.sdpo.teacher.TeacherKind;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.SamplingOptions;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The training loop, Algorithm 1 of arXiv 2601.20802, with GRPO in the same loop:
 *
 * <pre>
 *   for each step:
 *     sample questions x; G rollouts y ~ pi_theta(. | x) each
 *     environment: reward r, feedback f
 *     demonstrations from siblings and feedback; teacher prompts; mask d       (SDPO, SFT)
 *     the teacher answers under them                                          (SFT)
 *     group-relative advantages                                               (GRPO)
 *     for each mini-batch: teacher and student read y; loss; backward; clip; AdamW
 *     teacher weights
 *     evaluation, records, checkpoint
 * </pre>
 *
 * <p>Everything random is drawn from counter-based streams keyed by seed, step and row: a resumed
 * run and a run on another number of threads write the same bytes.
 */
public final class Trainer implements AutoCloseable {
  private static final long ROLLOUT_STREAM = 0x726F_6C6C_6F75_7473L;
  private static final long TEACHER_STREAM = 0x7465_6163_6865_7273L;
  private static final long EVALUATION_STREAM = 0x6576_616C_7561_7465L;

  private final TrainConfig config;
  private final Environment environment;
  private final ModelFolder model;
  private final Decoder policy;
  private final RunFolder run;
  private final TrainListener listener;

  private final int longestResponse;
  private final TeacherPrompts prompts;
  private final DemonstrationSelector selector;
  private final @Nullable SelfTeacher teacher;
  private final @Nullable TeacherProbe probe;
  private final RolloutSampler sampler;
  private final @Nullable RolloutSampler teacherSampler;
  private final SampleBuilder builder;
  private final PolicyUpdate update;
  private final Evaluator evaluator;
  private final Progress progress;
  private @Nullable TensorBoardLog events;
  private volatile boolean stopRequested;

  /**
   * @param model the policy to start from; its weights are trained in place
   * @param run the folder to record in; a checkpoint in it is gone on from
   */
  public Trainer(
      TrainConfig config,
      Environment environment,
      ModelFolder model,
      RunFolder run,
      TrainListener listener) {
    this.config = config;
    this.environment = environment;
    this.model = model;
    this.policy = model.decoder();
    this.run = run;
    this.listener = listener;
    this.longestResponse = longestResponse();
    SelfDistillationConfig d = config.selfDistillation();
    this.prompts =
        new TeacherPrompts(
            d.template(),
            new PromptEncoder(environment.renderer(), model.tokenizer()),
            longestPrompt(d.maxRepromptLen()),
            d.repromptTruncation());
    this.selector = DemonstrationSelector.of(demonstrations(d), environment);
    boolean distils = config.method() != TrainConfig.Method.GRPO;
    this.teacher =
        distils
            ? new SelfTeacher(d.teacherRegularization(), d.teacherUpdateRate(), policy)
            : config.actor().useKlLoss() ? new SelfTeacher(TeacherKind.FROZEN, 0, policy) : null;
    this.sampler = new RolloutSampler(policy, model.tokenizer(), environment, prompts);
    this.teacherSampler =
        config.method() == TrainConfig.Method.SFT
            ? new RolloutSampler(teacher.sampled(), model.tokenizer(), environment, prompts)
            : null;
    this.builder = new SampleBuilder(config, prompts, selector, teacherSampler);
    this.update = new PolicyUpdate(config, policy, teacher, longestResponse);
    EvaluationConfig e = config.evaluation();
    List<Question> heldOut = Evaluator.questions(environment, e.questions(), config.seed());
    this.evaluator = new Evaluator(policy, model.tokenizer(), environment, prompts, heldOut);
    this.probe =
        distils && e.teacherQuestions() > 0
            ? TeacherProbe.afterFailedAttempt(
                policy,
                model.tokenizer(),
                environment,
                prompts,
                Evaluator.questions(environment, e.teacherQuestions(), config.seed()),
                config.rollout().temperature(),
                config.seed())
            : null;
    this.progress = new Progress(config);
  }

  /**
   * Most tokens of a response. A preset's 8192 is for models of the paper's size: where a model's
   * context is shorter than that, the environment's own limit holds.
   */
  private int longestResponse() {
    Integer asked = config.rollout().responseLength();
    boolean tooLong = asked != null && asked >= policy.config().maxPositions();
    return asked == null || (config.preset() != null && tooLong)
        ? environment.maxResponseTokens()
        : asked;
  }

  private int longestPrompt(@Nullable Integer asked) {
    // the last token of a response is not read
    int room = policy.config().maxPositions() - longestResponse + 1;
    ConfigCheck.require(
        room > 1,
        "rollout.response_length",
        longestResponse,
        "less than the model's context of " + policy.config().maxPositions() + " tokens");
    return asked == null ? room : Math.min(asked, room);
  }

  private static DemonstrationOptions demonstrations(SelfDistillationConfig d) {
    return new DemonstrationOptions(
        d.successRewardThreshold(),
        d.dontRepromptOnSelfSuccess(),
        d.removeThinkingFromDemonstration(),
        d.includeEnvironmentFeedback(),
        d.environmentFeedbackOnlyWithoutSolution(),
        d.useSuccessfulAsTeacher());
  }

  /** Asks the run to stop after the step that it is in, with its state saved. Any thread may. */
  public void requestStop() {
    stopRequested = true;
  }

  /**
   * Runs to the end or to a requested stop, from the newest checkpoint in the folder if there is
   * one.
   *
   * @throws IOException when the folder cannot be read or written; checkpoints written before stay
   */
  public RunSummary run() throws IOException {
    long began = System.nanoTime();
    Optional<Checkpoint> from = run.load(policy.backend(), policy.dtype());
    if (from.isPresent()) {
      restore(from.get());
    }
    run.openRecords(from.orElse(null));
    List<StepTimings> before = run.readTimings(StepTimings.class);
    progress.replay(run.readMetrics(StepMetrics.class));
    if (config.record().tensorboard()) {
      events = EventLog.open(run);
    }
    listener.started(progress.step(), config.steps());
    if (from.isEmpty() && config.evaluation().valBeforeTrain()) {
      record(progress.begin(evaluate(0)));
    }
    while (!progress.isOver() && !stopRequested) {
      step(progress.step() + 1);
      int every = config.record().saveFreq();
      if (every > 0 && progress.step() % every == 0 && !progress.isOver()) {
        save();
      }
    }
    save();
    if (progress.isOver()) {
      model.save(run.path().resolve("model"));
    }
    double secondsBefore = before.stream().mapToDouble(StepTimings::totalSeconds).sum();
    RunSummary summary =
        progress.summary(environment.name(), backends(before), secondsBefore + seconds(began));
    run.writeSummary(summary);
    return summary;
  }

  /** Those of the steps that earlier processes did, and this one's if it did any itself. */
  private String backends(List<StepTimings> before) {
    Set<String> backends = new LinkedHashSet<>();
    for (StepTimings step : before) {
      if (step.backend() != null) {
        backends.add(step.backend());
      }
    }
    if (backends.isEmpty() || progress.step() > before.getLast().step()) {
      backends.add(policy.backend().description());
    }
    return String.join(", then ", backends);
  }

  private void step(int step) throws IOException {
    long began = System.nanoTime();
    // x ~ D, y ~ pi_theta(. | x), r and f
    List<Question> questions = environment.drawBatch(config.trainBatchSize(), config.seed(), step);
    listener.questionsDrawn(step, questions);
    SamplingOptions sampling = config.rollout().sampling(longestResponse, model.tokenizer().eos());
    List<Rollout> rollouts =
        sampler.sample(
            questions,
            config.rollout().n(),
            sampling,
            new Philox(config.seed(), ROLLOUT_STREAM).split(step));
    long sampled = System.nanoTime();

    listener.rolloutsJudged(step, rollouts);
    Philox ofTeacher = new Philox(config.seed(), TEACHER_STREAM).split(step);
    SampleBuilder.Built batch = builder.build(rollouts, sampling, ofTeacher);
    listener.teacherPromptsBuilt(step, batch.prompts());
    listener.updateBegins(step, batch.samples().stream().map(PolicyUpdate.Sample::target).toList());
    List<PolicyUpdate.Result> results = update.update(batch.samples());
    long updated = System.nanoTime();

    int every = config.evaluation().testFreq();
    boolean due = step == config.steps() || (every > 0 && step % every == 0);
    Evaluation evaluation = due ? evaluate(step) : Evaluation.NONE;
    long evaluated = System.nanoTime();

    StepReport report = new StepReport(config, rollouts, batch.samples(), results);
    Signal signal =
        Signal.of(config, rollouts, batch.prompts(), selector.options(), config.rollout().n());
    StepMetrics metrics =
        progress.advance(
            report, signal, evaluation, update.learningRate(), update.optimizer().steps());
    for (SampleRecord sample : report.samples(step, model.tokenizer(), batch.prompts())) {
      run.appendSample(sample);
    }
    run.appendTimings(
        new StepTimings(
            step,
            (sampled - began) * 1e-9,
            (updated - sampled) * 1e-9,
            (evaluated - updated) * 1e-9,
            seconds(began),
            policy.backend().description()));
    record(metrics);
  }

  /** What was measured on held-out questions; null where it was not. */
  record Evaluation(
      @Nullable Double accuracy, @Nullable Double average, @Nullable Double teacherAccuracy) {
    static final Evaluation NONE = new Evaluation(null, null, null);
  }

  private Evaluation evaluate(int step) {
    EvaluationConfig e = config.evaluation();
    double temperature = e.temperature();
    OptionalDouble exact = evaluator.accuracy(temperature);
    Double average = null;
    if (e.n() > 0 || exact.isEmpty()) {
      Philox random = new Philox(config.seed(), EVALUATION_STREAM).split(step);
      average = evaluator.average(Math.max(1, e.n()), temperature, e.topP(), random);
    }
    Double ofTeacher = null;
    boolean teacherDue = step % e.teacherFreq() == 0 || step == config.steps();
    if (teacher != null && probe != null && teacherDue) {
      OptionalDouble accuracy = probe.accuracy(teacher, config.rollout().temperature());
      ofTeacher = accuracy.isPresent() ? accuracy.getAsDouble() : null;
    }
    // where right responses cannot be listed, sampled accuracy stands in for the exact one
    return new Evaluation(exact.isPresent() ? exact.getAsDouble() : average, average, ofTeacher);
  }

  private void record(StepMetrics metrics) throws IOException {
    run.appendMetrics(metrics);
    if (events != null) {
      events.append(metrics);
    }
    progress.keepIfBest(metrics, policy);
    listener.step(metrics);
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) * 1e-9;
  }

  // ------------------------------------------------------------ checkpoints

  private void save() throws IOException {
    progress.writeBest(run);
    run.save(
        progress.checkpoint(
            policy.weights(), update.optimizer(), teacher == null ? null : teacher.state()),
        config.record().keepCheckpoints());
    listener.checkpoint(progress.step());
  }

  private void restore(Checkpoint from) throws IOException {
    if (from.seed() != config.seed()) {
      throw new IOException(
          run.path()
              + ": its checkpoint is of a run with seed "
              + from.seed()
              + ", the configuration says "
              + config.seed()
              + "; resume with the run's own config.yaml");
    }
    if (from.step() > config.steps()) {
      throw new IOException(
          run.path()
              + ": the run has done "
              + from.step()
              + " steps, the configuration asks for "
              + config.steps()
              + "; give its config.yaml as many or more");
    }
    policy.assign(from.group("", policy.weights().keySet()));
    update
        .optimizer()
        .restore(
            from.optimizerSteps(),
            from.group("adam.m.", policy.weights().keySet()),
            from.group("adam.v.", policy.weights().keySet()));
    if (teacher != null) {
      teacher.restore(from.group("teacher.", teacher.state().keySet()));
    }
    progress.restore(from);
  }

  @Override
  public void close() throws IOException {
    sampler.close();
    if (teacherSampler != null) {
      teacherSampler.close();
    }
    update.close();
    evaluator.close();
    if (events != null) {
      events.close();
    }
  }
}
