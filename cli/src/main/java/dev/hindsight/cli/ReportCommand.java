package dev.hindsight.cli;

import dev.hindsight.cli.report.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes the page about runs again, from their files. */
@Command(
    name = "report",
    description = {
      "Write one self-contained HTML page about one or several runs.",
      "It opens from disk and asks the network for nothing."
    },
    footer = {
      "  ./hindsight report runs/quickstart",
      "  ./hindsight report runs/a runs/b --out compare.html"
    })
final class ReportCommand extends HindsightCommand {
  @Parameters(
      paramLabel = "DIR",
      arity = "1..*",
      description = "Run folders, or a folder of run folders such as quickstart's.")
  List<Path> folders;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page to write (default: report.html in the first folder).")
  @Nullable Path out;

  @Override
  int run(Screen screen) throws Exception {
    Path file = out != null ? out : folders.getFirst().resolve("report.html");
    if (Files.isDirectory(file)) {
      throw new Failure(file + " is a folder; give --out a file, such as " + file + "/report.html");
    }
    Report report = Report.of(folders);
    report.write(file);
    screen.result(report.verdict());
    screen.say("report: " + file);
    screen.result(Map.of("report", file.toString(), "verdict", report.verdict()));
    return 0;
  }
}
