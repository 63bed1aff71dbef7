package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.TextPlot;
import dev.hindsight.cli.experiment.TextTable;
import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Threads;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.DidYouMean;
import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The paper's claims, one experiment each. */
@Command(
    name = "experiment",
    description = {
      "Repeat one of the paper's claims on a small model: every method is tuned on the same grid, then"
          + " run with several seeds; a table, curves, and a verdict computed from the numbers.",
      "The same command goes on with an experiment that was stopped or killed."
    },
    footer = {
      "  ./hindsight experiment --list",
      "  ./hindsight experiment rich",
      "  ./hindsight experiment rich --seeds 2 --out runs/try --json rich.json",
      "  ./hindsight experiment --all"
    })
final class ExperimentCommand extends BasicCommand {
  /** What marks an experiment's folder: its definition. */
  private static final String FILE = "experiment.yaml";

  static final Path DEFINITIONS = Path.of("configs", "experiments");

  @Parameters(
      paramLabel = "NAME",
      arity = "0..*",
      description = "Experiments that --list shows, or YAML files of the same kind.")
  List<String> names = List.of();

  @Option(names = "--list", description = "List the experiments and what each asks.")
  boolean list;

  @Option(names = "--all", description = "All of them, and one report about all.")
  boolean all;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "5",
      description = "Seeds 0 to N-1 are reported (default: 5).")
  int seeds;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/experiments",
      description =
          "Each experiment goes to a folder of its name there (default: runs/experiments).")
  Path out;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Change a key of the training configuration in all arms, such as --set steps=20.")
  List<String> overrides = List.of();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the result of the experiment to FILE, as JSON.")
  @Nullable Path json;

  @Option(names = "--overwrite", description = "Replace a former experiment in the folder.")
  boolean overwrite;

  @Mixin JobsOption jobs;
  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    if (list) {
      return list(screen);
    }
    List<Path> files = files();
    if (seeds < 1) {
      throw new Failure("--seeds: got " + seeds + ", expected at least 1");
    }
    if (json != null && files.size() > 1) {
      throw new Failure(
          "--json: takes the result of one experiment, got "
              + files.size()
              + "; each of them writes experiment.json into its own folder");
    }
    if (compute.seed != null) {
      throw new ParameterException(
          spec.commandLine(), "--seed: an experiment has several; --seeds N takes 0 to N-1");
    }
    Backend backend = compute.open();
    int allThreads = Threads.count();
    int atATime = jobs.atATime(compute.threads, backend);
    List<ExperimentPage.Section> sections = new ArrayList<>();
    try (StopSignal stop = new StopSignal(screen)) {
      List<ExperimentPlan> plans = new ArrayList<>();
      for (Path file : files) {
        String name = Folders.stem(file);
        ExperimentPlan plan =
            ExperimentPlan.of(
                name, Definition.read(file, List.of()), seeds, overrides, out.resolve(name));
        plan.check();
        plans.add(plan);
      }
      Execution with = new Execution(backend, atATime, allThreads, screen, stop);
      for (ExperimentPlan plan : plans) {
        Path folder = plan.folder();
        Folders.again(folder, overwrite, FILE);
        AtomicFile.write(folder.resolve(FILE), Configs.toYaml(plan.definition()));
        ExperimentPage.Section section = new ExperimentRun(plan, with).run();
        if (section == null) {
          screen.warn("hindsight: stopped; the state is saved. The same command goes on.");
          return Main.INTERRUPTED;
        }
        sections.add(section);
        show(screen, section, folder);
      }
    }
    if (json != null) {
      Path result = out.resolve(Folders.stem(files.getFirst())).resolve("experiment.json");
      AtomicFile.write(json, Files.readString(result));
    }
    if (files.size() > 1) {
      ExperimentPage.write(out.resolve("report.html"), "The paper's claims, measured", sections);
      screen.result("report of all: " + out.resolve("report.html"));
    }
    return 0;
  }

  private static void show(Screen screen, ExperimentPage.Section section, Path folder) {
    screen.result("\n" + section.title() + "\n\n" + TextTable.of(section.results()) + "\n");
    section.charts().forEach(chart -> screen.result(plot(chart) + "\n"));
    if (!section.tuning().rows().isEmpty()) {
      screen.result("Tuning:\n" + TextTable.of(section.tuning()) + "\n");
    }
    screen.result(section.verdict());
    screen.result("\nreport: " + folder.resolve("report.html"));
  }

  /** The curves for a terminal. */
  private static String plot(ExperimentPage.Chart chart) {
    return TextPlot.of(chart.lines(), chart.xLabel().replaceAll(" \\(.*", ""));
  }

  private int list(Screen screen) throws IOException {
    for (Path file : builtIn()) {
      String title = Definition.read(file, List.of()).title();
      screen.result(String.format("  %-12s %s", Folders.stem(file), title));
    }
    return 0;
  }

  private List<Path> files() throws IOException {
    if (all == !names.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          all
              ? "--all takes every experiment; leave " + names.getFirst() + " away"
              : "Which experiment? ./hindsight experiment --list names them.");
    }
    if (all) {
      return builtIn();
    }
    List<Path> files = new ArrayList<>();
    for (String name : names) {
      if (name.endsWith(".yaml") || name.endsWith(".yml")) {
        files.add(Folders.input(Path.of(name)));
        continue;
      }
      List<Path> known = builtIn();
      List<String> stems = known.stream().map(Folders::stem).toList();
      if (!stems.contains(name)) {
        throw new Failure(
            "there is no experiment '"
                + name
                + "'"
                + DidYouMean.hint(name, stems)
                + " Known: "
                + String.join(", ", stems));
      }
      files.add(known.get(stems.indexOf(name)));
    }
    return files;
  }

  private static List<Path> builtIn() throws IOException {
    Path folder = Folders.input(DEFINITIONS);
    if (!Files.isDirectory(folder)) {
      throw new Failure(
          "no folder "
              + folder
              + ", where the experiments are defined; start from Hindsight's own folder, or name a YAML"
              + " file");
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
    }
  }
}
