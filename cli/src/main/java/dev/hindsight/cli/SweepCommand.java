package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Measured;
import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.cli.experiment.RunGroup;
import dev.hindsight.cli.experiment.Settings;
import dev.hindsight.cli.experiment.SweepFile;
import dev.hindsight.cli.experiment.TextTable;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.config.ConfigException;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.evaluation.Band;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Trains over a grid of settings and seeds. */
@Command(
    name = "sweep",
    description = {
      "Train once for every combination of a grid of settings and every seed, several runs at a time,"
          + " and sum each combination up with mean and 95 %% bootstrap interval over the seeds.",
      "The same command goes on with a sweep that was stopped or killed: finished runs are not"
          + " repeated, a killed one goes on from its checkpoint."
    },
    footer = {
      "  ./hindsight sweep configs/sweeps/learning-rate.yaml",
      "  ./hindsight sweep configs/sweeps/learning-rate.yaml --set 'seeds=[0]' --out runs/try",
      "  ./hindsight sweep configs/sweeps/learning-rate.yaml --json > rates.json"
    })
final class SweepCommand extends HindsightCommand {
  /** What marks a sweep's folder: its settings, all of them. */
  private static final String FILE = "sweep.yaml";

  @Parameters(
      paramLabel = "FILE",
      description =
          "A YAML file with grid, seeds and base, such as configs/sweeps/learning-rate.yaml.")
  Path file;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where the runs go (default: runs/ and the file's name).")
  @Nullable Path out;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Change a key of the file, such as --set 'seeds=[0]'; repeatable.")
  List<String> overrides = List.of();

  @Option(names = "--overwrite", description = "Replace a former sweep in the folder.")
  boolean overwrite;

  @Mixin JobsOption jobs;
  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    if (compute.seed != null) {
      throw new ParameterException(
          spec.commandLine(), "--seed: a sweep has several; --set 'seeds=[" + compute.seed + "]'");
    }
    Path input = Folders.input(file);
    SweepFile sweep = SweepFile.read(input, overrides);
    Path folder = out != null ? out : Path.of("runs").resolve(Folders.stem(file));
    List<Settings> points = sweep.points();
    List<List<RunQueue.Run>> runs = new ArrayList<>();
    for (Settings point : points) {
      runs.add(runs(sweep, point, input, folder));
    }
    for (RunQueue.Run run : runs.stream().flatMap(List::stream).toList()) {
      Models.requireBase(run.config().model());
    }
    Backend backend = compute.open();
    int atATime = jobs.atATime(compute.threads, backend);
    Folders.again(folder, overwrite, FILE);
    AtomicFile.write(folder.resolve(FILE), Configs.toYaml(sweep));
    screen.say(
        points.size()
            + (points.size() == 1 ? " combination x " : " combinations x ")
            + sweep.seeds().size()
            + " seeds, "
            + atATime
            + " at a time, on "
            + backend.description());
    try (StopSignal stop = new StopSignal(screen)) {
      RunQueue queue = new RunQueue(atATime, backend, screen, stop);
      if (!queue.run(runs.stream().flatMap(List::stream).toList())) {
        screen.warn("hindsight: stopped; the state is saved. The same command goes on.");
        return Main.INTERRUPTED;
      }
    }
    report(screen, sweep, points, runs, folder);
    return 0;
  }

  private static List<RunQueue.Run> runs(SweepFile sweep, Settings point, Path file, Path folder) {
    Path base = sweep.base() == null ? null : Folders.input(Path.of(sweep.base()));
    TrainConfig config;
    try {
      config = Training.config(base, new Settings(sweep.set()).with(point).overrides());
    } catch (ConfigException e) {
      throw new ConfigException(file + ", run with '" + point + "': " + e.getMessage(), e);
    }
    List<RunQueue.Run> runs = new ArrayList<>();
    for (long seed : sweep.seeds()) {
      Path place = folder.resolve(point.folder()).resolve("seed-" + seed);
      runs.add(new RunQueue.Run((point + " seed=" + seed).strip(), config.withSeed(seed), place));
    }
    return runs;
  }

  private static void report(
      Screen screen,
      SweepFile sweep,
      List<Settings> points,
      List<List<RunQueue.Run>> runs,
      Path folder)
      throws IOException {
    List<String> head = new ArrayList<>(List.of("mean and 95 % interval"));
    sweep.metrics().forEach(m -> head.add(m.label()));
    TextTable table = new TextTable(head);
    List<Map<String, Object>> results = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      List<Path> folders = runs.get(i).stream().map(RunQueue.Run::folder).toList();
      Map<Metric, Measured> measured =
          RunGroup.read(sweep.seeds(), folders).measure(sweep.metrics());
      List<String> row = new ArrayList<>();
      row.add(points.get(i).values().isEmpty() ? "all" : points.get(i).toString());
      Map<String, Object> metrics = new LinkedHashMap<>();
      measured.forEach(
          (metric, of) -> {
            row.add(of.text());
            metrics.put(metric.key().replace('-', '_'), json(of));
          });
      table.add(row);
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("set", points.get(i).values());
      result.put("metrics", metrics);
      results.add(result);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("seeds", sweep.seeds());
    json.put("points", results);
    AtomicFile.write(folder.resolve("sweep.json"), Json.pretty(json));
    screen.result(table.toString());
    screen.result(json);
    screen.say("results: " + folder.resolve("sweep.json"));
  }

  private static Map<String, Object> json(Measured measured) {
    Band band = measured.band();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("mean", band.mean());
    json.put("low", band.low());
    json.put("high", band.high());
    json.put("seeds", measured.numbers());
    json.put("reached", measured.reached());
    return json;
  }
}
