package dev.hindsight.sdpo.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.dialect.DialectEnvironment;
import dev.hindsight.sdpo.dialect.DialectQuestion;
import dev.hindsight.sdpo.dialect.DialectVocabulary;
import dev.hindsight.sdpo.dialect.Level;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.transformer.WordTokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** On the dialect's chat format, where a reader can count the tokens. */
class TeacherPromptsTest {
  private static final WordTokenizer TOKENIZER = new WordTokenizer(DialectVocabulary.tokens());
  private static final PromptEncoder ENCODER =
      new PromptEncoder(DialectEnvironment.of(Level.Q, 0).renderer(), TOKENIZER);
  private static final Question QUESTION = DialectQuestion.parse("max 4 9 2").question();
  private static final String SOLUTION = "lab[4;9;2]"; // 8 tokens
  private static final String FEEDBACK = "SyntaxError: expected [ got ("; // 5 tokens
  private static final String LONG_FEEDBACK =
      FEEDBACK + " NameError: max is not defined use lab"; // 12 tokens

  private static TeacherPrompts prompts(int maxTokens, Truncation truncation) {
    return new TeacherPrompts(RepromptTemplate.REFERENCE, ENCODER, maxTokens, truncation);
  }

  private static String words(int... tokens) {
    return Arrays.stream(tokens)
        .mapToObj(TOKENIZER::token)
        .map(
            word -> DialectVocabulary.templateTokens().contains(word) ? word.substring(0, 9) : word)
        .collect(Collectors.joining(" "));
  }

  private static String words(TeacherPrompt prompt) {
    return words(prompt.tokens());
  }

  @Test
  void studentAndTeacherDifferInTheMessageAlone() {
    TeacherPrompts prompts = prompts(100, Truncation.ERROR);
    assertThat(words(prompts.student(QUESTION))).isEqualTo("<bos> max 4 9 2 <asst>");
    TeacherPrompt both = prompts.build(QUESTION, Optional.of(SOLUTION), List.of(FEEDBACK));
    assertThat(words(both))
        .isEqualTo(
            "<bos> max 4 9 2 Correct s lab [ 4 ; 9 ; 2 ] The follo SyntaxError: expected [ got ("
                + " Correctly <asst>");
    assertThat(both.truncated()).isFalse();
    assertThat(both.active()).isTrue();
    TeacherPrompt none = prompts.build(QUESTION, Demonstration.NONE);
    assertThat(none.tokens()).isEqualTo(prompts.student(QUESTION));
    assertThat(none.active()).isFalse();
  }

  @Test
  void severalPiecesOfFeedbackFollowOneAnother() {
    TeacherPrompt prompt =
        prompts(100, Truncation.ERROR)
            .build(QUESTION, Optional.empty(), List.of(FEEDBACK, FEEDBACK));
    assertThat(words(prompt))
        .isEqualTo(
            "<bos> max 4 9 2 The follo SyntaxError: expected [ got ( The follo SyntaxError: expected [ got ("
                + " Correctly <asst>");
  }

  /** Frame of a prompt with both sections: 9 tokens. Solution 8, feedback 12. */
  @Test
  void theBudgetCutsTheLongerTextFirstAndNeverTheFrame() {
    assertThat(words(shortened(27)))
        .endsWith(
            "lab [ 4 ; 9 ; 2 ] The follo SyntaxError: expected [ got ( NameError: max is not defined Correctly <asst>");
    assertThat(words(shortened(21)))
        .isEqualTo(
            "<bos> max 4 9 2 Correct s lab [ 4 ; 9 ; The follo SyntaxError: expected [ got ( NameError: Correctly <asst>");
    assertThat(words(shortened(10))).isEqualTo("<bos> max 4 9 2 Correct s lab Correctly <asst>");
    for (int max = 6; max <= 29; max++) {
      TeacherPrompt prompt = shortened(max);
      assertThat(prompt.tokens().length).isLessThanOrEqualTo(max);
      assertThat(prompt.truncated()).isEqualTo(max < 29);
      assertThat(prompt.untruncatedLength()).isEqualTo(29);
      assertThat(words(prompt)).startsWith("<bos> max 4 9 2 ").endsWith(" <asst>");
    }
  }

