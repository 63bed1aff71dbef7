package dev.hindsight.sdpo.trainer;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * Which environment asks and judges. {@code kind} says which, and with it which other keys there
 * are: a section that names another kind than the defaults' begins with that kind's own defaults.
 *
 * <p>A new kind is a record that permits itself here under its name, whose constructor gives every
 * key that was left out its default, and a case in {@link Environments}.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = DialectEnvironmentConfig.class, name = "dialect"),
  @JsonSubTypes.Type(value = CodeEnvironmentConfig.class, name = "code"),
  @JsonSubTypes.Type(value = ChoiceEnvironmentConfig.class, name = "choice"),
  @JsonSubTypes.Type(value = ToolEnvironmentConfig.class, name = "tools"),
  @JsonSubTypes.Type(value = ArithmeticEnvironmentConfig.class, name = "arithmetic")
})
public sealed interface EnvironmentConfig
    permits DialectEnvironmentConfig,
        CodeEnvironmentConfig,
        ChoiceEnvironmentConfig,
        ToolEnvironmentConfig,
        ArithmeticEnvironmentConfig {
  /** The built-in dialect at level Q. */
  static EnvironmentConfig defaults() {
    return DialectEnvironmentConfig.defaults();
  }

  /**
   * The negative control of this environment: feedback from a foreign dialect.
   *
   * @throws IllegalArgumentException when this kind of environment has none
   */
  default EnvironmentConfig withForeignFeedback() {
    throw new IllegalArgumentException(
        "environment.kind: foreign feedback is the control of the dialect, and of no other kind");
  }
}
