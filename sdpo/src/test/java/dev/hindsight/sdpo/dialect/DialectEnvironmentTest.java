package dev.hindsight.sdpo.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.dialect.DialectVerifier.ArgumentCheck;
import dev.hindsight.sdpo.dialect.FeedbackStyle.Mode;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DialectEnvironmentTest {
  private static final DialectEnvironment Q = DialectEnvironment.of(Level.Q, 0);

  @Test
  void thereAre7533QuestionsOfWhichAFixedFifthIsHeldOut() {
    assertThat(DialectQuestion.all()).hasSize(7533).doesNotHaveDuplicates();
    assertThat(Q.trainQuestions()).hasSize(5979);
    assertThat(Q.testQuestions()).hasSize(1554);
    Set<String> ids = new HashSet<>();
    Q.trainQuestions().forEach(question -> ids.add(question.id()));
    Q.testQuestions().forEach(question -> ids.add(question.id()));
    assertThat(ids).hasSize(7533);
    // the split is part of every published figure: these two stay where they are
    assertThat(new DialectQuestion(Operation.MAX, 4, 9, 2).heldOut()).isFalse();
    assertThat(Q.testQuestions().getFirst().text()).isEqualTo("add 1 3");
  }

  @Test
  void readsQuestionsAndRefusesOthers() {
    assertThat(DialectQuestion.parse(" max 4  9 2 ").text()).isEqualTo("max 4 9 2");
    for (String bad :
        List.of(
            "max 4",
            "max 4 9 2 1",
            "sub 4 9 2",
            "pow 1 2",
            "max 4 0",
            "max 4 x",
            "max",
            "",
            "max 4 10")) {
      assertThatThrownBy(() -> DialectQuestion.parse(bad))
          .isInstanceOf(IllegalArgumentException.class);
    }
    Question foreign = new Question("mine", "max 1 1");
    String answer = DialectText.join(Q.dialect().answer(DialectQuestion.parse("max 1 1")));
    assertThat(Q.judge(foreign, answer, true).reward()).isEqualTo(1);
  }

  /**
   * The answer is judged right and left without feedback, in every level and for every question.
   */
  @ParameterizedTest
  @EnumSource(Level.class)
  void correctResponsesAreRight(Level level) {
    DialectEnvironment environment = DialectEnvironment.of(level, 5);
    List<Question> questions = new ArrayList<>(environment.trainQuestions());
    questions.addAll(environment.testQuestions());
    for (Question question : questions) {
      List<String> right = environment.correctResponses(question);
      assertThat(right).hasSizeBetween(1, 2).doesNotHaveDuplicates();
      for (String response : right) {
        assertThat(environment.judge(question, response, true))
            .isEqualTo(new Verdict(1, "", Map.of("errors", "")));
        assertThat(environment.judge(question, response, false).reward()).isZero();
        assertThat(DialectText.split(response).size())
            .isLessThan(DialectEnvironment.MAX_RESPONSE_TOKENS);
      }
    }
  }

  @Test
  void correctResponsesAreTheAnswerAndItsMirrorImage() {
    assertThat(Q.correctResponses(question("max 4 9 2"))).hasSize(2);
    assertThat(Q.correctResponses(question("max 4 4"))).hasSize(1);
    assertThat(Q.correctResponses(question("sub 4 9"))).hasSize(1);
    assertThat(Q.correctResponses(question("fst 4 9 4"))).hasSize(1);
  }

  /** Against all calls there are: any name, any arguments up to three. */
  @Test
  void everyCorrectResponseIsFound() {
    for (String text : List.of("max 4 9 2", "gcd 4 6", "sub 9 4")) {
      Question question = question(text);
      TreeSet<String> brute = new TreeSet<>();
      for (String name : Names.all()) {
        for (int code = 1; code < 1000; code++) {
          int[] arguments = Integer.toString(code).chars().map(c -> c - '0').toArray();
          String response = DialectText.join(Q.dialect().call(name, arguments));
          if (Q.errors(question, response, true).isEmpty()) {
            brute.add(response);
          }
        }
      }
      assertThat(new TreeSet<>(Q.everyCorrectResponse(question))).isEqualTo(brute);
      assertThat(brute).containsAll(Q.correctResponses(question));
    }
  }

  private static Question question(String text) {
    return DialectQuestion.parse(text).question();
  }

  @Test
  void batchesDependOnSeedAndStepAlone() {
    List<Question> batch = Q.drawBatch(16, 3, 7);
    Q.drawBatch(16, 3, 6);
    assertThat(DialectEnvironment.of(Level.Q, 0).drawBatch(16, 3, 7)).isEqualTo(batch);
    assertThat(Q.drawBatch(16, 3, 8)).isNotEqualTo(batch);
    assertThat(Q.drawBatch(16, 4, 7)).isNotEqualTo(batch);
    assertThat(batch).doesNotHaveDuplicates().isSubsetOf(Q.trainQuestions());
    assertThat(Q.drawTest(200, 3))
        .hasSize(200)
        .doesNotHaveDuplicates()
        .isSubsetOf(Q.testQuestions());
    assertThat(Q.drawTest(200, 3)).isNotEqualTo(Q.drawTest(200, 4));
  }

  /** Four standard errors of a twelfth in 16,000 draws are .0088. */
  @Test
  void batchesDrawOperationsUniformlyAndThenTwoOrThreeDigits() {
    int[] counts = new int[Operation.values().length];
    int three = 0;
    int either = 0;
    for (int step = 0; step < 1000; step++) {
      for (Question drawn : Q.drawBatch(16, 0, step)) {
        DialectQuestion question = DialectQuestion.parse(drawn.text());
        counts[question.operation().ordinal()]++;
        either += question.operation().binary() ? 0 : 1;
        three += question.digitCount() == 3 ? 1 : 0;
      }
    }
    for (int count : counts) {
      assertThat(Math.abs(count / 16_000.0 - 1 / 12.0)).isLessThan(.0088);
    }
    assertThat((double) three / either).isBetween(.48, .52);
  }

  @Test
  void drawsEveryQuestionWhenAskedForAllAndRefusesMore() {
    assertThat(new HashSet<>(Q.drawBatch(5979, 0, 0))).isEqualTo(new HashSet<>(Q.trainQuestions()));
    assertThat(new HashSet<>(Q.drawTest(1554, 0))).isEqualTo(new HashSet<>(Q.testQuestions()));
    assertThatThrownBy(() -> Q.drawBatch(5980, 0, 0))
        .hasMessageContaining("asked for 5980 different ones, expected 1 to 5979");
    assertThatThrownBy(() -> Q.drawTest(0, 0)).hasMessageContaining("asked for 0");
  }

  /**
   * Hints that report all errors name every part that is wrong: this is what makes a dialect
   * learnable from feedback. The order shows in the value, once the name is right and where it
   * matters.
   */
  @Test
  void completeHintsNameEveryWrongPart() {
    Philox random = new Philox(4, 4);
    for (int i = 0; i < 20_000; i++) {
      Dialect truth = DialectPrior.draw(random);
      Dialect attempted = DialectPrior.draw(random);
      DialectQuestion question =
          DialectQuestion.all().get(random.nextInt(DialectQuestion.all().size()));
      DialectEnvironment environment =
          new DialectEnvironment(
              "", truth, new FeedbackStyle(Mode.HINT, FeedbackStyle.ALL), ArgumentCheck.STRICT);
      String response = DialectText.join(attempted.answer(question));
      String feedback = environment.judge(question.question(), response, true).feedback();
      String end = truth.terminator() == Terminator.NONE ? "end" : truth.terminator().symbol();
      check(
          feedback,
          truth.bracket() != attempted.bracket(),
          "expected " + truth.bracket().open() + " got " + attempted.bracket().open());
      check(
          feedback,
          truth.separator() != attempted.separator(),
          "expected " + truth.separator().symbol() + " got " + attempted.separator().symbol());
      check(feedback, truth.terminator() != attempted.terminator(), "expected " + end + " got ");
      boolean wrongName =
          !truth.name(question.operation()).equals(attempted.name(question.operation()));
      check(feedback, wrongName, "is not defined use " + truth.name(question.operation()));
      boolean orderMatters =
          question.operation().apply(ArgumentOrder.REVERSED.arrange(question.digits())).getAsLong()
              != question.value();
      check(
          feedback,
          !wrongName && orderMatters && truth.order() != attempted.order(),
          "WrongAnswer: ");
    }
  }

  private static void check(String feedback, boolean wrong, String message) {
    assertThat(feedback.contains(message)).as("%s in '%s'", message, feedback).isEqualTo(wrong);
  }

  /** Any response at all gets a verdict, in words of the vocabulary. */
  @Test
  void judgesAnything() {
    Philox random = new Philox(8, 8);
    List<String> vocabulary = DialectVocabulary.tokens();
    for (Level level : Level.values()) {
      DialectEnvironment environment = DialectEnvironment.of(level, 0);
      ForeignFeedbackEnvironment foreign = new ForeignFeedbackEnvironment(environment, 0);
      for (int i = 0; i < 5_000; i++) {
        Question question = environment.testQuestions().get(random.nextInt(1554));
        String response = i % 2 == 0 ? randomTokens(vocabulary, random) : randomCharacters(random);
        boolean finished = random.nextInt(4) > 0;
        for (Verdict verdict :
            List.of(
                environment.judge(question, response, finished),
                foreign.judge(question, response, finished))) {
          assertThat(verdict.reward()).isIn(0.0, 1.0);
          assertThat(DialectText.split(verdict.feedback()))
              .allMatch(DialectVocabulary::isPrintable);
        }
      }
    }
  }

  private static String randomTokens(List<String> vocabulary, Philox random) {
    List<String> tokens = new ArrayList<>();
    for (int n = random.nextInt(14); n > 0; n--) {
      // calls are the likelier half, so that deeper rules are reached
      tokens.add(
          random.nextInt(2) == 0
              ? List.of("lab", "[", "9", ";", "]", ".").get(random.nextInt(6))
              : vocabulary.get(random.nextInt(vocabulary.size())));
    }
    return DialectText.join(tokens);
  }

  private static String randomCharacters(Philox random) {
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(40); n > 0; n--) {
      text.append((char) (random.nextInt(3) == 0 ? random.nextInt(0x10000) : random.nextInt(128)));
    }
    return text.toString();
  }
}
