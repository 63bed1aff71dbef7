package dev.hindsight.cli;

import picocli.CommandLine.Option;

/** What nearly all commands share: one result, which {@code --json} prints for programs. */
abstract class HindsightCommand extends BasicCommand {
  @Option(
      names = "--json",
      description = "Print the result as one JSON object; progress goes to standard error.")
  boolean json;

  @Override
  final boolean printsJson() {
    return json;
  }
}
