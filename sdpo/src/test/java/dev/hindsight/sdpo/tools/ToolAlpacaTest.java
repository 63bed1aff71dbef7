package dev.hindsight.sdpo.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.environment.Question;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards the reading of ToolAlpaca's two forms, and errors that name line and path. */
class ToolAlpacaTest {
  private static final String GOLDEN =
      """
      [
       {"Name": "Lamps", "Category": "Home", "NLDocumentation": "on: lights.\\nParameters: {}",
        "Function_Description": {"on": "lights", "dim": "less", "components": ""},
        "Instructions": ["Light, please", "Half of it", "Both"],
        "Golden_Answers": [
          [{"Action": "on", "Action_Input": "{}"}],
          [{"Action": "dim", "Action_Input": {"to": {"percent": 50}}}],
          [{"Action": "on", "Action_Input": "{}"},
           {"Action": "dim", "Action_Input": "{\\"to\\": 1}"}]]}
      ]
      """;
  private static final String INSTANCES =
      """
      {"Name": "Lamps", "NLDocumentation": "d", "Function_Description": {"on": "lights"}, \
      "Instances": [{"input": "Light", "output": "o", "intermediate_steps": \
      [[["on", "{\\"a\\": 1}", "Thought: t"], "done"], [["on", "{\\"b\\": 2}", "log"], "done"]]}]}
      """;

  @Test
  void goldenAnswersAreRead() {
    List<ToolQuestion> read = ToolAlpaca.parse(GOLDEN, "f", false).items();
    assertThat(read)
        .extracting(ToolQuestion::id)
        .containsExactly("Lamps-2/0", "Lamps-2/1", "Lamps-2/2");
    assertThat(read).extracting(ToolQuestion::request).contains("Half of it");
    assertThat(read.get(1).functions()).containsExactly("on", "dim");
    assertThat(read.get(1).calls())
        .containsExactly(new ToolCall("dim", JsonInput.parse("{\"to\":{\"percent\":50.0}}")));
    assertThat(read.get(2).calls()).hasSize(2);
  }

  @Test
  void trajectoriesAreRead() {
    ToolQuestion read = ToolAlpaca.parse(INSTANCES, "f", false).items().getFirst();
    assertThat(read.request()).isEqualTo("Light");
    assertThat(read.calls())
        .containsExactly(
            new ToolCall("on", JsonInput.parse("{\"a\":1}")),
            new ToolCall("on", JsonInput.parse("{\"b\":2}")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      textBlock =
          """
          "{}"}],           ! "{\\"id\\": ${id}}"}], ! f:2: Golden_Answers[0][0]: Action_Input: expected one JSON object, got
          "{}"}],           ! "{} {}"}],     ! f:2: Golden_Answers[0][0]: Action_Input: expected one JSON object, got '{} {}'
          "{}"}],           ! 3}],           ! f:2: Golden_Answers[0][0]: Action_Input is 3, expected a JSON object, or text
          "Action": "dim"   ! "Action": "off" ! f:2: Golden_Answers[1]: the right answer calls 'off', expected one of
          "Action": "dim"   ! "Act": "dim"   ! f:2: Golden_Answers[1][0]: Action is missing, expected text
          , "Both"          ! ``             ! f:2: 2 Instructions and 3 Golden_Answers, expected one answer a request
          "Golden_Answers"  ! "Answers"      ! f:2: API 'Lamps' has neither Golden_Answers nor Instances
          "Name"            ! "Title"        ! f:2: Name is missing, expected text
          "NLDocumentation" ! "Doc"          ! f:2: NLDocumentation is missing, expected text
          """)
  void wrongRowsNameLineAndPath(String from, String to, String message) {
    String text = GOLDEN.replace(from.strip(), to.strip());
    assertThat(text).isNotEqualTo(GOLDEN);
    assertThatThrownBy(() -> ToolAlpaca.parse(text, "f", false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message.strip());
  }

  @Test
  void oneWrongAnswerLeavesTheOthersOfItsApi() {
    String text =
        GOLDEN.replace(
            "\"Action\": \"dim\", \"Action_Input\": {", "\"Action\": \"x\", \"Action_Input\": {");
    var read = ToolAlpaca.parse(text, "f", true);
    assertThat(read.items()).extracting(ToolQuestion::id).containsExactly("Lamps-2/0", "Lamps-2/2");
    assertThat(read.leftOut()).hasSize(1);
    assertThatThrownBy(() -> ToolAlpaca.parse("[]", "f", true))
        .hasMessageContaining("no request that can be judged");
  }

  @Test
  void theEnvironmentAsksWithDocumentationAndJudges() {
    List<ToolQuestion> read = ToolAlpaca.parse(GOLDEN, "f", false).items();
    List<ToolQuestion> others = ToolAlpaca.parse(INSTANCES, "g", false).items();
    ToolEnvironment environment =
        new ToolEnvironment(
            "tools", ToolEnvironment.given(read, others), new ToolGrader(false), 64);
    assertThat(environment.trainQuestions()).hasSize(3);
    Question question = environment.trainQuestions().getFirst();
    assertThat(question.text())
        .contains("on: lights.", "Thought:", "Action:", "Action Input:")
        .endsWith("Request: Light, please");
    assertThat(environment.judge(question, "Action: on\nAction Input: {}", true).reward())
        .isEqualTo(1);
    assertThat(environment.testQuestions()).hasSize(1);
    assertThatThrownBy(() -> ToolEnvironment.given(read, read))
        .hasMessageContaining("3 of its questions are training questions, too");
    assertThat(ToolEnvironment.split(read, 0.1, 0).test()).hasSize(1);
  }

  @Test
  void theSampleIsReadWhole() {
    List<ToolQuestion> sample = ToolAlpaca.sample().items();
    assertThat(sample).hasSize(18);
    assertThat(sample).extracting(q -> q.calls().size()).contains(1, 2);
  }
}
