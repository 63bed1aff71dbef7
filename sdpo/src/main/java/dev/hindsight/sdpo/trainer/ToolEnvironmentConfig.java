package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.tools.ToolEnvironment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code kind: tools}: requests to documented functions in ToolAlpaca's format, in one turn.
 *
 * @param data a file of APIs, or {@code sample}: the 18 small requests that come with Hindsight;
 *     left out: sample
 * @param testData another file, to test with; left out: a share of {@code data}
 * @param testFraction that share, rounded up; left out: 0.1; ignored with {@code test_data}
 * @param splitSeed decides which requests are held out; left out: 42
 * @param skipWrongRows whether requests that cannot be judged are left out, rather than an error;
 *     left out: false. ToolAlpaca's own files need true: some of its answers hold placeholders
 * @param leakTruth whether feedback ends in the expected actions and inputs, as the reference's
 *     does; left out: false
 * @param maxResponseTokens the longest response; left out: 8192, as in the paper
 */
public record ToolEnvironmentConfig(
    String data,
    @Nullable String testData,
    Double testFraction,
    Long splitSeed,
    Boolean skipWrongRows,
    Boolean leakTruth,
    Integer maxResponseTokens)
    implements EnvironmentConfig {

  public ToolEnvironmentConfig {
    data = DataConfig.data(data);
    testFraction = DataConfig.testFraction(testFraction);
    splitSeed = Objects.requireNonNullElse(splitSeed, 42L);
    skipWrongRows = Objects.requireNonNullElse(skipWrongRows, false);
    leakTruth = Objects.requireNonNullElse(leakTruth, false);
    maxResponseTokens =
        DataConfig.maxResponseTokens(maxResponseTokens, ToolEnvironment.MAX_RESPONSE_TOKENS);
  }
}
