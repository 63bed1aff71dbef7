package dev.hindsight.cli;

import dev.hindsight.cli.report.Figures;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.evaluation.Evaluator;
import dev.hindsight.sdpo.evaluation.TeacherProbe;
import dev.hindsight.sdpo.teacher.PromptEncoder;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.sdpo.teacher.TeacherKind;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.sdpo.trainer.Environments;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures a model on held-out questions. */
@Command(
    name = "evaluate",
    description = {
      "Measure a model on held-out questions: exact accuracy, avg@k, and how it does as its own"
          + " teacher.",
      "Exact accuracy is the probability that the model gives to right answers, without sampling"
          + " noise. avg@k is the mean reward of k sampled answers."
    },
    footer = {
      "  ./hindsight evaluate --model models/dialect-48x2 --set environment.level=P",
      "  ./hindsight evaluate --model runs/quickstart/sdpo -k 16 --questions 0",
      "  ./hindsight evaluate --model runs/quickstart/grpo --checkpoint best --json"
    })
final class EvaluateCommand extends HindsightCommand {
  private static final long STREAM = 0x6176_6740_6BL;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "A model's folder, or a run's, whose environment is then the default.")
  Path model;

  @Option(
      names = "--checkpoint",
      paramLabel = "WHICH",
      defaultValue = "last",
      description = "Of a run: last or best (default: last).")
  Models.Which which;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A training configuration with the environment to ask questions from.")
  @Nullable Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Change a key of the configuration, such as --set environment.level=P.")
  List<String> overrides = List.of();

  @Option(
      names = "--questions",
      paramLabel = "N",
      description = "Held-out questions; 0 takes all (default: the configuration's, 256).")
  @Nullable Integer questions;

  @Option(
      names = {"-k", "--answers"},
      paramLabel = "K",
      defaultValue = "16",
      description = "Answers a question for avg@k; 0 leaves it out (default: 16).")
  int answers;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "1",
      description = "Divides the logits (default: 1).")
  double temperature;

  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    if (answers < 0) {
      throw new Failure("-k: got " + answers + ", expected 0 or more");
    }
    if (questions != null && questions < 0) {
      throw new Failure("--questions: got " + questions + ", expected 1 or more, or 0 for all");
    }
    if (!(temperature > 0)) {
      throw new Failure("--temperature: got " + temperature + ", expected a positive number");
    }
    Path folder = Folders.input(model);
    Path file =
        config != null
            ? Folders.input(config)
            : Models.isRun(folder) ? folder.resolve("config.yaml") : null;
    TrainConfig settings = Training.config(file, overrides);
    long seed = compute.seedOr(settings.seed());
    Backend backend = compute.open();
    try (Environment environment = Environments.open(settings.environment(), settings.seed())) {
      measure(screen, settings, seed, environment, backend);
    }
    return 0;
  }

  private void measure(
      Screen screen, TrainConfig settings, long seed, Environment environment, Backend backend)
      throws IOException {
    ModelFolder opened = Models.open(model, which, backend);
    Decoder decoder = opened.decoder();
    int context = decoder.config().maxPositions();
    if (environment.maxResponseTokens() >= context) {
      throw new Failure(
          "environment.max_response_tokens: got "
              + environment.maxResponseTokens()
              + ", expected less than the context of "
              + model
              + ", "
              + context
              + " tokens; lower it with --set, or evaluate a model with a longer context");
    }
    TeacherPrompts prompts =
        new TeacherPrompts(
            settings.selfDistillation().template(),
            new PromptEncoder(environment.renderer(), opened.tokenizer()),
            context - environment.maxResponseTokens() + 1,
            settings.selfDistillation().repromptTruncation());
    int count = questions != null ? questions : settings.evaluation().questions();
    List<Question> asked = Evaluator.questions(environment, count, seed);
    screen.say(
        "Asking " + asked.size() + " held-out questions of " + environment.description() + " ...");
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("model", model.toString());
    result.put("environment", environment.name());
    result.put("questions", asked.size());
    result.put("seed", seed);
    result.put("backend", backend.description());
    OptionalDouble exact;
    try (Evaluator evaluator =
        new Evaluator(decoder, opened.tokenizer(), environment, prompts, asked)) {
      exact = evaluator.accuracy(temperature);
      show(screen, result, "accuracy", "exact accuracy", exact);
      if (answers > 0) {
        double average = evaluator.average(answers, temperature, new Philox(seed, STREAM));
        result.put("answers", answers);
        show(screen, result, "avg_at_k", "avg@" + answers, OptionalDouble.of(average));
      }
    }
    SelfTeacher teacher = new SelfTeacher(TeacherKind.LIVE, 0, decoder);
    TeacherProbe afterFailure =
        TeacherProbe.afterFailedAttempt(
            decoder, opened.tokenizer(), environment, prompts, asked, temperature, seed);
    show(
        screen,
        result,
        "teacher_accuracy",
        "as its own teacher, after " + afterFailure.size() + " failed attempts with feedback",
        afterFailure.accuracy(teacher, temperature));
    TeacherProbe withSolution =
        TeacherProbe.withSolution(opened.tokenizer(), environment, prompts, asked);
    show(
        screen,
        result,
        "teacher_accuracy_with_solution",
        "as its own teacher, shown a right answer",
        withSolution.accuracy(teacher, temperature));
    screen.result(result);
  }

  private static void show(
      Screen screen, Map<String, Object> result, String key, String label, OptionalDouble value) {
    Double number = value.isPresent() ? Double.valueOf(value.getAsDouble()) : null;
    result.put(key, number);
    screen.result(String.format("%8s  %s", Figures.percent(number), label));
  }
}
