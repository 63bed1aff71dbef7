package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Measured;
import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.cli.experiment.Results;
import dev.hindsight.cli.experiment.Searches;
import dev.hindsight.cli.experiment.Settings;
import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.trainer.Environments;
import dev.hindsight.sdpo.trainer.TrainConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An experiment whose arms search for right answers instead of training. */
final class ExperimentSearches {
  private static final int DEFAULT_WINDOW = 10;

  private ExperimentSearches() {}

  /**
   * Searches for what is not found yet.
   *
   * @return null after a stop
   */
  static ExperimentPage.@Nullable Section run(
      ExperimentPlan plan, Definition.Search search, Execution with) throws IOException {
    Definition definition = plan.definition();
    SearchQueue queue = with.searches();
    Map<String, Map<Metric, Measured>> arms = new LinkedHashMap<>();
    List<ExperimentPage.Line> lines = new ArrayList<>();
    List<String> head =
        List.of("mean and 95 % interval", Metric.ATTEMPTS.label(), "to .1", "to .5");
    List<List<String>> rows = new ArrayList<>();
    for (Map.Entry<String, Definition.Arm> arm : definition.arms().entrySet()) {
      TrainConfig config = plan.config(arm.getKey(), Settings.NONE, 0);
      List<Question> questions;
      try (Environment environment = Environments.open(config.environment(), 0)) {
        questions = environment.drawTest(search.questions(), 0);
      }
      Integer window = arm.getValue().window();
      SearchQueue.Arm of =
          new SearchQueue.Arm(
              arm.getKey(), arm.getValue().way(), config, window == null ? DEFAULT_WINDOW : window);
      Path place = plan.folder().resolve("searches").resolve(arm.getKey());
      Searches searches = queue.run(of, questions, plan.seeds(), search.attempts(), place);
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
    return ExperimentSections.write(
        plan,
        new Results(plan.name(), definition.metric(), arms),
        new ExperimentPage.Table(head, rows),
        List.of(chart),
        new ExperimentTuning(plan).table());
  }
}
