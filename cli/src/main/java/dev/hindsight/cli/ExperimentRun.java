package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.cli.report.ExperimentPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One experiment from its bases to its section of the report. */
final class ExperimentRun {
  private final ExperimentPlan plan;
  private final Execution with;

  ExperimentRun(ExperimentPlan plan, Execution with) {
    this.plan = plan;
    this.with = with;
  }

  /**
   * Does what is not done yet.
   *
   * @return the section of the report; null after a stop
   */
  ExperimentPage.@Nullable Section run() throws IOException {
    Definition definition = plan.definition();
    with.screen().say(plan.name() + ": " + definition.title());
    if (definition.search() != null) {
      return ExperimentSearches.run(plan, definition.search(), with);
    }
    ExperimentTuning tuning = new ExperimentTuning(plan);
    boolean done =
        definition.lengths() != null
            ? ExperimentCosts.run(plan, definition.lengths(), with)
            : pretrain() && tuning.run(with) && train(tuning);
    return done ? ExperimentSections.ofRuns(plan, tuning.table()) : null;
  }

  private boolean pretrain() throws IOException {
    for (Map.Entry<String, Definition.Base> base : plan.definition().bases().entrySet()) {
      Path place = plan.base(base.getKey());
      if (Files.exists(place.resolve("summary.json"))) {
        continue;
      }
      with.screen().say("  base " + base.getKey());
      Pretraining pretraining =
          new Pretraining(plan.pretraining(base.getValue()), with.backend(), place);
      boolean begun = Files.exists(Pretraining.checkpoint(place));
      if (!pretraining.run(begun, with.screen(), with.stop())) {
        return false;
      }
    }
    return true;
  }

  private boolean train(ExperimentTuning tuning) throws IOException {
    List<RunQueue.Run> runs = new ArrayList<>();
    for (long seed : plan.seeds()) {
      for (String arm : plan.arms()) {
        runs.add(
            new RunQueue.Run(
                arm + " seed " + seed,
                plan.config(arm, tuning.chosen(arm), seed),
                plan.place(arm, seed)));
      }
    }
    if (!with.runs().run(runs)) {
      return false;
    }
    if (plan.definition().metrics().contains(Metric.FORGETTING)) {
      for (RunQueue.Run run : runs) {
        Forgetting.measure(run.folder(), run.config().model(), with.backend());
      }
    }
    return true;
  }
}
