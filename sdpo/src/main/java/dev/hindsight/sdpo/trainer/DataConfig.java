package dev.hindsight.sdpo.trainer;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Keys that environments with questions from files have in common. */
final class DataConfig {
  /** The questions that come with Hindsight. */
  static final String SAMPLE = "sample";

  private DataConfig() {}

  static String data(@Nullable String given) {
    String data = Objects.requireNonNullElse(given, SAMPLE);
    ConfigCheck.require(!data.isBlank(), "environment.data", data, "a file, or sample");
    return data;
  }

  static double testFraction(@Nullable Double given) {
    double fraction = Objects.requireNonNullElse(given, 0.1);
    ConfigCheck.require(
        fraction > 0 && fraction < 1,
        "environment.test_fraction",
        fraction,
        "a number between 0 and 1");
    return fraction;
  }

  static int maxResponseTokens(@Nullable Integer given, int otherwise) {
    int tokens = Objects.requireNonNullElse(given, otherwise);
    ConfigCheck.require(tokens > 0, "environment.max_response_tokens", tokens, "at least 1");
    return tokens;
  }
}