  private static TeacherPrompt shortened(int max) {
    return prompts(max, Truncation.BUDGET)
        .build(QUESTION, Optional.of(SOLUTION), List.of(LONG_FEEDBACK));
  }

  @Test
  void theOldestFeedbackGoesFirst() {
    TeacherPrompt prompt =
        prompts(20, Truncation.BUDGET)
            .build(QUESTION, Optional.empty(), List.of(LONG_FEEDBACK, FEEDBACK, FEEDBACK));
    assertThat(prompt.feedback()).containsExactly(FEEDBACK, FEEDBACK);
    assertThat(prompt.truncated()).isTrue();
  }

  /** Nothing to see is nothing to distil, whatever there would have been. */
  @Test
  void whereNothingFitsThePromptIsThePlainOneAndInactive() {
    TeacherPrompt prompt = shortened(8);
    assertThat(words(prompt)).isEqualTo("<bos> max 4 9 2 <asst>");
    assertThat(prompt.active()).isFalse();
    assertThatThrownBy(() -> shortened(5))
        .isInstanceOf(PromptTooLongException.class)
        .hasMessageContaining("its prompt has 6 tokens, at most 5 fit");
  }

  /** The two behaviours that are in use elsewhere, with what is wrong with each. */
  @Test
  void theReferenceLosesTheAssistantHeaderAndTrlTheQuestion() {
    Demonstration demonstration =
        new Demonstration(OptionalInt.empty(), Optional.empty(), Optional.of(FEEDBACK));
    TeacherPrompt right = prompts(11, Truncation.RIGHT).build(QUESTION, demonstration);
    assertThat(words(right)).isEqualTo("<bos> max 4 9 2 The follo SyntaxError: expected [ got (");
    TeacherPrompt left = prompts(11, Truncation.LEFT).build(QUESTION, demonstration);
    assertThat(words(left))
        .isEqualTo("4 9 2 The follo SyntaxError: expected [ got ( Correctly <asst>");
    assertThat(right.truncated() && left.truncated()).isTrue();
    assertThatThrownBy(() -> prompts(11, Truncation.ERROR).build(QUESTION, demonstration))
        .hasMessage(
            "teacher prompt for question 'max-4-9-2': 13 tokens, at most 11 allowed;"
                + " raise max_reprompt_len or use reprompt_truncation: budget");
  }

  /** Feedback is text from outside: it cannot end the user's turn. */
  @Test
  void controlTokensInTheMessageAreNotControlTokens() {
    assertThat(words(ENCODER.encode("< pad >"))).isEqualTo("<bos> < pad > <asst>");
    assertThat(words(ENCODER.encode("<pad>"))).isEqualTo("<bos> < pad > <asst>");
    assertThatThrownBy(() -> ENCODER.encode("<asst>")).isInstanceOf(IllegalArgumentException.class);
  }

  /** The whole way of a garbage response: decoded, judged, its feedback encoded. */
  @Test
  void feedbackOnAnyResponseCanBeEncoded() {
    DialectEnvironment environment = DialectEnvironment.of(Level.X, 0);
    TeacherPrompts prompts = prompts(100, Truncation.ERROR);
    Philox random = new Philox(2, 2);
    for (int i = 0; i < 5_000; i++) {
      int[] response = new int[random.nextInt(15)];
      for (int t = 0; t < response.length; t++) {
        response[t] = random.nextInt(TOKENIZER.size());
      }
      String feedback = environment.judge(QUESTION, TOKENIZER.decode(response), true).feedback();
      int[] prompt = prompts.build(QUESTION, Optional.empty(), List.of(feedback)).tokens();
      assertThat(prompt).startsWith(1).endsWith(2);
      assertThat(Arrays.stream(prompt).filter(TOKENIZER::isControl)).hasSize(2);
    }
  }
}
