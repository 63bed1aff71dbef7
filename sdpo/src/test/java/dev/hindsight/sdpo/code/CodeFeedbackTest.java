package dev.hindsight.sdpo.code;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.code.TestRecord.CompileError;
import dev.hindsight.sdpo.code.TestRecord.Frame;
import dev.hindsight.sdpo.code.TestRecord.Incorrect;
import dev.hindsight.sdpo.code.TestRecord.Passed;
import dev.hindsight.sdpo.code.TestRecord.Problem;
import dev.hindsight.sdpo.code.TestRecord.RuntimeError;
import dev.hindsight.sdpo.code.TestRecord.TimeLimit;
import dev.hindsight.sdpo.code.TestRecord.WrongAnswer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Guards the text that the self-teacher reads: its order, its wording, and every limit. */
class CodeFeedbackTest {
  private static TestRecord wrong(String input, String actual, String expected) {
    return new WrongAnswer(input, actual, expected, List.of());
  }

  private static String text(TestRecord... records) {
    return CodeFeedback.text(List.of(records));
  }

  @Test
  void twoWrongAnswersShortestFirst() {
    String text = text(wrong("1 2 3 4", "0", "10"), wrong("7", "0", "7"), wrong("5 5", "0", "10"));
    assertThat(text)
        .isEqualTo(
            """
            Test Case 2: Wrong Answer

            Input
            7

            Output
            0

            Expected
            7

            Test Case 3: Wrong Answer

            Input
            5 5

            Output
            0

            Expected
            10""")
        .hasSize(117);
  }

  @Test
  void casesKeepTheirNumbersAmongPassedOnes() {
    assertThat(text(new Passed(), new Passed(), wrong("a", "b", "c")))
        .startsWith("Test Case 3: Wrong Answer");
    assertThat(text(wrong("aa", "", "x"), wrong("a", "", "xx"), wrong("a", "", "xx")))
        .as("of equally long cases the first ones")
        .contains("Test Case 1:", "Test Case 2:")
        .doesNotContain("Test Case 3:");
  }

  @Test
  void theFirstErrorIsToldAlone() {
    RuntimeError one =
        new RuntimeError(
            "ArithmeticException: / by zero",
            List.of(new Frame("  return a / b;", 7, "divide"), new Frame("", 12, "solve")),
            "1 0");
    RuntimeError two = new RuntimeError("Error: two", List.of(), "2");
    TimeLimit late = new TimeLimit("9");
    String expected =
        """
        Runtime Error
        ArithmeticException: / by zero
            return a / b;
        Line 7 in divide (Solution.java)
        Line 12 in solve (Solution.java)

        Last Executed Input
        1 0""";
    assertThat(text(one)).isEqualTo(expected);
    assertThat(text(wrong("1", "2", "3"), late, one, two)).isEqualTo(expected);
    assertThat(text(wrong("1", "2", "3"), late, new Incorrect(false)))
        .isEqualTo("Time Limit Exceeded\n\nLast Executed Input\n9");
    assertThat(text(wrong("1", "2", "3"), new Incorrect(false))).isEqualTo(CodeFeedback.INCORRECT);
  }

  @Test
  void codeThatDoesNotCompile() {
    assertThat(
            text(
                new CompileError(
                    List.of(
                        new Problem("  int x = y;", 3, "error: cannot find symbol"),
                        new Problem("", 0, "error: no class"),
                        new Problem("z;", 4, "error: not a statement"),
                        new Problem("w;", 5, "error: the fourth is left out")))))
        .isEqualTo(
            """
            Compile Error
            error: cannot find symbol
                int x = y;
            Line 3 (Solution.java)

            error: no class

            error: not a statement
                z;
            Line 4 (Solution.java)""");
  }

  @Test
  void aResponseWithoutCode() {
    assertThat(text(new Incorrect(false))).startsWith("Incorrect Format:").hasSize(65);
    assertThat(text(new Incorrect(true))).startsWith("Truncated Attempt:").hasSize(151);
    assertThat(text(new Incorrect(false)).lines()).hasSize(1);
    assertThat(text(new Incorrect(true)).lines()).hasSize(1);
  }

  @Test
  void nothingToSay() {
    assertThat(text(new Passed(), new Passed())).isEmpty();
    assertThat(text()).isEqualTo("No test execution information available.");
  }

  @Test
  void longInputsAreCut() {
    String input =
        String.join(
            "\n", IntStream.range(0, 11).mapToObj(i -> i + "x".repeat(i == 0 ? 300 : 9)).toList());
    String shown = text(new TimeLimit(input)).split("Last Executed Input\n")[1];
    assertThat(shown.lines()).hasSize(9);
    assertThat(shown.lines().findFirst().orElseThrow()).isEqualTo("0" + "x".repeat(249) + "...");
    assertThat(shown).endsWith("\n... (3 more lines)");
    String eight = String.join("\n", Collections.nCopies(8, "y".repeat(250)));
    assertThat(text(new TimeLimit(eight)))
        .as("2,000 characters at most, although every line has its room")
        .hasSize(2000);
  }

  @Test
  void anOversizedCaseHasExactly2000Characters() {
    String lines = String.join("\n", Collections.nCopies(50, "z".repeat(900)));
    assertThat(
            text(new WrongAnswer(lines, "a".repeat(900), "b".repeat(900), lines.lines().toList())))
        .hasSize(2000);
  }

  @Test
  void longAnswersAreCut() {
    String text = text(wrong("1", "a".repeat(251), "b".repeat(250)));
    assertThat(text)
        .contains("Output\n" + "a".repeat(250) + "...\n")
        .endsWith("Expected\n" + "b".repeat(250));
  }

  @Test
  void tenLinesOfDebugOutput() {
    List<String> debug = new ArrayList<>(List.of("d".repeat(301)));
    IntStream.range(1, 12).forEach(i -> debug.add("line " + i));
    String shown = text(new WrongAnswer("1", "2", "3", debug)).split("\n\nDebug Output\n")[1];
    assertThat(shown.lines().toList())
        .hasSize(11)
        .startsWith("d".repeat(300) + "...", "line 1")
        .endsWith("line 9", "... (2 more lines)");
    assertThat(text(wrong("1", "2", "3"))).doesNotContain("Debug");
  }

  /** The same records give the same text, never more than 2,000 characters, whatever is in them. */
  @Test
  void anyRecordsGiveBoundedText() {
    Random random = new Random(1);
    for (int i = 0; i < 500; i++) {
      List<TestRecord> records = new ArrayList<>();
      for (int n = random.nextInt(6); n >= 0; n--) {
        String a = "q\n".repeat(random.nextInt(20)) + "w".repeat(random.nextInt(3000));
        records.add(
            switch (random.nextInt(5)) {
              case 0 -> new Passed();
              case 1 -> wrong(a, a, a);
              case 2 -> new TimeLimit(a);
              case 3 -> new RuntimeError(a, List.of(new Frame(a, 3, a)), a);
              default -> new CompileError(List.of(new Problem(a, 1, a)));
            });
      }
      String text = CodeFeedback.text(records);
      assertThat(text.length()).isLessThanOrEqualTo(2000);
      assertThat(text.isEmpty()).isEqualTo(records.stream().allMatch(Passed.class::isInstance));
      assertThat(CodeFeedback.text(records)).isEqualTo(text);
    }
  }
}
