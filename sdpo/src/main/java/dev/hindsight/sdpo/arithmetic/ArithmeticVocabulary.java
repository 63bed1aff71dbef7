package dev.hindsight.sdpo.arithmetic;

import dev.hindsight.sdpo.teacher.RepromptTemplate;
import dev.hindsight.transformer.WordTokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * The words that models of this environment read and write, in the order of their token ids:
 * control tokens, the three template strings, digits, signs, the word before the answer, the words
 * of the feedback.
 *
 * <p>The order is part of every trained model's format: append, never insert.
 */
public final class ArithmeticVocabulary {
  /** What stands before the value. */
  static final String ANSWER = "answer";

  private static final List<String> TEMPLATE =
      List.of(
          RepromptTemplate.SOLUTION_HEADING,
          RepromptTemplate.FEEDBACK_HEADING,
          RepromptTemplate.CLOSING);
  private static final List<String> WRITTEN =
      List.of(
          "0",
          "1",
          "2",
          "3",
          "4",
          "5",
          "6",
          "7",
          "8",
          "9",
          "+",
          "-",
          "*",
          "=",
          ";",
          ANSWER,
          "FormatError:",
          "StepError:",
          "AnswerError:",
          "expected",
          "got",
          "next",
          "number",
          "operator",
          "end",
          "limit",
          "symbol");
  private static final List<String> TOKENS = tokensInOrder();

  private ArithmeticVocabulary() {}

  /** All tokens; a token's id is its index. */
  public static List<String> tokens() {
    return TOKENS;
  }

  /** Whether feedback may repeat a token of a response: no text can forge a control token. */
  static boolean isPrintable(String token) {
    return WRITTEN.contains(token);
  }

  private static List<String> tokensInOrder() {
    List<String> tokens = new ArrayList<>(WordTokenizer.CONTROLS);
    tokens.addAll(TEMPLATE);
    tokens.addAll(WRITTEN);
    return List.copyOf(tokens);
  }
}
