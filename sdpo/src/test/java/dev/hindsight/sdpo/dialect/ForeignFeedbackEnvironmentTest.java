package dev.hindsight.sdpo.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.sdpo.teacher.DemonstrationOptions;
import dev.hindsight.sdpo.teacher.DemonstrationSelector;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Guards that the control is one: real rewards, feedback that knows nothing of the dialect, no
 * solutions.
 */
class ForeignFeedbackEnvironmentTest {
  private static final DialectEnvironment REAL = DialectEnvironment.of(Level.Q, 0);
  private static final ForeignFeedbackEnvironment CONTROL = new ForeignFeedbackEnvironment(REAL, 1);

  @Test
  void rewardsAreReal() {
    for (Question question : REAL.drawBatch(100, 0, 0)) {
      for (String response : REAL.correctResponses(question)) {
        assertThat(CONTROL.judge(question, response, true).reward()).isEqualTo(1);
        assertThat(CONTROL.judge(question, response, true).feedback()).isEmpty();
      }
      assertThat(CONTROL.judge(question, "max(1,2)", true).reward()).isZero();
    }
    assertThat(CONTROL.testQuestions()).isEqualTo(REAL.testQuestions());
    assertThat(CONTROL.drawBatch(8, 1, 2)).isEqualTo(REAL.drawBatch(8, 1, 2));
  }

  /**
   * One wrong name that no dialect has for {@code max}, so every verdict has a NameError: the names
   * it recommends over all questions are the prior's, the real one among them no more than its
   * prior says (.10; four standard errors .033).
   */
  @Test
  void feedbackFollowsThePriorAndNotTheDialect() {
    TreeMap<String, Integer> recommended = new TreeMap<>();
    List<Question> questions =
        REAL.trainQuestions().stream()
            .filter(question -> question.text().startsWith("max"))
            .toList();
    int count = 0;
    for (Question question : questions) {
      List<String> call =
          REAL.dialect().call("bag", DialectQuestion.parse(question.text()).digits());
      for (DialectError error : foreignErrors(question, call)) {
        if (error instanceof DialectError.NameError nameError) {
          recommended.merge(nameError.rightName(), 1, Integer::sum);
          count++;
        }
      }
    }
    assertThat(count).isGreaterThan(300);
    double real = recommended.getOrDefault(REAL.dialect().name(Operation.MAX), 0) / (double) count;
    double own = recommended.getOrDefault("max", 0) / (double) count;
    assertThat(real).isLessThan(.10 + 4 * Math.sqrt(.1 * .9 / count));
    assertThat(own)
        .isBetween(.3 - 4 * Math.sqrt(.3 * .7 / count), .3 + 4 * Math.sqrt(.3 * .7 / count));
  }

  private static List<DialectError> foreignErrors(Question question, List<String> call) {
    Dialect foreign = CONTROL.foreignDialect(question, call);
    return new DialectVerifier(foreign, REAL.argumentCheck())
        .judge(DialectQuestion.parse(question.text()), call, true);
  }

  @Test
  void isAFunctionOfSeedQuestionAndResponse() {
    Question question = DialectQuestion.parse("max 4 9 2").question();
    Verdict verdict = CONTROL.judge(question, "max(4,9,2)", true);
    assertThat(new ForeignFeedbackEnvironment(REAL, 1).judge(question, "max ( 4 , 9 , 2 )", true))
        .isEqualTo(verdict);
    assertThat(verdict.details()).containsEntry("feedback", "foreign");
    List<String> call = DialectText.split("max(4,9,2)");
    assertThat(CONTROL.foreignDialect(question, call))
        .isNotEqualTo(new ForeignFeedbackEnvironment(REAL, 2).foreignDialect(question, call))
        .isNotEqualTo(CONTROL.foreignDialect(question, DialectText.split("max(4,2,9)")))
        .isNotEqualTo(CONTROL.foreignDialect(DialectQuestion.parse("max 4 9 3").question(), call));
  }

  @Test
  void offersNoSolutions() {
    assertThat(REAL.offersSolutions()).isTrue();
    assertThat(
            DemonstrationSelector.of(DemonstrationOptions.REFERENCE, REAL)
                .options()
                .siblingSolutions())
        .isTrue();
    assertThat(
            DemonstrationSelector.of(DemonstrationOptions.REFERENCE, CONTROL)
                .options()
                .siblingSolutions())
        .isFalse();
  }
}
