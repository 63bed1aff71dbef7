package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.code.CodeEnvironment;
import dev.hindsight.sdpo.code.CodeProblem;
import dev.hindsight.sdpo.code.LiveCodeBench;
import dev.hindsight.sdpo.code.sandbox.SandboxLimits;
import dev.hindsight.sdpo.dialect.Dialect;
import dev.hindsight.sdpo.dialect.DialectEnvironment;
import dev.hindsight.sdpo.dialect.DialectVerifier;
import dev.hindsight.sdpo.dialect.FeedbackStyle;
import dev.hindsight.sdpo.dialect.ForeignFeedbackEnvironment;
import dev.hindsight.sdpo.dialect.Level;
import dev.hindsight.sdpo.environment.Environment;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

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
}
