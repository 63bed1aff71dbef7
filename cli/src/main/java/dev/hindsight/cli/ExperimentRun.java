package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Curves;
import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Measured;
import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.cli.experiment.Results;
import dev.hindsight.cli.experiment.RunGroup;
import dev.hindsight.cli.experiment.Searches;
import dev.hindsight.cli.experiment.Settings;
import dev.hindsight.cli.experiment.TextPlot;
import dev.hindsight.cli.experiment.Verdict;
import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Threads;
import dev.hindsight.sdpo.config.ConfigException;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.PretrainConfig;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.Environments;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** One experiment of training runs: bases, tuning, reported runs, verdict, page. */
final class ExperimentRun {
  private final String name;
  private final Definition definition;
  private final List<Long> seeds;
  private final List<String> overrides;
  private final Path folder;
  private final Backend backend;
  private final int jobs;
  private final int allThreads;
  private final Screen screen;
  private final StopSignal stop;

  /** What every combination of an arm came to in the tuning stage, in the order of the grid. */
  private final Map<String, Map<Settings, Measured>> tried = new LinkedHashMap<>();

  private final Map<String, Settings> chosen = new LinkedHashMap<>();

  /**
   * @param seeds how many are reported: 0, 1, ...
   * @param allThreads of the command: for what runs alone
   * @param overrides of the training configuration, over everything else
   */
  ExperimentRun(
      String name,
      Definition definition,
      int seeds,
      List<String> overrides,
      Path folder,
      Backend backend,
      int jobs,
      int allThreads,
      Screen screen,
      StopSignal stop) {
    this.name = name;
    this.definition = definition;
    this.seeds = LongStream.range(0, seeds).boxed().toList();
    this.overrides = overrides;
    this.folder = folder;
    this.backend = backend;
    this.jobs = jobs;
    this.allThreads = allThreads;
    this.screen = screen;
    this.stop = stop;
  }

  Definition definition() {
    return definition;
  }

  Path folder() {
    return folder;
  }

  /** Refuses what cannot run before anything is computed. */
  void check() {
    if (definition.arms().isEmpty()) {
      throw new ConfigException(name + ": arms: got none, expected arms with their settings");
    }
    Definition.Tuning tuning = definition.tuning();
    if (tuning != null && tuning.seeds().stream().anyMatch(seeds::contains)) {
      throw new ConfigException(
          name
              + ": tuning.seeds: got "
              + tuning.seeds()
              + ", expected none of the reported seeds 0 to "
              + (seeds.size() - 1)
              + ": what a setting was chosen by is no evidence for it");
    }
    Settings first =
        tuning == null ? Settings.NONE : Settings.combinations(tuning.grid()).getFirst();
    for (String arm : definition.arms().keySet()) {
      TrainConfig config = config(arm, first, 0);
      if (definition.arms().get(arm).base() == null) {
        Models.requireBase(config.model());
      }
      for (String key : first.values().keySet()) {
        if (definition.arms().get(arm).set().containsKey(key)) {
          throw new ConfigException(
              name + ": arms." + arm + ".set." + key + ": is in the tuning grid, too; keep one");
        }
      }
    }
    definition
        .bases()
        .forEach(
            (base, of) -> {
              PretrainConfig _ = pretraining(of);
            });
  }

  /**
   * Does what is not done yet.
   *
   * @return the section of the report; null after a stop
   */
  ExperimentPage.@Nullable Section run() throws IOException {
    screen.say(name + ": " + definition.title());
    if (definition.search() != null) {
      return search(definition.search());
    }
    if (definition.lengths() != null) {
      return cost(definition.lengths());
    }
    if (!pretrain() || !tune()) {
      return null;
    }
    List<RunQueue.Run> runs = new ArrayList<>();
    for (long seed : seeds) {
      for (String arm : definition.arms().keySet()) {
        Path place = place(arm, seed);
        runs.add(new RunQueue.Run(arm + " seed " + seed, config(arm, tuned(arm), seed), place));
      }
    }
    if (!new RunQueue(jobs, backend, screen, stop).run(runs)) {
      return null;
    }
    if (definition.metrics().contains(Metric.FORGETTING)) {
      for (RunQueue.Run run : runs) {
        Forgetting.measure(run.folder(), run.config().model(), backend);
      }
    }
    return report();
  }

