package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Settings;
import dev.hindsight.engine.Threads;
import dev.hindsight.sdpo.trainer.TrainConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An experiment whose runs are timed, one after another and each with all threads. */
final class ExperimentCosts {
  private ExperimentCosts() {}

  /**
   * Times the runs that are not timed yet. Arms take turns, and who begins alternates, so that a
   * slow minute of the machine hits all.
   *
   * @return whether all are done; false after a stop
   */
  static boolean run(ExperimentPlan plan, Definition.Lengths lengths, Execution with)
      throws IOException {
    int threads = Threads.count();
    Threads.set(with.allThreads());
    try (Progress progress =
        with.screen().progress("runs", (long) plan.seeds().size() * plan.arms().size())) {
      int done = 0;
      for (long seed : plan.seeds()) {
        List<String> arms = new ArrayList<>(plan.arms());
        for (String arm : seed % 2 == 0 ? arms : arms.reversed()) {
          if (with.stop().requested()) {
            return false;
          }
          TrainConfig config = plan.config(arm, Settings.NONE, seed);
          Path model = plan.folder().resolve("model");
          FixedLengths.writeModel(
              Models.requireBase(config.model()), lengths, model, with.backend());
          CostRun.run(
              config.withModel(model.toString()), lengths, plan.place(arm, seed), with.backend());
          progress.update(++done, arm);
        }
      }
    } finally {
      Threads.set(threads);
    }
    return true;
  }
}
