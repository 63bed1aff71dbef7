package dev.hindsight.sdpo.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards that data in the published format opens, and that other data says what is wrong. */
class LiveCodeBenchTest {
  private static final String STDIN =
      """
      {"question_title": "t", "question_content": "Add.", "platform": "atcoder", "question_id": "q1", "contest_id": "c", \
      "contest_date": "2025-02-01T00:00:00", "starter_code": "", "difficulty": "easy", \
      "public_test_cases": "[{\\"input\\": \\"1 2\\", \\"output\\": \\"3\\", \\"testtype\\": \\"stdin\\"}]", \
      "private_test_cases": "[{\\"input\\": \\"3 4\\\\n\\", \\"output\\": \\"7\\\\n\\", \\"testtype\\": \\"stdin\\"}]", \
      "metadata": "{}"}
      """;

  private static final String FUNCTIONAL =
      """
      {"question_content": "Add.", "question_id": "q2", "contest_date": "2025-04-30", \
      "starter_code": "class Solution {\\n  int add(int a, int b) {\\n  }\\n}", \
      "public_test_cases": [{"input": "1\\n2", "output": "3", "testtype": "functional"}], \
      "metadata": {"func_name": "add"}}
      """;

  private static List<CodeProblem> read(String text) throws IOException {
    return read(text, null, null);
  }

  private static List<CodeProblem> read(
      String text, @Nullable LocalDate from, @Nullable LocalDate before) throws IOException {
    return LiveCodeBench.read(new StringReader(text), "data.jsonl", from, before);
  }

  @Test
  void bothKindsOpen() throws IOException {
    List<CodeProblem> problems = read(STDIN + "\n" + FUNCTIONAL);
    assertThat(problems).extracting(CodeProblem::id).containsExactly("q1", "q2");
    assertThat(problems.get(0).tests())
        .as("private tests, where there are some")
        .containsExactly(new CodeTest("3 4\n", "7\n"));
    assertThat(problems.get(0).isFunctional()).isFalse();
    assertThat(problems.get(1).function()).isEqualTo("add");
    assertThat(problems.get(1).tests()).containsExactly(new CodeTest("1\n2", "3"));
  }

  @Test
  void contestsAreChosenByDate() throws IOException {
    LocalDate february = LocalDate.of(2025, 2, 1);
    String both = STDIN + FUNCTIONAL;
    assertThat(read(both, february, LocalDate.of(2025, 5, 1))).hasSize(2);
    assertThat(read(both, february.plusDays(1), null))
        .extracting(CodeProblem::id)
        .containsOnly("q2");
    assertThat(read(both, null, LocalDate.of(2025, 4, 30)))
        .extracting(CodeProblem::id)
        .containsOnly("q1");
    assertThatThrownBy(() -> read(both, LocalDate.of(2026, 1, 1), null))
        .hasMessageContaining("no problem from 2026-01-01");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "q1|q2|stands twice",
        "\"question_id\": \"q1\"|\"question_id\": \"\"|question_id is blank",
        "\"question_id\": \"q1\"|\"question_id\": 7|question_id is NUMBER, expected text",
        "\"question_content\"|\"content\"|question_content is missing",
        "\"[{\\\"input\\\": \\\"3|\"eJxrYJmqAAsk+A|is packed (base64",
        "\\\"testtype\\\": \\\"stdin\\\"}]\", \"metadata|\\\"testtype\\\": \\\"sdtin\\\"}]\", \"metadata|testtype is 'sdtin', expected stdin or functional",
        "{\"question_title\"|[\"question_title\"|data.jsonl:1: expected one JSON value",
      })
  void whatIsWrongIsSaid(String part, String instead, String message) {
    String line = STDIN.replace(part, instead) + FUNCTIONAL;
    assertThat(line).as("the case changes something").isNotEqualTo(STDIN + FUNCTIONAL);
    assertThatThrownBy(() -> read(line))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("data.jsonl:")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "\"func_name\"|\"name\"|no func_name in metadata",
        "class Solution {|class Answer {|starter_code is neither Java nor Python",
        "\"1\\n2\"|\"1, 2\"|one JSON value a line",
        "\"output\": \"3\"|\"output\": \"three\"|one JSON value",
        "[{\"input\"|[{\"input\": \"1\", \"output\": \"3\", \"testtype\": \"functional\"}, {\"input\"|different numbers of arguments",
        "\"public_test_cases\": [|\"public_tests\": [|no test in private_test_cases",
      })
  void whatIsWrongWithFunctionsIsSaid(String part, String instead, String message) {
    String line = FUNCTIONAL.replace(part, instead);
    assertThat(line).isNotEqualTo(FUNCTIONAL);
    assertThatThrownBy(() -> read(line))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("data.jsonl:1")
        .hasMessageContaining(message);
  }

  @Test
  void publishedStarterCodeBecomesJava() throws IOException {
    String java = "\"class Solution {\\n  int add(int a, int b) {\\n  }\\n}\"";
    assertThat(FUNCTIONAL).contains(java);
    String python =
        FUNCTIONAL.replace(
            java, "\"class Solution:\\n    def add(self, a: int, b: int) -> int:\\n        \"");
    assertThat(read(python).getFirst().starterCode())
        .isEqualTo("class Solution {\n  public int add(int a, int b) {\n  }\n}");
    String untyped = python.replace("a: int", "a");
    assertThatThrownBy(() -> read(untyped))
        .hasMessageContaining("data.jsonl:1: starter_code is Python")
        .hasMessageContaining("parameter a has no type");
  }

  @Test
  void theSampleOpens() {
    List<CodeProblem> sample = LiveCodeBench.sample();
    assertThat(sample).hasSize(8);
    assertThat(sample.stream().filter(CodeProblem::isFunctional)).hasSize(5);
    assertThat(sample).allSatisfy(p -> assertThat(p.tests()).hasSizeBetween(5, 10));
  }
}