  /** Arms take turns, and who begins alternates, so that a slow minute of the machine hits all. */
  private ExperimentPage.@Nullable Section cost(Definition.Lengths lengths) throws IOException {
    int threads = Threads.count();
    Threads.set(allThreads);
    try (Progress progress =
        screen.progress("runs", (long) seeds.size() * definition.arms().size())) {
      int done = 0;
      for (long seed : seeds) {
        List<String> arms = new ArrayList<>(definition.arms().keySet());
        for (String arm : seed % 2 == 0 ? arms : arms.reversed()) {
          if (stop.requested()) {
            return null;
          }
          TrainConfig config = config(arm, Settings.NONE, seed);
          Path model = folder.resolve("model");
          FixedLengths.writeModel(Models.requireBase(config.model()), lengths, model, backend);
          CostRun.run(config.withModel(model.toString()), lengths, place(arm, seed), backend);
          progress.update(++done, arm);
        }
      }
    } finally {
      Threads.set(threads);
    }
    return report();
  }

  private ExperimentPage.@Nullable Section search(Definition.Search search) throws IOException {
    SearchQueue queue = new SearchQueue(jobs, backend, screen, stop);
    Map<String, Map<Metric, Measured>> arms = new LinkedHashMap<>();
    List<ExperimentPage.Line> lines = new ArrayList<>();
    List<String> head =
        List.of("mean and 95 % interval", Metric.ATTEMPTS.label(), "to .1", "to .5");
    List<List<String>> rows = new ArrayList<>();
    for (Map.Entry<String, Definition.Arm> arm : definition.arms().entrySet()) {
      TrainConfig config = config(arm.getKey(), Settings.NONE, 0);
      List<Question> questions;
      try (Environment environment = Environments.open(config.environment(), 0)) {
        questions = environment.drawTest(search.questions(), 0);
      }
      Integer window = arm.getValue().window();
      SearchQueue.Arm of =
          new SearchQueue.Arm(
              arm.getKey(), arm.getValue().way(), config, window == null ? 10 : window);
      Path place = folder.resolve("searches").resolve(arm.getKey());
      Searches searches = queue.run(of, questions, seeds, search.attempts(), place);
      if (searches == null) {
        return null;
      }
      String label = definition.label(arm.getKey());
      arms.put(arm.getKey(), Map.of(Metric.ATTEMPTS, searches.attempts()));
      lines.add(searches.curve(label));
      rows.add(
          List.of(
              label,
              searches.attempts().text(),
              DiscoverCommand.reached(searches.kTo(.1)),
              DiscoverCommand.reached(searches.kTo(.5))));
    }
    ExperimentPage.Chart chart =
        new ExperimentPage.Chart(
            "discovery@k",
            "attempts",
            "The share of questions with a right answer within so many attempts; of independent"
                + " attempts the unbiased estimate of pass@k.",
            lines);
    return section(
        new Results(name, definition.metric(), arms),
        new ExperimentPage.Table(head, rows),
        List.of(chart));
  }

  // ------------------------------------------------------------------ stages

  private boolean pretrain() throws IOException {
    for (Map.Entry<String, Definition.Base> base : definition.bases().entrySet()) {
      Path place = base(base.getKey());
      if (Files.exists(place.resolve("summary.json"))) {
        continue;
      }
      screen.say("  base " + base.getKey());
      Pretraining pretraining = new Pretraining(pretraining(base.getValue()), backend, place);
      if (!pretraining.run(Files.exists(Pretraining.checkpoint(place)), screen, stop)) {
        return false;
      }
    }
    return true;
  }

  private PretrainConfig pretraining(Definition.Base base) {
    return Configs.read(
        Folders.input(Path.of(base.config())),
        PretrainConfig.defaults(),
        new Settings(base.set()).overrides());
  }

  private boolean tune() throws IOException {
    Definition.Tuning tuning = definition.tuning();
    if (tuning == null) {
      return true;
    }
    List<Settings> points = Settings.combinations(tuning.grid());
    List<String> arms = new ArrayList<>();
    definition
        .arms()
        .forEach((arm, of) -> arms.addAll(of.tunedAs() == null ? List.of(arm) : List.of()));
    List<RunQueue.Run> runs = new ArrayList<>();
    for (String arm : arms) {
      for (Settings point : points) {
        for (long seed : tuning.seeds()) {
          runs.add(
              new RunQueue.Run(
                  "tuning " + arm + " " + point,
                  config(arm, point, seed),
                  place(arm, point, seed)));
        }
      }
    }
    screen.say("  tuning: " + points.size() + " combinations for each of " + arms);
    if (!new RunQueue(jobs, backend, screen, stop).run(runs)) {
      return false;
    }
    Metric metric = tuning.metric() == null ? definition.metric() : tuning.metric();
    for (String arm : arms) {
      Map<Settings, Measured> byPoint = new LinkedHashMap<>();
      Settings best = null;
      double[] bestScore = new double[0];
      for (Settings point : points) {
        List<Path> folders = tuning.seeds().stream().map(s -> place(arm, point, s)).toList();
        RunGroup group = RunGroup.read(tuning.seeds(), folders);
        Measured measured = group.measure(metric);
        byPoint.put(point, measured);
        // where a level is never reached the budget is all there is to compare: then who ends
        // higher
        double[] score = {
          (metric.lowerIsBetter() ? -1 : 1) * measured.band().mean(),
          group.measure(Metric.FINAL_ACCURACY).band().mean()
        };
        if (best == null || Arrays.compare(score, bestScore) > 0) {
          best = point;
          bestScore = score;
        }
      }
      tried.put(arm, byPoint);
      chosen.put(arm, best);
      screen.say("  " + arm + ": " + best);
    }
    return true;
  }

