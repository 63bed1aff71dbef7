package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Curves;
import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Measured;
import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.cli.experiment.Results;
import dev.hindsight.cli.experiment.RunGroup;
import dev.hindsight.cli.experiment.Verdict;
import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Sections of the page, each written with {@code experiment.json} as the results of one. */
final class ExperimentSections {
  private ExperimentSections() {}

  /** About the reported runs, which are done. */
  static ExperimentPage.Section ofRuns(ExperimentPlan plan, ExperimentPage.Table tuning)
      throws IOException {
    Definition definition = plan.definition();
    Map<String, Map<Metric, Measured>> arms = new LinkedHashMap<>();
    List<ExperimentPage.Line> lines = new ArrayList<>();
    for (String arm : plan.arms()) {
      List<Path> places = plan.seeds().stream().map(s -> plan.place(arm, s)).toList();
      RunGroup group = RunGroup.read(plan.seeds(), places);
      arms.put(arm, measure(definition, group));
      if (group.records().getFirst().curve().generations().size() > 1) {
        lines.add(Curves.of(definition.label(arm), group));
      }
    }
    Results results = new Results(plan.name(), definition.metric(), arms);
    return write(plan, results, results.table(definition), charts(lines), tuning);
  }

  private static Map<Metric, Measured> measure(Definition definition, RunGroup group)
      throws IOException {
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

  /** About any results. */
  static ExperimentPage.Section write(
      ExperimentPlan plan,
      Results results,
      ExperimentPage.Table table,
      List<ExperimentPage.Chart> charts,
      ExperimentPage.Table tuning)
      throws IOException {
    Definition definition = plan.definition();
    String verdict = Verdict.of(definition, results);
    AtomicFile.write(plan.folder().resolve("experiment.json"), Json.pretty(results.json(verdict)));
    ExperimentPage.Section section =
        new ExperimentPage.Section(
            plan.name(),
            definition.title(),
            definition.claim()
                + (definition.source().isEmpty() ? "" : " (" + definition.source() + ")"),
            verdict,
            table,
            charts,
            tuning,
            "./hindsight experiment " + plan.name() + " --seeds " + plan.seeds().size());
    ExperimentPage.write(
        plan.folder().resolve("report.html"), definition.title(), List.of(section));
    return section;
  }
}
