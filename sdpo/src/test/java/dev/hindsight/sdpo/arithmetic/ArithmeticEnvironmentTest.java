package dev.hindsight.sdpo.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.arithmetic.ArithmeticEnvironment.Questions;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.transformer.Document;
import dev.hindsight.transformer.WordTokenizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards that length is free, that feedback is about the first mistake, and the split. */
class ArithmeticEnvironmentTest {
  private static final WordTokenizer TOKENIZER = new WordTokenizer(ArithmeticVocabulary.tokens());
  private static final Questions SOME = new Questions(3, 4, 300, 100, 1);
  private static final ArithmeticQuestion ASKED =
      new ArithmeticQuestion(
          6,
          List.of(
              new ArithmeticQuestion.Term(Operator.TIMES, 7),
              new ArithmeticQuestion.Term(Operator.MINUS, 3)));

  private static ArithmeticEnvironment environment(Questions some, ArithmeticFeedback feedback) {
    return new ArithmeticEnvironment(some, feedback, ArithmeticEnvironment.MAX_RESPONSE_TOKENS);
  }

  private static String feedback(ArithmeticFeedback style, String response, boolean finished) {
    return ArithmeticVerifier.read(ASKED, response, finished).mistake().map(style::text).orElse("");
  }

  /** Question 6*7-3. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      textBlock =
          """
          answer 39                            ! ``                                    ! ``
          6*7=42;42-3=39;answer 39             ! ``                                    ! ``
          6 * 7 = 42 ; answer 39               ! ``                                    ! ``
          1+1=2;6*7=42;1+1=2;42-3=39;answer 39 ! ``                                    ! ``
          answer 039                           ! ``                                    ! ``
          answer 38                            ! AnswerError: got 38 next 6*7=42       ! AnswerError: got 38
          6*7=42;answer 41                     ! AnswerError: got 41 next 42-3=39      ! AnswerError: got 41
          6*7=42;42-3=39;answer 41             ! AnswerError: got 41 next 39           ! AnswerError: got 41
          6*7=43;43-3=40;answer 40             ! StepError: 6*7=43 expected 42         ! StepError: 6*7=43
          6*7=42;42-3=38;answer 39             ! StepError: 42-3=38 expected 39        ! StepError: 42-3=38
          6*7=43                               ! StepError: 6*7=43 expected 42         ! StepError: 6*7=43
          6*7=42                               ! FormatError: expected ; got end       ! FormatError: got end
          6*7=42 answer 39                     ! FormatError: expected ; got answer    ! FormatError: got answer
          6*7;answer 39                        ! FormatError: expected = got ;         ! FormatError: got ;
          6*;answer 39                         ! FormatError: expected number got ;    ! FormatError: got ;
          67=42;answer 39                      ! FormatError: expected operator got =  ! FormatError: got =
          39                                   ! FormatError: expected operator got end ! FormatError: got end
          answer                               ! FormatError: expected number got end  ! FormatError: got end
          answer -39                           ! FormatError: expected number got -    ! FormatError: got -
          answer 39 answer 39                  ! FormatError: expected end got answer  ! FormatError: got answer
          answer 39<pad>                       ! FormatError: expected end got symbol  ! FormatError: got symbol
          <asst>answer 39                      ! FormatError: expected answer got symbol ! FormatError: got symbol
          answer 1234567890                    ! FormatError: expected number got symbol ! FormatError: got symbol
          Correct solution: answer 39          ! FormatError: expected answer got symbol ! FormatError: got symbol
          ``                                   ! FormatError: expected answer got end  ! FormatError: got end
          """)
  void theFirstMistakeIsReported(String response, String hint, String negative) {
    assertThat(feedback(ArithmeticFeedback.HINT, response, true)).isEqualTo(hint);
    assertThat(feedback(ArithmeticFeedback.NEGATIVE, response, true)).isEqualTo(negative);
    assertThat(feedback(ArithmeticFeedback.NONE, response, true)).isEmpty();
  }

  @Test
  void aResponseThatWasCutOffIsWrong() {
    assertThat(feedback(ArithmeticFeedback.HINT, "answer 39", false))
        .isEqualTo("FormatError: expected end got limit");
    assertThat(feedback(ArithmeticFeedback.HINT, "6*7=42;", false))
        .isEqualTo("FormatError: expected answer got limit");
  }

  /** Short and long answers to every question, and nothing but them among near misses. */
  @Test
  void bothLengthsAreRightAndOffByOneIsNot() {
    ArithmeticEnvironment environment = environment(SOME, ArithmeticFeedback.HINT);
    for (Question question : environment.trainQuestions()) {
      List<String> right = environment.examples(question);
      assertThat(right.get(1).length()).isGreaterThan(right.get(0).length() + 10);
      for (String response : right) {
        assertThat(environment.judge(question, response, true).reward()).isEqualTo(1);
        int[] tokens = TOKENIZER.encode(response);
        assertThat(TOKENIZER.decode(tokens)).isEqualTo(response);
        assertThat(tokens.length).isLessThan(ArithmeticEnvironment.MAX_RESPONSE_TOKENS);
        Verdict wrong = environment.judge(question, response + "1", true);
        assertThat(wrong.reward()).isZero();
        assertThat(wrong.feedback()).startsWith("AnswerError:");
      }
    }
  }

