package dev.hindsight.cli;

import dev.hindsight.cli.inspect.SampleText;
import dev.hindsight.cli.inspect.Samples;
import dev.hindsight.sdpo.run.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows single samples of a run. */
@Command(
    name = "inspect",
    description = {
      "Show a sample of a run: question, response, feedback, what the teacher read, and what student"
          + " and teacher thought of each token.",
      "Without options: the sample on which the two disagree most."
    },
    footer = {
      "  ./hindsight inspect runs/quickstart/sdpo",
      "  ./hindsight inspect runs/quickstart/sdpo --list",
      "  ./hindsight inspect runs/quickstart/sdpo --step 3 --sample 2",
      "  ./hindsight inspect runs/quickstart/sdpo --step 3 --worst --json"
    })
final class InspectCommand extends HindsightCommand {
  @Parameters(paramLabel = "RUN", description = "A run's folder.")
  Path run;

  @Option(names = "--step", paramLabel = "N", description = "Samples of this step only.")
  @Nullable Integer step;

  @ArgGroup Choice choice = new Choice();

  /** Which of the samples; one way at a time. */
  static final class Choice {
    @Option(
        names = "--sample",
        paramLabel = "I",
        description = "The sample with this number in its step, from 1; with --step.")
    @Nullable Integer sample;

    @Option(
        names = "--question",
        paramLabel = "ID",
        description = "Of the answers to this question, the one that the two disagree on most.")
    @Nullable String question;

    @Option(
        names = "--worst",
        description =
            "The sample with the largest mean |log q - log p|, or, of a run without a teacher, the"
                + " lowest reward (default).")
    boolean worst;

    @Option(names = "--list", description = "A line for each sample.")
    boolean list;
  }

  @Override
  int run(Screen screen) throws Exception {
    if (choice.sample != null && step == null) {
      throw new Failure(
          "--sample " + choice.sample + " counts within a step: give --step N beside it");
    }
    Samples all = Samples.read(run);
    Samples some = step == null ? all : all.ofStep(step);
    boolean terminal = Progress.isTerminal();
    int width = terminal ? spec.usageMessage().width() : Integer.MAX_VALUE;
    SampleText text = new SampleText(terminal && System.getenv("NO_COLOR") == null, width);
    if (choice.list) {
      screen.result(text.list(some.all()).stripTrailing());
      screen.result(Map.of("samples", some.all().stream().map(InspectCommand::json).toList()));
      return 0;
    }
    if (choice.question != null) {
      some = some.ofQuestion(choice.question);
    }
    Samples.Entry shown = choice.sample != null ? some.number(choice.sample) : some.worst();
    int inStep = all.ofStep(shown.sample().step()).all().size();
    screen.say(
        "Step "
            + shown.sample().step()
            + ", sample "
            + shown.number()
            + " of "
            + inStep
            + (choice.sample != null ? "" : ": " + why(some))
            + "\n");
    screen.result(text.of(shown.sample()).stripTrailing());
    screen.say(
        "\nOthers: --step N --sample I ("
            + all.steps()
            + "), --question ID; --list shows all "
            + all.all().size());
    screen.result(json(shown));
    return 0;
  }

  private static String why(Samples among) {
    int count = among.all().size();
    String of = count == 1 ? "" : " of " + count;
    return count == 1
        ? "the only one"
        : among.taught()
            ? "the one" + of + " that student and teacher disagree on most"
            : "the first" + of + " with the lowest reward";
  }

  /** The record as it is, with its number in the step. */
  private static Map<String, Object> json(Samples.Entry entry) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("sample", entry.number());
    Map<?, ?> record = Json.parse(Json.line(entry.sample()), Map.class);
    record.forEach((key, value) -> object.put(key.toString(), value));
    return object;
  }
}
