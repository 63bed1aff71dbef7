package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Measured;
import dev.hindsight.cli.experiment.Results;
import dev.hindsight.cli.experiment.Searches;
import dev.hindsight.cli.experiment.TextPlot;
import dev.hindsight.cli.experiment.TextTable;
import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.cli.report.Figures;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.Environments;
import dev.hindsight.sdpo.trainer.TestTimeSearch.Way;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Test-time self-distillation and what it is compared with. */
@Command(
    name = "discover",
    description = {
      "Look for a right answer to hard questions, one at a time: by test-time self-distillation, which"
          + " learns from the feedback on its own failed attempts until one is right; by best-of-k; by"
          + " multi-turn prompting.",
      "Prints discovery@k, the share of questions with a right answer within k attempts, with 95 %%"
          + " bootstrap intervals over the seeds. The same command goes on with one that was stopped."
    },
    footer = {
      "  ./hindsight discover configs/discover-dialect.yaml",
      "  ./hindsight discover configs/discover-dialect.yaml --question \"max 4 9 2\" --seeds 1",
      "  ./hindsight discover configs/discover-dialect.yaml --way self-distillation \\",
      "      --set environment.level=X --attempts 1024"
    })
final class DiscoverCommand extends HindsightCommand {
  private static final String FILE = "discover.json";

  @Parameters(
      paramLabel = "CONFIG",
      description =
          "A training configuration with environment and update, such as"
              + " configs/discover-dialect.yaml.")
  Path config;

  @Option(
      names = "--way",
      paramLabel = "WAY",
      description = "self-distillation, best-of-k or multi-turn; repeatable (default: all three).")
  List<String> ways = List.of("self-distillation", "best-of-k", "multi-turn");

  @Option(
      names = "--question",
      paramLabel = "TEXT",
      description = "A question of the environment, by its text; repeatable.")
  List<String> texts = List.of();

  @Option(
      names = "--questions",
      paramLabel = "N",
      defaultValue = "8",
      description = "Without --question: so many held-out questions (default: 8).")
  int count;

  @Option(
      names = "--attempts",
      paramLabel = "N",
      defaultValue = "2750",
      description = "Most attempts at a question (default: 2750, as in the paper).")
  long attempts;

