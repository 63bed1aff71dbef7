package dev.hindsight.sdpo.trainer;

import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * {@code kind: dialect}, the default: calls in a hidden notation that a verifier explains like a
 * compiler would.
 *
 * @param level how far the hidden dialect is from the likeliest one: B, E, P, M, Q, H or X; default
 *     Q; ignored when {@code dialect} is written out
 * @param dialect a dialect written out by hand; default null: the level decides
 * @param dialectSeed decides which operation has which name at a level; default 0
 * @param feedback {@code hint} (says what was expected), {@code negative} (says only what was
 *     wrong) or {@code none}; default hint
 * @param maxErrors errors reported for one response; default 2
 * @param checkArguments whether arguments that are not the question's own are an error; default
 *     true. False is the loose verifier, which a policy can learn to exploit
 * @param foreignFeedback whether feedback comes from a random foreign dialect and solutions are
 *     withheld: the negative control; default false
 */
public record DialectEnvironmentConfig(
    String level,
    @Nullable DialectConfig dialect,
    long dialectSeed,
    String feedback,
    int maxErrors,
    boolean checkArguments,
    boolean foreignFeedback)
    implements EnvironmentConfig {

  /**
   * A hidden dialect, written out.
   *
   * @param bracket the opening bracket: one of <code>( [ { &lt;</code>; left out: <code>(</code>
   * @param separator one of <code>, ; | /</code>; left out: a comma
   * @param terminator {@code none}, {@code .} or {@code !}; left out: none
   * @param order {@code as-asked} or {@code reversed}; left out: as asked
   * @param names the name of each operation, by the operation's word; one that is left out keeps
   *     its own word
   */
  public record DialectConfig(
      String bracket,
      String separator,
      String terminator,
      String order,
      Map<String, String> names) {
    public DialectConfig {
      bracket = Objects.requireNonNullElse(bracket, "(");
      separator = Objects.requireNonNullElse(separator, ",");
      terminator = Objects.requireNonNullElse(terminator, "none");
      order = Objects.requireNonNullElse(order, "as-asked");
      names =
          Collections.unmodifiableMap(new TreeMap<>(Objects.requireNonNullElse(names, Map.of())));
      names.forEach(
          (of, name) -> ConfigCheck.given(name, "names." + of, "a name, or leave it out"));
    }
  }

  public DialectEnvironmentConfig {
    ConfigCheck.given(level, "environment.level", "a level, such as Q");
    ConfigCheck.given(feedback, "environment.feedback", "hint, negative or none");
    ConfigCheck.require(maxErrors > 0, "environment.max_errors", maxErrors, "at least 1");
  }

  static DialectEnvironmentConfig defaults() {
    return new DialectEnvironmentConfig("Q", null, 0, "hint", 2, true, false);
  }

  @Override
  public DialectEnvironmentConfig withForeignFeedback() {
    return new DialectEnvironmentConfig(
        level, dialect, dialectSeed, feedback, maxErrors, checkArguments, true);
  }
}
