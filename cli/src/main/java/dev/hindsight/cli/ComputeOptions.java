package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Threads;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every command that computes takes. */
final class ComputeOptions {
  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "Which kernels compute: auto, vector, reference, and for a GPU opencl, tornado"
              + " (default: auto). ./hindsight devices lists them.")
  String backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads to use (default: HINDSIGHT_THREADS, else all processors). The result does not"
              + " depend on it.")
  @Nullable Integer threads;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of all random numbers (default: the configuration's, else 0).")
  @Nullable Long seed;

  private @Nullable Backend opened;

  /** Sets the threads and opens the backend. */
  Backend open() {
    if (threads != null) {
      Threads.set(threads);
    }
    opened = Backends.get(backend);
    return opened;
  }

  /** Says what the backend has to say at the end of a run. */
  void end(Screen screen) {
    if (opened != null) {
      opened.summary().forEach(screen::say);
    }
  }

  long seedOr(long otherwise) {
    return seed == null ? otherwise : seed;
  }
}
