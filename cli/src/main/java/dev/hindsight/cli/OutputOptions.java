package dev.hindsight.cli;

import picocli.CommandLine.Option;

/** How a command talks. */
final class OutputOptions {
  @Option(
      names = {"-q", "--quiet"},
      description = "Print results only, no progress.")
  boolean quiet;

  @Option(names = "--stacktrace", description = "With an error, print where it came from.")
  boolean stacktrace;
}
