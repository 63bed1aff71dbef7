package dev.hindsight.sdpo.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.environment.Verdict;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards every rule of the grader, and that feedback keeps the right answer to itself. */
class ToolGraderTest {
  private static ToolQuestion question(String... calls) {
    List<ToolCall> truth =
        Arrays.stream(calls)
            .map(c -> new ToolCall(c.split(" ", 2)[0], JsonInput.parse(c.split(" ", 2)[1])))
            .toList();
    return new ToolQuestion("q", "Api", "docs", List.of("find", "list", "get-one"), "r", truth);
  }

  private static Verdict judge(ToolQuestion question, String response) {
    return new ToolGrader(false).judge(question, response);
  }

  private static String response(String... calls) {
    StringBuilder text = new StringBuilder("Thought: well\n");
    for (String call : calls) {
      String[] parts = call.split(" ", 2);
      text.append("Action: ").append(parts[0]).append("\nAction Input: ").append(parts[1]);
      text.append('\n');
    }
    return text.toString();
  }

  /** What was given, what is right, whether they are the same. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      textBlock =
          """
          {"a":1}                        ! {"a":1}                        ! true
          { "b":"x" , "a":1 }            ! {"a":1,"b":"x"}                ! true
          {}                             ! {}                             ! true
          {"a":{"b":{"c":1}},"d":2}      ! {"a":{"b":{"c":1}},"d":2}      ! true
          {"a":{"y":1,"x":2}}            ! {"a":{"x":2,"y":1}}            ! true
          {"a":{"b":1},"c":2}            ! {"a":{"b":1},"c":3}            ! false
          {"a":"}"}                      ! {"a":"}"}                      ! true
          {"a":"{\\"b\\": }","c":"\\\\"} ! {"a":"{\\"b\\": }","c":"\\\\"} ! true
          {"a":"Action: list"}           ! {"a":"Action: list"}           ! true
          {"a":"\\u0041"}                ! {"a":"A"}                      ! true
          {"a":1.0}                      ! {"a":1}                        ! true
          {"a":10}                       ! {"a":1e1}                      ! true
          {"a":0.10}                     ! {"a":0.1}                      ! true
          {"a":-0.0}                     ! {"a":0}                        ! true
          {"a":12345678901234567890}     ! {"a":12345678901234567891}     ! false
          {"a":0.1}                      ! {"a":0.10000000000000000001}   ! false
          {"a":"1"}                      ! {"a":1}                        ! false
          {"a":true}                     ! {"a":1}                        ! false
          {"a":"true"}                   ! {"a":true}                     ! false
          {"a":null}                     ! {"a":null}                     ! true
          {"a":null}                     ! {}                             ! false
          {"a":"null"}                   ! {"a":null}                     ! false
          {"a":[1,2]}                    ! {"a":[1.0,2]}                  ! true
          {"a":[2,1]}                    ! {"a":[1,2]}                    ! false
          {"a":[]}                       ! {"a":{}}                       ! false
          {"A":1}                        ! {"a":1}                        ! false
          {"a":"x "}                     ! {"a":"x"}                      ! false
          """)
  void inputsAreComparedAsJson(String given, String truth, boolean equal) {
    ToolQuestion question = question("find " + truth.strip());
    Verdict verdict = judge(question, response("find " + given.strip()));
    assertThat(verdict.reward()).as(verdict.toString()).isEqualTo(equal ? 1 : 0);
    assertThat(verdict.hasFeedback()).isEqualTo(!equal);
    assertThat(verdict.details()).containsEntry("incorrect_format", "false");
  }

  @Test
  void namesAreAMultisetAndInputsAreMerged() {
    ToolQuestion two = question("find {\"a\":1}", "list {\"b\":2}");
    assertThat(judge(two, response("find {\"a\":1}", "list {\"b\":2}")).reward()).isEqualTo(1);
    assertThat(judge(two, response("list {\"b\":2}", "find {\"a\":1}")).reward()).isEqualTo(1);
    // merged: which call has which parameter is not looked at
    assertThat(judge(two, response("list {\"a\":1}", "find {\"b\":2}")).reward()).isEqualTo(1);
    assertThat(judge(two, response("find {\"a\":1,\"b\":2}")).reward()).isZero();
    assertThat(judge(two, response("find {\"a\":1}", "find {\"b\":2}")).reward()).isZero();
    ToolQuestion twice = question("find {\"a\":1}", "find {\"a\":2}");
    assertThat(judge(twice, response("find {\"a\":1}", "find {\"a\":2}")).reward()).isEqualTo(1);
    // of a key that stands in several inputs the last value counts
    assertThat(judge(twice, response("find {\"a\":2}", "find {\"a\":1}")).reward()).isZero();
    assertThat(judge(twice, response("find {\"a\":2}")).reward()).isZero();
  }

  @Test
  void markersMayStandOnOneLineAndNamesAreTakenWhole() {
    ToolQuestion question = question("get-one {\"a\":1}");
    assertThat(judge(question, "Action:get-one Action Input:{\"a\":1}").reward()).isEqualTo(1);
    assertThat(judge(question, "Action:  get-one \r\nAction Input:\n\n {\"a\":1} ok").reward())
        .isEqualTo(1);
    assertThat(judge(question, "Action: get\nAction Input: {\"a\":1}").reward()).isZero();
    assertThat(judge(question, "Action: get-one()\nAction Input: {\"a\":1}").reward()).isZero();
  }

  /** A bar is a line break. Right is find with a = 1. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      textBlock =
          """
          I do not know                              ! Incorrect format: there is no line 'Action: name of a function'; Actions mismatch: predicted []; Action inputs mismatch: predicted {}
          Action: list|Action Input: {"a":1}         ! Actions mismatch: predicted [list]
          Action: search|Action Input: {"a":1}       ! Actions mismatch: predicted [search], not documented: search
          Action: find|Action Input: {"a":2}         ! Action inputs mismatch: predicted {"a":2}, wrong value of a
          Action: find|Action Input: {"b":2,"a":1.0} ! Action inputs mismatch: predicted {"b":2,"a":1}, not wanted: b
          Action: find|Action Input: {}              ! Action inputs mismatch: predicted {}, a parameter is missing
          Action: list|Action Input: {"a":2}         ! Actions mismatch: predicted [list]; Action inputs mismatch: predicted {"a":2}
          Action: find                               ! Incorrect format: 1 Action but 0 Action Input, expected one each; Action inputs mismatch: predicted {}, a parameter is missing
          Action:|Action Input: {"a":1}              ! Incorrect format: Action 1 has no name; Actions mismatch: predicted []
          Action: find|Action Input: a=1             ! Incorrect format: Action Input 1 is not a JSON object: it does not begin with '{'; Action inputs mismatch: predicted {}, a parameter is missing
          Action: find|Action Input: [1]             ! Incorrect format: Action Input 1 is not a JSON object: it does not begin with '{'; Action inputs mismatch: predicted {}, a parameter is missing
          """)
  void feedbackSaysWhatIsWrongAndNotWhatIsRight(String response, String feedback) {
    Verdict verdict = judge(question("find {\"a\":1}"), response.strip().replace('|', '\n'));
    assertThat(verdict.reward()).isZero();
    assertThat(verdict.feedback()).isEqualTo(feedback.strip());
  }

  @Test
  void brokenInputsAreWrongWhateverElseIsRight() {
    ToolQuestion none = question("find {}");
    assertThat(judge(none, response("find {}")).reward()).isEqualTo(1);
    for (String broken :
        List.of("{\"a\":", "{\"a\":1", "{a:1}", "{\"a\":1,}", "{'a':1}", "{\"a\":1,\"a\":2}")) {
      Verdict verdict = judge(none, response("find " + broken));
      assertThat(verdict.reward()).as(broken).isZero();
      assertThat(verdict.feedback()).startsWith("Incorrect format: Action Input 1 is not a JSON");
      assertThat(verdict.details()).containsEntry("incorrect_format", "true");
    }
    String deep = "{\"a\":".repeat(5_000) + "1" + "}".repeat(5_000);
    assertThat(judge(none, response("find " + deep)).reward()).isZero();
    String huge = "{\"a\":1e999999999}";
    assertThat(judge(none, response("find " + huge)).reward()).isZero();
    assertThat(judge(question("find " + huge), response("find " + huge)).reward()).isEqualTo(1);
  }

  @Test
  void theTruthLeaksOnlyWhenAskedTo() {
    ToolQuestion question = question("find {\"city\":\"Lund\"}", "list {\"day\":7}");
    String wrong = response("find {\"city\":\"Oslo\"}");
    assertThat(judge(question, wrong).feedback()).doesNotContain("Lund", "list", "day", "7");
    assertThat(new ToolGrader(true).judge(question, wrong).feedback())
        .isEqualTo(
            "Actions mismatch: predicted [find], expected [find, list]; Action inputs mismatch:"
                + " predicted {\"city\":\"Oslo\"}, expected {\"city\":\"Lund\",\"day\":7}");
  }

  @Test
  void longResponsesAreQuotedShort() {
    String wrong = response("find {\"city\":\"" + "x".repeat(5_000) + "\"}");
    assertThat(judge(question("find {\"city\":\"Lund\"}"), wrong).feedback().length())
        .isLessThan(2 * ToolGrader.EXCERPT);
  }

  @Test
  void questionsMustBeAnswerable() {
    assertThatThrownBy(() -> question("search {}"))
        .hasMessageContaining("calls 'search', expected one of the documented functions");
    assertThatThrownBy(ToolGraderTest::question).hasMessageContaining("has no call");
  }
}
