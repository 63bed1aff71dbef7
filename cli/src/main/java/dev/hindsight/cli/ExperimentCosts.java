package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Settings;
import dev.hindsight.engine.Threads;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * An experiment whose runs are timed: the arms of a seed take their steps in turn, each with all
 * threads, so that a slow minute of the machine hits all alike.
 */
final class ExperimentCosts {
  private ExperimentCosts() {}

  /**
   * Times the seeds that are not timed yet.
   *
   * @return whether all are done; false after a stop
   */
  static boolean run(ExperimentPlan plan, Definition.Lengths lengths, Execution with)
      throws IOException {
    int threads = Threads.count();
    Threads.set(with.allThreads());
    try (Progress progress = with.screen().progress("seeds", plan.seeds().size())) {
      int done = 0;
      for (long seed : plan.seeds()) {
        List<CostRun> arms = arms(plan, lengths, seed, with);
        boolean todo = false;
        for (CostRun arm : arms) {
          todo |= !arm.isDone();
        }
        if (todo) {
          inTurn(arms, with);
        }
        if (with.stop().requested()) {
          return false;
        }
        progress.update(++done, "seed " + seed);
      }
    } finally {
      Threads.set(threads);
    }
    return true;
  }

  private static List<CostRun> arms(
      ExperimentPlan plan, Definition.Lengths lengths, long seed, Execution with)
      throws IOException {
    List<CostRun> arms = new ArrayList<>();
    Path model = plan.folder().resolve("model");
    for (String arm : plan.arms()) {
      var config = plan.config(arm, Settings.NONE, seed);
      Path like = Models.requireBase(config.model());
      FixedLengths.writeModel(like, lengths, model, with.backend());
      arms.add(new CostRun(config.withModel(model.toString()), lengths, plan.place(arm, seed)));
    }
    return arms;
  }

  private static void inTurn(List<CostRun> arms, Execution with) throws IOException {
    Turns turns = new Turns(arms.size());
    List<Future<?>> results = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(arms.size())) {
      for (int i = 0; i < arms.size(); i++) {
        int member = i;
        results.add(
            threads.submit(
                () -> {
                  arms.get(member).run(turns, member, with.backend(), with.stop());
                  return null;
                }));
      }
    }
    for (Future<?> result : results) { // all are done
      if (result.state() == Future.State.FAILED) {
        Failures.rethrow(result.exceptionNow());
      }
    }
  }
}
