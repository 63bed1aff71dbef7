package dev.hindsight.transformer;

import java.util.Arrays;
import java.util.Objects;

/**
 * How {@link Generator} chooses tokens. Filters apply in the order top-k, top-p, min-p, each to
 * what the one before left, renormalised.
 *
 * @param temperature divides the logits; 0 takes the most likely token (the first among equals)
 * @param topK keep the k most likely tokens; 0 keeps all
 * @param topP keep the fewest tokens, most likely first, whose probabilities reach this sum; 1
 *     keeps all (nucleus sampling, Holtzman et al. 2020)
 * @param minP keep tokens of at least this fraction of the largest probability; 0 keeps all
 * @param maxNewTokens most tokens of a completion, the stop token included
 * @param stopTokens a completion ends with the first of these, which it includes
 */
public record SamplingOptions(
    double temperature, int topK, double topP, double minP, int maxNewTokens, int... stopTokens) {

  /**
   * @throws IllegalArgumentException naming the option that is out of its range
   */
  public SamplingOptions {
    require(temperature >= 0 && Double.isFinite(temperature), "temperature", temperature, ">= 0");
    require(topK >= 0, "top-k", topK, "a count, or 0 to keep all");
    require(topP > 0 && topP <= 1, "top-p", topP, "in (0, 1]");
    require(minP >= 0 && minP <= 1, "min-p", minP, "in [0, 1]");
    require(maxNewTokens > 0, "max new tokens", maxNewTokens, "at least 1");
    stopTokens = stopTokens.clone();
  }

  private static void require(boolean condition, String name, Object given, String expected) {
    if (!condition) {
      throw new IllegalArgumentException(
          "sampling: " + name + " must be " + expected + ", got " + given);
    }
  }

  /** The model's own distribution: temperature 1, no filter. */
  public static SamplingOptions sampling(int maxNewTokens, int... stopTokens) {
    return new SamplingOptions(1, 0, 1, 0, maxNewTokens, stopTokens);
  }

  /** Always the most likely token. */
  public static SamplingOptions greedy(int maxNewTokens, int... stopTokens) {
    return new SamplingOptions(0, 0, 1, 0, maxNewTokens, stopTokens);
  }

  /** The same with another temperature. */
  public SamplingOptions withTemperature(double value) {
    return new SamplingOptions(value, topK, topP, minP, maxNewTokens, stopTokens);
  }

  /** The same with another top-k. */
  public SamplingOptions withTopK(int value) {
    return new SamplingOptions(temperature, value, topP, minP, maxNewTokens, stopTokens);
  }

  /** The same with another top-p. */
  public SamplingOptions withTopP(double value) {
    return new SamplingOptions(temperature, topK, value, minP, maxNewTokens, stopTokens);
  }

  /** The same with another min-p. */
  public SamplingOptions withMinP(double value) {
    return new SamplingOptions(temperature, topK, topP, value, maxNewTokens, stopTokens);
  }

  /** Whether tokens are drawn at random. */
  public boolean isRandom() {
    return temperature > 0;
  }

  /** Whether some tokens are excluded. */
  public boolean isFiltered() {
    return topK > 0 || topP < 1 || minP > 0;
  }

  /** The number that logits are divided by: the temperature, or 1 when greedy. */
  public double logitTemperature() {
    return temperature > 0 ? temperature : 1;
  }

  /** Whether a token ends a completion. */
  public boolean isStop(int token) {
    for (int stop : stopTokens) {
      if (stop == token) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int[] stopTokens() {
    return stopTokens.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SamplingOptions o
        && temperature == o.temperature
        && topK == o.topK
        && topP == o.topP
        && minP == o.minP
        && maxNewTokens == o.maxNewTokens
        && Arrays.equals(stopTokens, o.stopTokens);
  }

  @Override
  public int hashCode() {
    return Objects.hash(temperature, topK, topP, minP, maxNewTokens, Arrays.hashCode(stopTokens));
  }
}