  @Option(
      names = "--window",
      paramLabel = "N",
      defaultValue = "10",
      description = "Pieces of feedback that multi-turn keeps in the prompt (default: 10).")
  int window;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "5",
      description = "Seeds 0 to N-1 (default: 5).")
  int seeds;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Change a key of the configuration, such as --set optim.lr=1e-4; repeatable.")
  List<String> overrides = List.of();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/discover",
      description = "Where the results go (default: runs/discover).")
  Path out;

  @Option(names = "--overwrite", description = "Replace former results in the folder.")
  boolean overwrite;

  @Mixin JobsOption jobs;
  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    positive("--questions", count);
    positive("--attempts", attempts);
    positive("--window", window);
    positive("--seeds", seeds);
    if (compute.seed != null) {
      throw new ParameterException(
          spec.commandLine(), "--seed: there are several; --seeds N takes 0 to N-1");
    }
    TrainConfig settings = Training.config(Folders.input(config), overrides);
    Models.requireBase(settings.model());
    List<Way> asked = ways.stream().map(DiscoverCommand::way).distinct().toList();
    try (Environment environment = Environments.open(settings.environment(), settings.seed())) {
      return search(screen, settings, asked, environment);
    }
  }

  private int search(Screen screen, TrainConfig settings, List<Way> asked, Environment environment)
      throws IOException {
    int held = environment.testQuestions().size();
    if (texts.isEmpty() && count > held) {
      throw new Failure(
          "--questions: got "
              + count
              + ", expected at most "
              + held
              + ", the held-out questions of "
              + environment.name());
    }
    List<Question> questions =
        texts.isEmpty()
            ? environment.drawTest(count, settings.seed())
            : texts.stream().map(text -> named(environment, text)).toList();
    Backend backend = compute.open();
    int atATime = jobs.atATime(compute.threads, backend);
    Folders.again(out, overwrite, FILE);
    AtomicFile.write(out.resolve(FILE), "{}\n");
    screen.say(
        "Looking for right answers to "
            + questions.size()
            + " questions of "
            + environment.name()
            + " with "
            + seeds
            + " seeds, on "
            + backend.description());
    Map<Way, Searches> results = new LinkedHashMap<>();
    try (StopSignal stop = new StopSignal(screen)) {
      SearchQueue queue = new SearchQueue(atATime, backend, screen, stop);
      List<Long> all = LongStream.range(0, seeds).boxed().toList();
      for (Way way : asked) {
        SearchQueue.Arm arm = new SearchQueue.Arm(label(way), way, settings, window);
        Searches searches = queue.run(arm, questions, all, attempts, out.resolve(label(way)));
        if (searches == null) {
          screen.warn("hindsight: stopped; the state is saved. The same command goes on.");
          return Main.INTERRUPTED;
        }
        results.put(way, searches);
      }
    }
    show(screen, environment, questions, results);
    return 0;
  }

  private void show(
      Screen screen, Environment environment, List<Question> questions, Map<Way, Searches> results)
      throws IOException {
    Map<String, Object> arms = new LinkedHashMap<>();
    List<ExperimentPage.Line> lines = new ArrayList<>();
    ExperimentPage.Table table = table(results);
    results.forEach(
        (way, searches) -> {
          Measured measured = searches.attempts();
          Map<String, Object> arm =
              new LinkedHashMap<>(Results.json(measured.band(), measured.numbers()));
          ExperimentPage.Line curve = searches.curve(label(way));
          Map<String, Object> discovery = new LinkedHashMap<>();
          discovery.put("k", curve.x());
          discovery.put("mean", curve.mean());
          discovery.put("low", curve.low());
          discovery.put("high", curve.high());
          arm.put("discovery_at_k", discovery);
          arm.put("found", searches.found());
          arms.put(label(way), arm);
          lines.add(curve);
        });
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("environment", environment.name());
    json.put("questions", questions.stream().map(Question::text).toList());
    json.put("attempts", attempts);
    json.put("arms", arms);
    AtomicFile.write(out.resolve(FILE), Json.pretty(json));
    screen.result(json);
    screen.result("\n" + TextTable.of(table) + "\n");
    screen.result(TextPlot.of(lines, "attempts"));
    screen.say("\nresults: " + out.resolve(FILE));
  }

  private static ExperimentPage.Table table(Map<Way, Searches> results) {
    List<List<String>> rows = new ArrayList<>();
    results.forEach(
        (way, searches) ->
            rows.add(
                List.of(
                    label(way),
                    searches.attempts().text(),
                    reached(searches.kTo(.1)),
                    reached(searches.kTo(.5)),
                    Figures.percent(searches.at(searches.budget()).mean()))));
    return new ExperimentPage.Table(
        List.of("way", "attempts to the first right answer", "to .1", "to .5", "found"), rows);
  }

  static String reached(@Nullable Long k) {
    return k == null ? "never" : Figures.count((double) k);
  }

  static String label(Way way) {
    return way.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Way way(String name) {
    for (Way way : Way.values()) {
      if (label(way).equals(name.toLowerCase(Locale.ROOT))) {
        return way;
      }
    }
    throw new Failure(
        "--way: got '" + name + "', expected self-distillation, best-of-k or multi-turn");
  }

  private static Question named(Environment environment, String text) {
    for (List<Question> all : List.of(environment.testQuestions(), environment.trainQuestions())) {
      for (Question question : all) {
        if (question.text().equals(text)) {
          return question;
        }
      }
    }
    throw new Failure(
        "--question: "
            + environment.name()
            + " has no question '"
            + text
            + "'; one of its questions is '"
            + environment.testQuestions().getFirst().text()
            + "'");
  }

  private static void positive(String option, long value) {
    if (value < 1) {
      throw new Failure(option + ": got " + value + ", expected at least 1");
    }
  }
}
