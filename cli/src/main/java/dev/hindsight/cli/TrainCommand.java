package dev.hindsight.cli;

import dev.hindsight.cli.report.ArmResult;
import dev.hindsight.cli.report.Figures;
import dev.hindsight.cli.report.Report;
import dev.hindsight.cli.report.RunRecord;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.trainer.RunSummary;
import dev.hindsight.sdpo.trainer.TrainConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Trains a policy with SDPO or GRPO. */
@Command(
    name = "train",
    description = {
      "Train a policy with SDPO or GRPO, from a configuration file.",
      "The same seed gives the same bytes, however many threads compute and however often the run was"
          + " stopped or killed and resumed."
    },
    footer = {
      "  ./hindsight train configs/sdpo-dialect.yaml",
      "  ./hindsight train configs/grpo-dialect.yaml --seed 1 --out runs/grpo-1",
      "  ./hindsight train configs/sdpo-dialect.yaml --set environment.level=P \\",
      "      --set optim.lr=1e-3",
      "  ./hindsight train --resume runs/sdpo-dialect-seed0"
    })
final class TrainCommand extends HindsightCommand {
  @Parameters(
      paramLabel = "CONFIG",
      arity = "0..1",
      description = "A YAML file, such as configs/sdpo-dialect.yaml.")
  @Nullable Path config;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The run's folder (default: runs/, the configuration's name and the seed).")
  @Nullable Path out;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "Go on with the run in DIR, from its newest checkpoint and with its own settings.")
  @Nullable Path resume;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Change a key of the configuration, such as --set optim.lr=1e-3; repeatable.")
  List<String> overrides = List.of();

  @Option(names = "--overwrite", description = "Replace a former run in the folder.")
  boolean overwrite;

  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    if ((config == null) == (resume == null)) {
      throw new ParameterException(
          spec.commandLine(),
          config == null
              ? "expected a configuration file, or --resume DIR"
              : "--resume takes the run's own config.yaml; leave " + config + " away");
    }
    if (resume != null) {
      return resume(resume, screen);
    }
    TrainConfig settings = Training.config(Folders.input(config), overrides);
    if (compute.seed != null) {
      settings = settings.withSeed(compute.seed);
    }
    Path folder =
        out != null
            ? out
            : Path.of("runs").resolve(Folders.stem(config) + "-seed" + settings.seed());
    Folders.Claim claim =
        Folders.claim(folder, overwrite, RunRecord.MARKS, ", or go on with --resume " + folder);
    Backend backend = compute.open();
    String label = settings.method().name();
    screen.say(
        String.format(
            Locale.ROOT,
            "Training %s with %s for %,d steps of %d x %d answers on %s",
            settings.model(),
            label,
            settings.steps(),
            settings.trainBatchSize(),
            settings.rollout().n(),
            backend.description()));
    try (StopSignal stop = new StopSignal(screen)) {
      return finish(
          folder,
          Training.start(settings, claim, backend, new Training.Watched(label, screen, stop)),
          screen);
    }
  }

  private int resume(Path folder, Screen screen) throws Exception {
    if (!overrides.isEmpty() || compute.seed != null || out != null || overwrite) {
      throw new ParameterException(
          spec.commandLine(),
          "--resume goes on with the settings of the run; leave --set, --seed, --out and"
              + " --overwrite away");
    }
    if (Files.exists(folder.resolve(QuickstartState.FILE))) {
      throw new Failure(
          folder
              + " holds the runs of a quickstart; go on with ./hindsight quickstart --resume --out "
              + folder);
    }
    Backend backend = compute.open();
    try (StopSignal stop = new StopSignal(screen)) {
      return finish(
          folder,
          Training.resume(folder, backend, new Training.Watched("training", screen, stop)),
          screen);
    }
  }

  private int finish(Path folder, RunSummary summary, Screen screen) throws Exception {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("out", folder.toString());
    result.put("complete", summary.complete());
    result.put("steps", summary.steps());
    result.put("generations", summary.generations());
    result.put("base_accuracy", summary.baseAccuracy());
    result.put("final_accuracy", summary.finalAccuracy());
    result.put("best_accuracy", summary.bestAccuracy());
    result.put("generations_to_half", summary.generationsToHalf());
    result.put("wall_seconds", summary.wallSeconds());
    result.put("alarms", summary.alarms());
    screen.result(result);
    if (!summary.complete()) {
      screen.warn(
          "hindsight: stopped after step "
              + summary.steps()
              + "; the state is saved. Go on with:\n  ./hindsight train --resume "
              + folder
              + compute.again());
      return Main.INTERRUPTED;
    }
    int all = Training.config(folder.resolve("config.yaml"), List.of()).steps();
    if (summary.steps() < all) {
      screen.result(
          "ended after step "
              + summary.steps()
              + " of "
              + all
              + ": the accuracy of evaluation.stop_at_accuracy is reached");
    }
    Report report = Report.of(List.of(folder));
    ArmResult run = report.results().getFirst();
    screen.result(report.verdict());
    screen.result(
        "best "
            + Figures.percent(run.bestAccuracy())
            + ", "
            + Figures.seconds(summary.wallSeconds())
            + "; report: "
            + folder.resolve("report.html"));
    return 0;
  }
}
