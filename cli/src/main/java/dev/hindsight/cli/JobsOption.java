package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Threads;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How much a command of many runs or searches does at a time. */
final class JobsOption {
  @Option(
      names = "--jobs",
      paramLabel = "N",
      description =
          "So many at a time (default: one a processor, each with one thread, on the processor; 1 on"
              + " a device). The results do not depend on it.")
  @Nullable Integer asked;

  /**
   * The number of jobs at a time; where none was asked for one a processor, each with one thread,
   * while a device serves one. Sets the threads of each job.
   *
   * @param threads that the command asked for; null when it did not
   */
  int atATime(@Nullable Integer threads, Backend backend) {
    if (asked != null && asked < 1) {
      throw new Failure("--jobs: got " + asked + ", expected at least 1");
    }
    boolean onCpu = backend.name().equals("vector") || backend.name().equals("reference");
    if (asked != null && asked > 1 && !onCpu) {
      throw new Failure(
          "--jobs: got "
              + asked
              + " on backend "
              + backend.name()
              + ", where one run has the device; leave --jobs away, or take --backend auto");
    }
    int jobs = asked != null ? asked : onCpu ? Math.max(1, Threads.count()) : 1;
    if (jobs > 1 && threads == null) {
      Threads.set(1);
    }
    return jobs;
  }
}