  private Settings tuned(String arm) {
    String as = definition.arms().get(arm).tunedAs();
    return chosen.getOrDefault(as == null ? arm : as, Settings.NONE);
  }

  private TrainConfig config(String arm, Settings point, long seed) {
    Definition.Arm of = definition.arms().get(arm);
    List<String> all =
        new ArrayList<>(
            new Settings(definition.set()).with(new Settings(of.set())).with(point).overrides());
    all.addAll(overrides);
    try {
      TrainConfig config = Training.config(null, all).withSeed(seed);
      return of.base() == null ? config : config.withModel(base(of.base()).toString());
    } catch (ConfigException e) {
      throw new ConfigException(name + ", arm " + arm + ": " + e.getMessage(), e);
    }
  }

  private Path base(String base) {
    return folder.resolve("bases").resolve(base);
  }

  private Path place(String arm, long seed) {
    return folder.resolve("runs").resolve(arm).resolve("seed-" + seed);
  }

  private Path place(String arm, Settings point, long seed) {
    return folder.resolve("tuning").resolve(arm).resolve(point.folder()).resolve("seed-" + seed);
  }

  // ------------------------------------------------------------------ report

  private ExperimentPage.Section report() throws IOException {
    Map<String, Map<Metric, Measured>> arms = new LinkedHashMap<>();
    List<ExperimentPage.Line> lines = new ArrayList<>();
    for (String arm : definition.arms().keySet()) {
      RunGroup group = RunGroup.read(seeds, seeds.stream().map(s -> place(arm, s)).toList());
      arms.put(arm, measure(group));
      if (group.records().getFirst().curve().generations().size() > 1) {
        lines.add(Curves.of(definition.label(arm), group));
      }
    }
    Results results = new Results(name, definition.metric(), arms);
    return section(results, results.table(definition), charts(lines));
  }

  private ExperimentPage.Section section(
      Results results, ExperimentPage.Table table, List<ExperimentPage.Chart> charts)
      throws IOException {
    String verdict = Verdict.of(definition, results);
    Map<String, Object> json = results.json(verdict);
    AtomicFile.write(folder.resolve("experiment.json"), Json.pretty(json));
    ExperimentPage.Section section =
        new ExperimentPage.Section(
            name,
            definition.title(),
            definition.claim()
                + (definition.source().isEmpty() ? "" : " (" + definition.source() + ")"),
            verdict,
            table,
            charts,
            tuningTable(),
            "./hindsight experiment " + name + " --seeds " + seeds.size());
    ExperimentPage.write(folder.resolve("report.html"), definition.title(), List.of(section));
    return section;
  }

  private Map<Metric, Measured> measure(RunGroup group) throws IOException {
    Map<Metric, Measured> all = new LinkedHashMap<>();
    for (Metric metric : definition.metrics()) {
      if (metric.isRecordedBy(group.records().getFirst())) {
        all.put(metric, group.measure(metric));
      }
    }
    return all;
  }

  private static List<ExperimentPage.Chart> charts(List<ExperimentPage.Line> lines) {
    return lines.isEmpty()
        ? List.of()
        : List.of(
            new ExperimentPage.Chart(
                "Accuracy on held-out questions",
                "generations (answers sampled in training)",
                "Mean over the seeds with its interval. Further left is faster.",
                lines));
  }

  private ExperimentPage.Table tuningTable() {
    List<List<String>> rows = new ArrayList<>();
    tried.forEach(
        (arm, byPoint) ->
            byPoint.forEach(
                (point, measured) ->
                    rows.add(
                        List.of(
                            definition.label(arm),
                            point.toString(),
                            measured.text(),
                            point.equals(chosen.get(arm)) ? "chosen" : ""))));
    Definition.Tuning tuning = definition.tuning();
    String head =
        tuning == null
            ? ""
            : (tuning.metric() == null ? definition.metric() : tuning.metric()).label()
                + ", seeds "
                + tuning.seeds();
    return new ExperimentPage.Table(List.of("arm", "settings", head, ""), rows);
  }

  /** The curves for a terminal. */
  static String plot(ExperimentPage.Chart chart) {
    return TextPlot.of(
        chart.lines().stream().map(l -> new TextPlot.Line(l.label(), l.x(), l.mean())).toList(),
        chart.xLabel().replaceAll(" \\(.*", ""));
  }
}
