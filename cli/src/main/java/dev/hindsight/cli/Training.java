package dev.hindsight.cli;

import dev.hindsight.cli.report.Figures;
import dev.hindsight.cli.report.Report;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.config.ConfigException;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.sdpo.trainer.Environments;
import dev.hindsight.sdpo.trainer.RunSummary;
import dev.hindsight.sdpo.trainer.StepMetrics;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.sdpo.trainer.TrainListener;
import dev.hindsight.sdpo.trainer.Trainer;
import dev.hindsight.transformer.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One run of the trainer, watched: progress on the screen, Ctrl-C heeded, a report at its end. */
final class Training {
  private Training() {}

  /**
   * The configuration of a file, over the defaults of the method and the preset that it (or an
   * override) names.
   *
   * @param file null for the defaults alone
   */
  static TrainConfig config(@Nullable Path file, List<String> overrides) {
    if (file != null && !Configs.peek(file, "documents").isEmpty()) {
      throw new Failure(file + " is a configuration for pretraining: ./hindsight pretrain " + file);
    }
    return TrainConfig.read(file, overrides);
  }

  /**
   * Refuses a folder that holds something with other settings. Those there are read with today's
   * defaults: a version that adds a key makes no run another one.
   *
   * @param what the folder holds: {@code a run}
   * @param head what stands above the settings in {@code config.yaml}: comments, or nothing
   */
  static void requireSame(Path folder, String what, String head, TrainConfig wanted)
      throws IOException {
    Path file = folder.resolve("config.yaml");
    if (!Files.exists(file)) {
      return;
    }
    String now = head + Configs.toYaml(wanted);
    String there = Files.readString(file);
    try {
      int settings = there.startsWith("#") ? there.indexOf('\n') + 1 : 0;
      there = there.substring(0, settings) + Configs.toYaml(config(file, List.of()));
    } catch (ConfigException e) {
      // of a version with other keys: its text tells the difference
    }
    if (!there.equals(now)) {
      throw new Failure(
          folder
              + " holds "
              + what
              + " with other settings ("
              + firstDifference(there, now)
              + "); choose another folder with --out, or replace everything there with --overwrite");
    }
  }

  private static String firstDifference(String there, String wanted) {
    List<String> a = there.lines().toList();
    List<String> b = wanted.lines().toList();
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      if (!a.get(i).equals(b.get(i))) {
        return "there " + a.get(i).strip() + ", wanted " + b.get(i).strip();
      }
    }
    return a.size() + " lines there, " + b.size() + " wanted";
  }

  /** Starts a run in a new folder. */
  static RunSummary start(TrainConfig config, Folders.Claim claim, Backend backend, Manner manner)
      throws IOException {
    // what can fail for the configuration's sake fails before anything is written
    try (Environment environment = Environments.open(config.environment(), config.seed())) {
      ModelFolder model = Models.base(config.model(), backend);
      claim.take();
      try (RunFolder run = RunFolder.create(claim.folder(), Configs.toYaml(config))) {
        try {
          return manner.run(config, environment, model, run);
        } catch (IOException | RuntimeException e) {
          // a run that has not begun leaves nothing behind that would be in the way of the next
          // attempt
          if (!run.hasBegun()) {
            Folders.delete(claim.folder());
          }
          throw e;
        }
      }
    }
  }

  /** Goes on with the run in a folder, with its own configuration. */
  static RunSummary resume(Path folder, Backend backend, Manner manner) throws IOException {
    try (RunFolder run = RunFolder.resume(folder)) {
      TrainConfig config = config(run.config(), List.of());
      try (Environment environment = Environments.open(config.environment(), config.seed())) {
        ModelFolder model = Models.base(config.model(), backend);
        return manner.run(config, environment, model, run);
      }
    }
  }

  /** How a run is carried out: what watches it, and what may stop it. */
  interface Manner {
    RunSummary run(TrainConfig config, Environment environment, ModelFolder model, RunFolder run)
        throws IOException;
  }

  /** With progress on the screen and a report at the end. */
  record Watched(String label, Screen screen, StopSignal stop) implements Manner {
    @Override
    public RunSummary run(
        TrainConfig config, Environment environment, ModelFolder model, RunFolder run)
        throws IOException {
      RunSummary summary;
      if (!environment.description().equals(environment.name())) {
        screen.say("  " + environment.description());
      }
      try (Progress progress = screen.progress(label, config.steps())) {
        Watcher watcher = new Watcher(progress, screen, label);
        try (Trainer trainer = new Trainer(config, environment, model, run, watcher)) {
          stop.onRequest(trainer::requestStop);
          summary = trainer.run();
        }
      }
      Report.of(List.of(run.path())).write(run.path().resolve("report.html"));
      return summary;
    }
  }

  /**
   * One of many: silent, for what it has to say is in its folder.
   *
   * @param giveUp asked after every step
   */
  record Unwatched(StopSignal stop, BooleanSupplier giveUp) implements Manner {
    @Override
    public RunSummary run(
        TrainConfig config, Environment environment, ModelFolder model, RunFolder run)
        throws IOException {
      AtomicReference<@Nullable Trainer> running = new AtomicReference<>();
      TrainListener listener =
          new TrainListener() {
            @Override
            public void step(StepMetrics metrics) {
              Trainer trainer = running.get();
              if (trainer != null && (stop.requested() || giveUp.getAsBoolean())) {
                trainer.requestStop();
              }
            }
          };
      try (Trainer trainer = new Trainer(config, environment, model, run, listener)) {
        running.set(trainer);
        return trainer.run();
      }
    }
  }

  /** Whether a folder holds a run that has reached its end. */
  static boolean isComplete(Path folder) throws IOException {
    Path summary = folder.resolve("summary.json");
    return Files.isRegularFile(summary)
        && Json.parse(Files.readString(summary), RunSummary.class).complete();
  }

  private static final class Watcher implements TrainListener {
    private final Progress progress;
    private final Screen screen;
    private final String label;
    private final Set<String> alarms = new LinkedHashSet<>();

    Watcher(Progress progress, Screen screen, String label) {
      this.progress = progress;
      this.screen = screen;
      this.label = label;
    }

    @Override
    public void started(int step, int steps) {
      if (step > 0) {
        screen.say(
            String.format(Locale.ROOT, "  %s goes on after step %,d of %,d", label, step, steps));
      }
    }

    @Override
    public void step(StepMetrics m) {
      StringBuilder text = new StringBuilder();
      text.append(String.format(Locale.ROOT, "%,d generations", m.generations()));
      if (m.accuracy() != null) {
        text.append(", accuracy ").append(Figures.percent(m.accuracy()));
      }
      if (m.step() > 0) {
        progress.update(m.step(), text.toString());
      }
      for (String alarm : m.alarms()) {
        if (alarms.add(alarm)) {
          screen.warn("hindsight: " + label + ", step " + m.step() + ": " + alarm);
        }
      }
    }
  }
}
