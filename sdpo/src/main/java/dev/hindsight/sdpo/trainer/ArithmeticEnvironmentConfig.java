package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.arithmetic.ArithmeticEnvironment;
import java.util.Objects;

/**
 * {@code kind: arithmetic}: sums and products, answered with working or without.
 *
 * @param feedback {@code hint} (the step mended, or the next one), {@code negative} (what is wrong)
 *     or {@code none}; left out: hint
 * @param minTerms fewest digits of a question, 2 to 6; left out: 3
 * @param maxTerms most digits of a question; left out: 4
 * @param trainQuestions how many different questions there are to learn from; left out: 2048
 * @param testQuestions how many others to test with; left out: 512
 * @param questionSeed decides the questions; left out: 0
 * @param maxResponseTokens the longest response; left out: 64
 */
public record ArithmeticEnvironmentConfig(
    String feedback,
    Integer minTerms,
    Integer maxTerms,
    Integer trainQuestions,
    Integer testQuestions,
    Long questionSeed,
    Integer maxResponseTokens)
    implements EnvironmentConfig {

  public ArithmeticEnvironmentConfig {
    feedback = Objects.requireNonNullElse(feedback, "hint");
    minTerms = Objects.requireNonNullElse(minTerms, 3);
    maxTerms = Objects.requireNonNullElse(maxTerms, 4);
    trainQuestions = Objects.requireNonNullElse(trainQuestions, 2048);
    testQuestions = Objects.requireNonNullElse(testQuestions, 512);
    questionSeed = Objects.requireNonNullElse(questionSeed, 0L);
    maxResponseTokens =
        DataConfig.maxResponseTokens(maxResponseTokens, ArithmeticEnvironment.MAX_RESPONSE_TOKENS);
  }

  ArithmeticEnvironment.Questions questions() {
    return new ArithmeticEnvironment.Questions(
        minTerms, maxTerms, trainQuestions, testQuestions, questionSeed);
  }
}
