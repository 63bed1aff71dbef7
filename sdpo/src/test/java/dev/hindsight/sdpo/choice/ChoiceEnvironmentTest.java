package dev.hindsight.sdpo.choice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.choice.ChoiceQuestion.Option;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards extraction, grading and prompts of multiple choice. */
class ChoiceEnvironmentTest {
  private static final List<ChoiceQuestion> QUESTIONS = questions();
  private static final ChoiceEnvironment ENVIRONMENT =
      new ChoiceEnvironment("choice", ChoiceEnvironment.split(QUESTIONS, 0.1, 42), 64);

  private static List<ChoiceQuestion> questions() {
    List<ChoiceQuestion> all = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      all.add(
          new ChoiceQuestion(
              "line-" + i,
              "What is " + i + "?",
              List.of(new Option("A", "even"), new Option("B", "odd")),
              i % 2 == 0 ? "A" : "B"));
    }
    return all;
  }

  /** A bar is a line break. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      textBlock =
          """
          <reasoning>r</reasoning><answer>A</answer>        ! A  ! 1 ! false
          <answer>|A|</answer>|                             ! A  ! 1 ! false
          <answer>B</answer> no: <answer>A</answer>         ! A  ! 1 ! false
          <answer>A</answer> no: <answer>B</answer>         ! B  ! 0 ! false
          <answer>B<answer>A</answer>                       ! A  ! 1 ! false
          <answer>A</answer></answer>                       ! A  ! 1 ! false
          <answer>a</answer>                                ! a  ! 0 ! false
          <answer>A.</answer>                               ! A. ! 0 ! false
          <answer>A: even</answer>                          ! A: even ! 0 ! false
          <answer></answer>                                 ! `` ! 0 ! false
          <answer>A<eos></answer>                           ! A<eos> ! 0 ! false
          A                                                 ! `` ! 0 ! true
          <answer>A                                         ! `` ! 0 ! true
          A</answer>                                        ! `` ! 0 ! true
          </answer><answer>A                                ! `` ! 0 ! true
          <answer>A</answer><answer>A                       ! `` ! 0 ! true
          <Answer>A</Answer>                                ! `` ! 0 ! true
          """)
  void theLastAnswerMustBeTheLabel(
      String response, String prediction, double reward, boolean incorrectFormat) {
    Verdict verdict = ENVIRONMENT.judge(question("A"), response.strip().replace('|', '\n'), true);
    assertThat(verdict.reward()).isEqualTo(reward);
    assertThat(verdict.feedback()).isEmpty();
    assertThat(verdict.details())
        .containsEntry("prediction", prediction)
        .containsEntry("answer", "A")
        .containsEntry("incorrect_format", Boolean.toString(incorrectFormat))
        .containsEntry("truncated", "false");
  }

  private static Question question(String answer) {
    return ENVIRONMENT.trainQuestions().stream()
        .filter(q -> ENVIRONMENT.judge(q, "", true).details().containsValue(answer))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aResponseThatWasCutOffCountsByItsText() {
    Verdict verdict = ENVIRONMENT.judge(question("B"), "<answer>B</answer> and", false);
    assertThat(verdict.reward()).isEqualTo(1);
    assertThat(verdict.details()).containsEntry("truncated", "true");
  }

  @Test
  void thePromptShowsEveryOptionAndTheSystemPromptDemandsTheTags() {
    Question q = ENVIRONMENT.trainQuestions().getFirst();
    assertThat(q.text())
        .matches(
            "What is \\d+\\?\\n\\nA: even\\nB: odd\\n\\nReason step by step before you answer\\.");
    var prompt = ENVIRONMENT.renderer().render(q.text());
    assertThat(prompt.message()).isEqualTo(q.text());
    assertThat(prompt.header())
        .startsWith("<bos>")
        .contains("<reasoning>", "</reasoning>", "<answer>", "</answer>");
    assertThat(prompt.assistantHeader()).isEqualTo("<asst>");
  }

  @Test
  void theSplitIsDisjointAndComplete() {
    assertThat(ENVIRONMENT.testQuestions())
        .hasSize(2)
        .doesNotContainAnyElementsOf(ENVIRONMENT.trainQuestions());
    assertThat(ENVIRONMENT.trainQuestions()).hasSize(18);
  }

  @Test
  void theSampleIsOfAllDomainsAndBothTypes() {
    var sample = SciKnowEval.sample(ChoiceFilter.PAPER);
    assertThat(sample.items()).hasSize(24);
    assertThat(sample.items()).extracting(q -> q.options().size()).containsOnly(2, 4);
    assertThat(
            SciKnowEval.sample(new ChoiceFilter(List.of("Physics"), List.of(), List.of())).items())
        .hasSize(7);
  }

  @Test
  void foreignQuestionsAreRefused() {
    assertThatThrownBy(() -> ENVIRONMENT.judge(new Question("x", "y"), "", true))
        .hasMessageContaining("'x' is not one of this environment's");
  }
}
