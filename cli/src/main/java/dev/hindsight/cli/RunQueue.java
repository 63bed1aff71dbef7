package dev.hindsight.cli;

import dev.hindsight.cli.report.Figures;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.trainer.RunSummary;
import dev.hindsight.sdpo.trainer.TrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Training runs that know nothing of each other, several at a time on threads of this process: one
 * just-in-time compiler serves them all. What is done is not done again, what was stopped or killed
 * goes on from its checkpoint. A run's bytes depend neither on what runs beside it nor on threads.
 */
final class RunQueue {
  /**
   * One run.
   *
   * @param label what messages call it
   * @param folder its place, which says what it is when the queue is run again
   */
  record Run(String label, TrainConfig config, Path folder) {}

  private final int jobs;
  private final Backend backend;
  private final Screen screen;
  private final StopSignal stop;

  /**
   * @param jobs runs at a time
   */
  RunQueue(int jobs, Backend backend, Screen screen, StopSignal stop) {
    this.jobs = jobs;
    this.backend = backend;
    this.screen = screen;
    this.stop = stop;
  }

  /**
   * Does all runs.
   *
   * @return whether all are done; false after a stop
   * @throws IOException the first failure, after the runs beside it have been stopped and saved
   */
  boolean run(List<Run> runs) throws IOException {
    List<Run> todo = new ArrayList<>();
    for (Run run : runs) {
      if (!isDone(run)) {
        todo.add(run);
      }
    }
    if (todo.isEmpty()) {
      return true;
    }
    AtomicInteger done = new AtomicInteger(runs.size() - todo.size());
    AtomicInteger failures = new AtomicInteger();
    List<Future<Boolean>> results = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(jobs);
        Progress progress = screen.progress("runs", runs.size())) {
      for (Run run : todo) {
        results.add(
            pool.submit(
                () -> {
                  if (stop.requested() || failures.get() > 0) {
                    return false;
                  }
                  try {
                    RunSummary summary = one(run, failures);
                    if (summary.complete()) {
                      progress.update(done.incrementAndGet(), describe(run, summary));
                    }
                    return summary.complete();
                  } catch (IOException | RuntimeException | Error e) {
                    failures.incrementAndGet();
                    throw e;
                  }
                }));
      }
      pool.shutdown();
      boolean all = true;
      Throwable failure = null;
      for (Future<Boolean> result : results) {
        try {
          all &= result.get();
        } catch (ExecutionException e) {
          failure = failure == null ? e.getCause() : failure;
        }
      }
      Failures.rethrow(failure);
      return all;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private RunSummary one(Run run, AtomicInteger failures) throws IOException {
    Files.createDirectories(run.folder().toAbsolutePath().getParent());
    Training.Unwatched unwatched = new Training.Unwatched(stop, () -> failures.get() > 0);
    return Files.exists(run.folder().resolve("config.yaml"))
        ? Training.resume(run.folder(), backend, unwatched)
        : Training.start(run.config(), new Folders.Claim(run.folder(), false), backend, unwatched);
  }

  /** Whether a run has reached its end; one with other settings in its place is an error. */
  private static boolean isDone(Run run) throws IOException {
    Training.requireSame(run.folder(), "a run", "", run.config());
    return Training.isComplete(run.folder());
  }

  private static String describe(Run run, RunSummary summary) {
    Double half = summary.generationsToHalf();
    return String.format(
        Locale.ROOT,
        "%s: accuracy %s, to .5 %s, %s",
        run.label(),
        Figures.percent(summary.finalAccuracy()),
        half == null ? "never" : Figures.count(half),
        Figures.seconds(summary.wallSeconds()));
  }
}
