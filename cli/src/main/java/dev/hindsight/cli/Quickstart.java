package dev.hindsight.cli;

import dev.hindsight.cli.report.ArmResult;
import dev.hindsight.cli.report.Report;
import dev.hindsight.cli.report.RunRecord;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Threads;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.PretrainConfig;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.Environments;
import dev.hindsight.sdpo.trainer.RunSummary;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The three runs of quickstart, their table, their verdict, their report. */
final class Quickstart {
  private final Path out;
  private final QuickstartState state;
  private final Backend backend;
  private final Screen screen;
  private final StopSignal stop;
  private final long began = System.nanoTime();

  Quickstart(Path out, QuickstartState state, Backend backend, Screen screen, StopSignal stop) {
    this.out = out;
    this.state = state;
    this.backend = backend;
    this.screen = screen;
    this.stop = stop;
  }

  /** The configuration of each arm, by its folder's name, in the order in which they run. */
  static Map<String, TrainConfig> arms(QuickstartState state, String model) {
    String steps = "steps=" + state.steps();
    TrainConfig sdpo =
        Training.config(null, List.of(steps)).withModel(model).withSeed(state.seed());
    TrainConfig grpo =
        Training.config(null, List.of("method=grpo", steps))
            .withModel(model)
            .withSeed(state.seed());
    Map<String, TrainConfig> arms = new LinkedHashMap<>();
    arms.put(ArmResult.SDPO, sdpo);
    arms.put(ArmResult.GRPO, grpo);
    arms.put(ArmResult.FOREIGN, sdpo.withEnvironment(sdpo.environment().withForeignFeedback()));
    return arms;
  }

  /**
   * Runs what is not yet done.
   *
   * @return whether all of it is
   */
  boolean run() throws IOException {
    String model = state.model();
    double pretrainSeconds = 0;
    if (state.fromScratch()) {
      Path base = out.resolve("base");
      if (!Files.exists(base.resolve("summary.json")) && !pretrain(base)) {
        return false;
      }
      model = base.toString();
      pretrainSeconds =
          RunRecord.json(base.resolve("summary.json")).path("wall_seconds").asDouble(0);
    }
    Map<String, TrainConfig> arms = arms(state, model);
    introduce(arms);
    Map<String, RunSummary> summaries = new LinkedHashMap<>();
    int n = 0;
    for (Map.Entry<String, TrainConfig> arm : arms.entrySet()) {
      String label = ++n + "/" + arms.size() + " " + ArmResult.labelOf(arm.getKey());
      RunSummary summary = arm(arm.getKey(), arm.getValue(), label);
      if (summary == null || !summary.complete()) {
        return false;
      }
      summaries.put(arm.getKey(), summary);
    }
    finish(model, summaries, pretrainSeconds);
    return true;
  }

  private boolean pretrain(Path base) throws IOException {
    PretrainConfig config =
        Configs.read(Folders.input(QuickstartCommand.BASE_CONFIG), PretrainConfig.defaults());
    Pretraining pretraining = new Pretraining(config, backend, base);
    screen.say(
        String.format(
            Locale.ROOT,
            "Pretraining the base model from scratch: %,d parameters, %,d steps, %s",
            pretraining.parameterCount(),
            config.steps(),
            backend.description()));
    return pretraining.run(Files.exists(Pretraining.checkpoint(base)), screen, stop);
  }

  /** Says what is going to happen, with a question of the task. */
  private void introduce(Map<String, TrainConfig> arms) {
    TrainConfig first = arms.values().iterator().next();
    try (Environment environment = Environments.open(first.environment(), first.seed())) {
      Question question = environment.testQuestions().getFirst();
      screen.say(
          "Quickstart: SDPO beside GRPO on "
              + environment.name()
              + ", from "
              + first.model()
              + ", on "
              + backend.description()
              + ", seed "
              + state.seed());
      screen.say(
          "  The policy is asked for calls in a notation that it hardly ever guesses: \""
              + question.text()
              + "\" wants "
              + environment.correctResponses(question).getFirst());
    }
    screen.say(
        "  A verifier answers like a compiler. GRPO learns from right or wrong; SDPO also from what the"
            + " verifier says.");
    screen.say(
        String.format(
            Locale.ROOT,
            "  Each run samples %,d answers: %,d steps of %d questions x %d.",
            (long) first.steps() * first.trainBatchSize() * first.rollout().n(),
            first.steps(),
            first.trainBatchSize(),
            first.rollout().n()));
  }

  private @Nullable RunSummary arm(String id, TrainConfig config, String label) throws IOException {
    if (stop.requested()) {
      return null;
    }
    Path folder = out.resolve(id);
    if (Training.isComplete(folder)) {
      return Json.parse(Files.readString(folder.resolve("summary.json")), RunSummary.class);
    }
    Training.Watched watched = new Training.Watched(label, screen, stop);
    return Files.exists(folder.resolve("config.yaml"))
        ? Training.resume(folder, backend, watched)
        : Training.start(config, new Folders.Claim(folder, false), backend, watched);
  }

  private void finish(String model, Map<String, RunSummary> arms, double pretrainSeconds)
      throws IOException {
    RunSummary sdpo = arms.get(ArmResult.SDPO);
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("seed", state.seed());
    summary.put("environment", sdpo.environment());
    summary.put("backend", backend.name());
    summary.put("backend_description", backend.description());
    summary.put("threads", Threads.count());
    double here = (System.nanoTime() - began) / 1e9;
    double runs = arms.values().stream().mapToDouble(RunSummary::wallSeconds).sum();
    // after a resume the clock of this process is not the whole time
    summary.put("wall_seconds", Math.max(here, runs + pretrainSeconds));
    Map<String, Object> base = new LinkedHashMap<>();
    base.put("model", model);
    base.put("accuracy", sdpo.baseAccuracy());
    base.put("teacher_accuracy", sdpo.baseTeacherAccuracy());
    summary.put("base", base);
    Map<String, Object> results = new LinkedHashMap<>();
    arms.forEach((id, arm) -> results.put(id, entry(arm)));
    summary.put("arms", results);
    AtomicFile.write(out.resolve("summary.json"), Json.pretty(summary));

    Report report = Report.of(List.of(out));
    summary.put("verdict", report.verdict());
    AtomicFile.write(out.resolve("summary.json"), Json.pretty(summary));
    report.write(out.resolve("report.html"));
    screen.result(summary);
    screen.result("\n" + Table.of(report.results(), sdpo) + "\n");
    screen.result(report.verdict());
    screen.result("\nreport: " + out.resolve("report.html"));
  }

  private static Map<String, Object> entry(RunSummary arm) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("final_accuracy", arm.finalAccuracy());
    entry.put("best_accuracy", arm.bestAccuracy());
    entry.put("generations", arm.generations());
    entry.put("generations_to_half", arm.generationsToHalf());
    entry.put("generations_to_nine_tenths", arm.generationsToNinety());
    entry.put("wall_seconds", arm.wallSeconds());
    entry.put("alarms", new ArrayList<>(arm.alarms()));
    return entry;
  }
}
