package dev.hindsight.sdpo.code;

import dev.hindsight.sdpo.code.TestRecord.CompileError;
import dev.hindsight.sdpo.code.TestRecord.Incorrect;
import dev.hindsight.sdpo.code.TestRecord.RuntimeError;
import dev.hindsight.sdpo.code.TestRecord.TimeLimit;
import dev.hindsight.sdpo.code.TestRecord.WrongAnswer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the environment says about a response: a pure function of its test records, after section
 * F.3 of the paper. The first error that applies is told, alone: code that does not compile, a
 * runtime error, a test out of time, a response without code; else at most two wrong answers.
 */
public final class CodeFeedback {
  /** The longest feedback, in characters; what is longer is cut. */
  public static final int LONGEST = 2000;

  static final int WRONG_ANSWERS = 2;
  static final int INPUT_LINES = 8;
  static final int INPUT_LINE = 250;
  static final int ANSWER = 250;
  static final int DEBUG_LINES = 10;
  static final int DEBUG_LINE = 300;
  static final int PLACES = 3;

  static final String NO_RECORDS = "No test execution information available.";
  static final String INCORRECT =
      "Incorrect Format: give the solution in a block of ```java code```";
  static final String TRUNCATED =
      "Truncated Attempt: the response ran out of room before its code was complete. Think for a"
          + " shorter time and give a shorter answer, ending with the code.";

  private CodeFeedback() {}

  /** The feedback; empty when every test was passed. */
  public static String text(List<TestRecord> records) {
    if (records.isEmpty()) {
      return NO_RECORDS;
    }
    String text =
        first(records, CompileError.class)
            .map(CodeFeedback::compileError)
            .or(() -> first(records, RuntimeError.class).map(CodeFeedback::runtimeError))
            .or(() -> first(records, TimeLimit.class).map(CodeFeedback::timeLimit))
            .or(() -> first(records, Incorrect.class).map(CodeFeedback::incorrect))
            .orElseGet(() -> wrongAnswers(records));
    return text.length() > LONGEST ? text.substring(0, LONGEST) : text;
  }

  private static <T extends TestRecord> Optional<T> first(List<TestRecord> records, Class<T> kind) {
    return records.stream().filter(kind::isInstance).map(kind::cast).findFirst();
  }

  private static String compileError(CompileError error) {
    return "Compile Error\n"
        + error.problems().stream()
            .limit(PLACES)
            .map(p -> p.message() + place(p.source(), p.line(), ""))
            .collect(Collectors.joining("\n\n"));
  }

  private static String runtimeError(RuntimeError error) {
    return "Runtime Error\n"
        + error.exception()
        + error.frames().stream()
            .limit(PLACES)
            .map(f -> place(f.source(), f.line(), " in " + f.method()))
            .collect(Collectors.joining())
        + "\n\nLast Executed Input\n"
        + input(error.input());
  }

  private static String place(String source, int line, String where) {
    if (line == 0) {
      return where.isEmpty() ? "" : "\nUnknown line" + where + " (Solution.java)";
    }
    return (source.isBlank() ? "" : "\n    " + cut(source.strip(), INPUT_LINE))
        + "\nLine "
        + line
        + where
        + " (Solution.java)";
  }

  private static String timeLimit(TimeLimit late) {
    return "Time Limit Exceeded\n\nLast Executed Input\n" + input(late.input());
  }

  private static String incorrect(Incorrect response) {
    return response.truncated() ? TRUNCATED : INCORRECT;
  }

  private static String wrongAnswers(List<TestRecord> records) {
    record Case(int number, WrongAnswer wrong) {
      int length() {
        return wrong.input().length() + wrong.expected().length();
      }
    }
    return IntStream.range(0, records.size())
        .filter(i -> records.get(i) instanceof WrongAnswer)
        .mapToObj(i -> new Case(i + 1, (WrongAnswer) records.get(i)))
        .sorted(Comparator.comparingInt(Case::length))
        .limit(WRONG_ANSWERS)
        .map(c -> wrongAnswer(c.number(), c.wrong()))
        .collect(Collectors.joining("\n\n"));
  }

  private static String wrongAnswer(int number, WrongAnswer wrong) {
    List<String> parts = new ArrayList<>();
    parts.add("Test Case " + number + ": Wrong Answer");
    parts.add("Input\n" + input(wrong.input()));
    parts.add("Output\n" + cut(wrong.actual(), ANSWER));
    parts.add("Expected\n" + cut(wrong.expected(), ANSWER));
    if (!wrong.debug().isEmpty()) {
      parts.add("Debug Output\n" + lines(wrong.debug(), DEBUG_LINES, DEBUG_LINE));
    }
    return String.join("\n\n", parts);
  }

  private static String input(String input) {
    return lines(input.lines().toList(), INPUT_LINES, INPUT_LINE);
  }

  private static String lines(List<String> lines, int most, int longest) {
    String shown =
        lines.stream().limit(most).map(l -> cut(l, longest)).collect(Collectors.joining("\n"));
    return lines.size() <= most
        ? shown
        : shown + "\n... (" + (lines.size() - most) + " more lines)";
  }

  private static String cut(String text, int longest) {
    return text.length() > longest ? text.substring(0, longest) + "..." : text;
  }
}
