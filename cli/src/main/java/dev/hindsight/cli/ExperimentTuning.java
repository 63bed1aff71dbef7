package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Measured;
import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.cli.experiment.RunGroup;
import dev.hindsight.cli.experiment.Settings;
import dev.hindsight.cli.report.ExperimentPage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Chooses the settings of every arm on the same grid, by runs with seeds of their own. */
final class ExperimentTuning {
  private final ExperimentPlan plan;
  private final Definition.@Nullable Tuning tuning;

  /** What every combination of an arm came to, in the order of the grid. */
  private final Map<String, Map<Settings, Measured>> tried = new LinkedHashMap<>();

  private final Map<String, Settings> chosen = new LinkedHashMap<>();

  ExperimentTuning(ExperimentPlan plan) {
    this.plan = plan;
    this.tuning = plan.definition().tuning();
  }

  /**
   * Does the runs that are not done yet, and chooses.
   *
   * @return whether all are done; false after a stop
   */
  boolean run(Execution with) throws IOException {
    if (tuning == null) {
      return true;
    }
    List<Settings> points = Settings.combinations(tuning.grid());
    List<String> arms = new ArrayList<>();
    plan.definition()
        .arms()
        .forEach((arm, of) -> arms.addAll(of.tunedAs() == null ? List.of(arm) : List.of()));
    List<RunQueue.Run> runs = new ArrayList<>();
    for (String arm : arms) {
      for (Settings point : points) {
        for (long seed : tuning.seeds()) {
          runs.add(
              new RunQueue.Run(
                  "tuning " + arm + " " + point,
                  plan.config(arm, point, seed),
                  plan.place(arm, point, seed)));
        }
      }
    }
    with.screen().say("  tuning: " + points.size() + " combinations for each of " + arms);
    if (!with.runs().run(runs)) {
      return false;
    }
    for (String arm : arms) {
      choose(arm, points, tuning.seeds());
      with.screen().say("  " + arm + ": " + chosen.get(arm));
    }
    return true;
  }

  private void choose(String arm, List<Settings> points, List<Long> seeds) throws IOException {
    Metric metric = metric();
    Map<Settings, Measured> byPoint = new LinkedHashMap<>();
    Settings best = points.getFirst();
    double[] bestScore = new double[0];
    for (Settings point : points) {
      List<Path> folders = seeds.stream().map(s -> plan.place(arm, point, s)).toList();
      RunGroup group = RunGroup.read(seeds, folders);
      Measured measured = group.measure(metric);
      byPoint.put(point, measured);
      // where a level is never reached the budget is all there is to compare: then who ends
      // higher
      double[] score = {
        (metric.lowerIsBetter() ? -1 : 1) * measured.band().mean(),
        group.measure(Metric.FINAL_ACCURACY).band().mean()
      };
      // the first beats the empty score
      if (Arrays.compare(score, bestScore) > 0) {
        best = point;
        bestScore = score;
      }
    }
    tried.put(arm, byPoint);
    chosen.put(arm, best);
  }

  private Metric metric() {
    return tuning == null || tuning.metric() == null ? plan.definition().metric() : tuning.metric();
  }

  /** The settings of an arm; none where nothing is tuned. */
  Settings chosen(String arm) {
    String as = plan.definition().arms().get(arm).tunedAs();
    return chosen.getOrDefault(as == null ? arm : as, Settings.NONE);
  }

  /** Everything that was tried. */
  ExperimentPage.Table table() {
    List<List<String>> rows = new ArrayList<>();
    tried.forEach(
        (arm, byPoint) ->
            byPoint.forEach(
                (point, measured) ->
                    rows.add(
                        List.of(
                            plan.definition().label(arm),
                            point.toString(),
                            measured.text(),
                            point.equals(chosen.get(arm)) ? "chosen" : ""))));
    String head = tuning == null ? "" : metric().label() + ", seeds " + tuning.seeds();
    return new ExperimentPage.Table(List.of("arm", "settings", head, ""), rows);
  }
}
