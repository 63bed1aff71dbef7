package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.dialect.Dialect;
import dev.hindsight.sdpo.dialect.DialectEnvironment;
import dev.hindsight.sdpo.dialect.DialectVerifier;
import dev.hindsight.sdpo.dialect.FeedbackStyle;
import dev.hindsight.sdpo.dialect.ForeignFeedbackEnvironment;
import dev.hindsight.sdpo.dialect.Level;
import dev.hindsight.sdpo.environment.Environment;

/** The environments that a configuration can name. */
public final class Environments {
  private Environments() {}

  /**
   * The environment of a configuration.
   *
   * @param seed of the run; the foreign dialects of the control depend on it
   * @throws IllegalArgumentException when there is none of that name, level or dialect
   */
  public static Environment open(EnvironmentConfig config, long seed) {
    ConfigCheck.require(
        config.name().equals("dialect"), "environment.name", config.name(), "dialect");
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

  private static Dialect dialect(EnvironmentConfig config) {
    EnvironmentConfig.DialectConfig d = config.dialect();
    return d == null
        ? Level.ofName(config.level()).dialect(config.dialectSeed())
        : Dialect.of(d.bracket(), d.separator(), d.terminator(), d.order(), d.names());
  }
}