  @Test
  void detailsCountTrueSteps() {
    ArithmeticEnvironment environment = environment(SOME, ArithmeticFeedback.HINT);
    Question question = environment.trainQuestions().getFirst();
    assertThat(environment.judge(question, "1+1=2;2+2=4;3+3=7;", true).details())
        .containsEntry("true_steps", "2")
        .containsEntry("mistake", "step");
    assertThat(environment.judge(question, environment.examples(question).get(0), true).details())
        .containsEntry("true_steps", "0")
        .containsEntry("mistake", "none");
  }

  /** Operators bind as usual, no number is negative, and working ends in the value. */
  @Test
  void questionsAreWorkedFromTheLeft() {
    Philox random = new Philox(5, 5);
    for (int i = 0; i < 5_000; i++) {
      ArithmeticQuestion q = ArithmeticQuestion.draw(random, 2, 6);
      assertThat(q.toString().lastIndexOf('*')).isLessThanOrEqualTo(1);
      assertThat(q.steps()).allMatch(Step::isTrue).allMatch(step -> step.result() >= 0);
      assertThat(ArithmeticVerifier.read(q, q.working(), true).mistake()).isEmpty();
    }
  }

  @Test
  void questionsFollowFromTheSeedAndTheSplitDoesNot() {
    Questions other = new Questions(3, 4, 300, 100, 2);
    ArithmeticEnvironment one = environment(SOME, ArithmeticFeedback.HINT);
    ArithmeticEnvironment same = environment(SOME, ArithmeticFeedback.NONE);
    ArithmeticEnvironment two = environment(other, ArithmeticFeedback.HINT);
    assertThat(same.trainQuestions()).isEqualTo(one.trainQuestions()).hasSize(300);
    assertThat(same.testQuestions()).isEqualTo(one.testQuestions()).hasSize(100);
    assertThat(two.trainQuestions()).isNotEqualTo(one.trainQuestions());
    Set<Question> train = new HashSet<>(one.trainQuestions());
    train.addAll(two.trainQuestions());
    assertThat(train)
        .doesNotContainAnyElementsOf(one.testQuestions())
        .doesNotContainAnyElementsOf(two.testQuestions());
  }

  /** 2 digits make a few hundred questions, of which a fifth is held out. */
  @Test
  void moreQuestionsThanThereAreAreRefused() {
    assertThatThrownBy(() -> environment(new Questions(2, 2, 1000, 10, 0), ArithmeticFeedback.HINT))
        .hasMessageMatching(
            "environment.train_questions: got 1000, expected at most 1[0-9][0-9], .*raise max_terms");
    assertThatThrownBy(() -> new Questions(1, 4, 9, 9, 0)).hasMessageContaining("min_terms");
    assertThatThrownBy(() -> new Questions(4, 3, 9, 9, 0)).hasMessageContaining("max_terms");
    assertThatThrownBy(() -> new Questions(3, 7, 9, 9, 0)).hasMessageContaining("max_terms");
    assertThatThrownBy(() -> ArithmeticFeedback.ofName("hints"))
        .hasMessage("environment.feedback: got 'hints', expected hint, negative, none");
  }

  @Test
  void documentsAnswerRightAndAreNeverATest() {
    ArithmeticEnvironment environment = environment(SOME, ArithmeticFeedback.HINT);
    Set<String> tested = new HashSet<>();
    environment.testQuestions().forEach(q -> tested.add(q.text()));
    ArithmeticDocuments documents = ArithmeticDocuments.training(3);
    int withWorking = 0;
    int withSolution = 0;
    int withFeedback = 0;
    for (int i = 0; i < 3_000; i++) {
      Document document = documents.get(i);
      assertThat(document.prompt()).isEqualTo(ArithmeticDocuments.training(3).get(i).prompt());
      String prompt = TOKENIZER.decode(document.prompt());
      String asked = prompt.substring("<bos>".length()).split("[^-0-9+*]", 2)[0];
      assertThat(tested).doesNotContain(asked);
      String target = TOKENIZER.decode(document.target());
      assertThat(target).endsWith("<eos>");
      String response = target.substring(0, target.length() - "<eos>".length());
      assertThat(ArithmeticVerifier.read(question(asked), response, true).mistake()).isEmpty();
      assertThat(document.length()).isLessThanOrEqualTo(128);
      withWorking += response.startsWith("answer") ? 0 : 1;
      withSolution += prompt.contains("Correct solution:") ? 1 : 0;
      withFeedback += prompt.contains("Error:") ? 1 : 0;
    }
    // five standard deviations of a binomial count of 3,000
    assertThat(withWorking).isBetween(1363, 1637);
    assertThat(withSolution).isBetween(630, 870);
    assertThat(withFeedback).isBetween(1514, 1786);
    String heldOut = TOKENIZER.decode(ArithmeticDocuments.heldOut(3).get(0).prompt());
    assertThat(question(heldOut.substring(5).split("[^-0-9+*]", 2)[0]).heldOut()).isTrue();
  }

  private static ArithmeticQuestion question(String text) {
    String[] numbers = text.split("[-+*]");
    String[] operators = text.replaceAll("\\d", "").split("");
    List<ArithmeticQuestion.Term> rest = new ArrayList<>();
    for (int i = 1; i < numbers.length; i++) {
      rest.add(
          new ArithmeticQuestion.Term(
              Operator.ofSymbol(operators[i - 1]).orElseThrow(), Integer.parseInt(numbers[i])));
    }
    return new ArithmeticQuestion(Integer.parseInt(numbers[0]), rest);
  }
}
