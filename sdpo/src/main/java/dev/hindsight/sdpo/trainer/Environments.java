package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.arithmetic.ArithmeticEnvironment;
import dev.hindsight.sdpo.arithmetic.ArithmeticFeedback;
import dev.hindsight.sdpo.choice.ChoiceEnvironment;
import dev.hindsight.sdpo.choice.ChoiceQuestion;
import dev.hindsight.sdpo.choice.SciKnowEval;
import dev.hindsight.sdpo.code.CodeEnvironment;
import dev.hindsight.sdpo.code.CodeProblem;
import dev.hindsight.sdpo.code.LiveCodeBench;
import dev.hindsight.sdpo.code.sandbox.SandboxLimits;
import dev.hindsight.sdpo.data.JsonRows;
import dev.hindsight.sdpo.data.Split;
import dev.hindsight.sdpo.dialect.Dialect;
import dev.hindsight.sdpo.dialect.DialectEnvironment;
import dev.hindsight.sdpo.dialect.DialectVerifier;
import dev.hindsight.sdpo.dialect.FeedbackStyle;
import dev.hindsight.sdpo.dialect.ForeignFeedbackEnvironment;
import dev.hindsight.sdpo.dialect.Level;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.tools.ToolAlpaca;
import dev.hindsight.sdpo.tools.ToolEnvironment;
import dev.hindsight.sdpo.tools.ToolGrader;
import dev.hindsight.sdpo.tools.ToolQuestion;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The environments that a configuration can name. */
public final class Environments {
  private Environments() {}

  /**
   * The environment of a configuration.
   *
   * @param seed of the run; the foreign dialects of the control depend on it
   * @throws IllegalArgumentException when its settings name what is not there: a level, a file
   */
  public static Environment open(EnvironmentConfig config, long seed) {
    return switch (config) {
      case DialectEnvironmentConfig dialect -> dialect(dialect, seed);
      case CodeEnvironmentConfig code -> code(code);
      case ChoiceEnvironmentConfig choice -> choice(choice);
      case ToolEnvironmentConfig tools -> tools(tools);
      case ArithmeticEnvironmentConfig arithmetic ->
          new ArithmeticEnvironment(
              arithmetic.questions(),
              ArithmeticFeedback.ofName(arithmetic.feedback()),
              arithmetic.maxResponseTokens());
    };
  }

  private static Environment dialect(DialectEnvironmentConfig config, long seed) {
    FeedbackStyle feedback =
        new FeedbackStyle(FeedbackStyle.Mode.ofName(config.feedback()), config.maxErrors());
    DialectEnvironment environment =
        new DialectEnvironment(
            config.dialect() == null ? "dialect-" + Level.ofName(config.level()) : "dialect-custom",
            dialect(config),
            feedback,
            config.checkArguments()
                ? DialectVerifier.ArgumentCheck.STRICT
                : DialectVerifier.ArgumentCheck.LOOSE);
    return config.foreignFeedback()
        ? new ForeignFeedbackEnvironment(environment, seed)
        : environment;
  }

  private static Dialect dialect(DialectEnvironmentConfig config) {
    DialectEnvironmentConfig.DialectConfig d = config.dialect();
    return d == null
        ? Level.ofName(config.level()).dialect(config.dialectSeed())
        : Dialect.of(d.bracket(), d.separator(), d.terminator(), d.order(), d.names());
  }

  private static Environment code(CodeEnvironmentConfig config) {
    List<CodeProblem> problems = problems("environment.data", config.data(), config);
    List<CodeProblem> test =
        config.testData() == null
            ? problems
            : problems("environment.test_data", config.testData(), config);
    SandboxLimits limits =
        SandboxLimits.DEFAULT
            .withTime(millis(config.testSeconds()), millis(config.totalSeconds()))
            .withMemory(config.memoryMb());
    if (config.workers() != null) {
      limits = limits.withWorkers(config.workers());
    }
    String file = Path.of(config.data()).getFileName().toString();
    String name = "code-" + file.replaceFirst("\\.jsonl?$", "");
    return new CodeEnvironment(
        name, problems, test, config.splitSeed(), config.maxResponseTokens(), limits);
  }

  private static int millis(double seconds) {
    return (int) Math.max(1, Math.round(1000 * seconds));
  }

  private static List<CodeProblem> problems(String key, String data, CodeEnvironmentConfig config) {
    if (data.equals(CodeEnvironmentConfig.SAMPLE)) {
      return LiveCodeBench.sample();
    }
    try {
      return LiveCodeBench.read(
          Path.of(data),
          CodeEnvironmentConfig.date(config.contestFrom(), "environment.contest_from"),
          CodeEnvironmentConfig.date(config.contestBefore(), "environment.contest_before"));
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new IllegalArgumentException(
          key + ": got " + data + ", which is no file here; expected JSON lines, or sample", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(key + ": " + data + " cannot be read: " + e, e);
    }
  }

  private static Environment choice(ChoiceEnvironmentConfig config) {
    JsonRows.Items<ChoiceQuestion> questions =
        config.data().equals(DataConfig.SAMPLE)
            ? SciKnowEval.sample(config.filter())
            : read(
                "environment.data",
                config.data(),
                file -> SciKnowEval.read(file, config.filter(), config.skipWrongRows()));
    String domains = String.join("-", config.domains()).toLowerCase(Locale.ROOT);
    return new ChoiceEnvironment(
        domains.isEmpty() ? "choice" : "choice-" + domains,
        ChoiceEnvironment.split(questions.items(), config.testFraction(), config.splitSeed()),
        config.maxResponseTokens());
  }

  private static Environment tools(ToolEnvironmentConfig config) {
    List<ToolQuestion> questions = requests("environment.data", config.data(), config);
    Split<ToolQuestion> split =
        config.testData() == null
            ? ToolEnvironment.split(questions, config.testFraction(), config.splitSeed())
            : ToolEnvironment.given(
                questions, requests("environment.test_data", config.testData(), config));
    return new ToolEnvironment(
        "tools", split, new ToolGrader(config.leakTruth()), config.maxResponseTokens());
  }

  private static List<ToolQuestion> requests(
      String key, String data, ToolEnvironmentConfig config) {
    return data.equals(DataConfig.SAMPLE)
        ? ToolAlpaca.sample().items()
        : read(key, data, file -> ToolAlpaca.read(file, config.skipWrongRows())).items();
  }

  private interface Reader<T> {
    T read(Path file) throws IOException;
  }

  private static <T> T read(String key, String data, Reader<T> reader) {
    try {
      return reader.read(Path.of(data));
    } catch (IOException | InvalidPathException e) {
      throw new IllegalArgumentException(
          key + ": got " + data + ", expected a file of questions, or sample: " + e.getMessage(),
          e);
    }
  }
}
