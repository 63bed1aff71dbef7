package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.code.CodeEnvironment;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code kind: code}: programming problems in LiveCodeBench's format, solved in Java and judged by
 * their tests.
 *
 * @param data a file of JSON lines, or {@code sample}: the eight small problems that come with
 *     Hindsight; left out: sample
 * @param testData another file, to test with; left out: the problems of {@code data} with all of
 *     their tests, as in the paper
 * @param contestFrom only contests on this day or later; left out: all. The paper: 2025-02-01
 * @param contestBefore only contests before this day; left out: all. The paper: 2025-05-01
 * @param splitSeed decides which half of a problem's tests training sees; left out: 0
 * @param testSeconds limit of one test; left out: 6, as in the reference
 * @param totalSeconds limit of all tests of one response; left out: twice that
 * @param memoryMb heap of the JVM that runs solutions; left out: 512
 * @param maxResponseTokens the longest response; left out: 8192, as in the paper
 * @param workers solutions that are run at the same time; left out: one a processor, at most 4
 */
public record CodeEnvironmentConfig(
    String data,
    @Nullable String testData,
    @Nullable String contestFrom,
    @Nullable String contestBefore,
    Long splitSeed,
    Double testSeconds,
    Double totalSeconds,
    Integer memoryMb,
    Integer maxResponseTokens,
    @Nullable Integer workers)
    implements EnvironmentConfig {

  /** The built-in problems. */
  public static final String SAMPLE = "sample";

  public CodeEnvironmentConfig {
    data = Objects.requireNonNullElse(data, SAMPLE);
    splitSeed = Objects.requireNonNullElse(splitSeed, 0L);
    testSeconds = Objects.requireNonNullElse(testSeconds, 6.0);
    totalSeconds = Objects.requireNonNullElse(totalSeconds, 2 * testSeconds);
    memoryMb = Objects.requireNonNullElse(memoryMb, 512);
    maxResponseTokens =
        Objects.requireNonNullElse(maxResponseTokens, CodeEnvironment.MAX_RESPONSE_TOKENS);
    date(contestFrom, "environment.contest_from");
    date(contestBefore, "environment.contest_before");
    ConfigCheck.require(!data.isBlank(), "environment.data", data, "a file, or sample");
    ConfigCheck.require(
        testSeconds > 0 && testSeconds <= 600,
        "environment.test_seconds",
        testSeconds,
        "more than 0 and at most 600");
    ConfigCheck.require(
        totalSeconds >= testSeconds && totalSeconds <= 3600,
        "environment.total_seconds",
        totalSeconds,
        "at least test_seconds, which is " + testSeconds + ", and at most 3600");
    ConfigCheck.require(memoryMb >= 32, "environment.memory_mb", memoryMb, "at least 32");
    ConfigCheck.require(
        maxResponseTokens > 0, "environment.max_response_tokens", maxResponseTokens, "at least 1");
    ConfigCheck.require(
        workers == null || (workers > 0 && workers <= 256),
        "environment.workers",
        workers,
        "1 to 256, or null for one a processor");
  }

  /** A day, or null where none is given. */
  static @Nullable LocalDate date(@Nullable String day, String key) {
    try {
      return day == null ? null : LocalDate.parse(day);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(key + ": got " + day + ", expected a day: 2025-02-01", e);
    }
  }
}
