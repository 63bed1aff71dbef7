package dev.hindsight.sdpo.dialect;

import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * One thing that is wrong with a response, as the verifier found it. Its text is a pure function of
 * it.
 */
public sealed interface DialectError {

  /** The message. {@code hint} says what was expected, otherwise it says only what was wrong. */
  String message(boolean hint);

  /** The error's name, as messages begin. */
  default String kind() {
    return getClass().getSimpleName();
  }

  /**
   * A token that does not belong where it is.
   *
   * @param expected a token, or {@code name}, {@code number} or {@code end}
   * @param got the token found, or {@code end}
   */
  record SyntaxError(String expected, String got) implements DialectError {
    @Override
    public String message(boolean hint) {
      return hint
          ? "SyntaxError: expected " + expected + " got " + got
          : "SyntaxError: unexpected " + got;
    }
  }

  /**
   * A call that is right as far as it goes, from a response that did not end in the room it had.
   */
  record MissingEnd() implements DialectError {
    @Override
    public String message(boolean hint) {
      return "SyntaxError: expected end"; // the same in both modes: that calls must end is no
      // secret of the dialect
    }

    @Override
    public String kind() {
      return "SyntaxError";
    }
  }

  /** A name that stands for no operation in the dialect. */
  record NameError(String name, String rightName) implements DialectError {
    @Override
    public String message(boolean hint) {
      return "NameError: " + name + " is not defined" + (hint ? " use " + rightName : "");
    }
  }

  /** Arguments that are not the question's digits, in whatever order. */
  record ArgumentError(List<Integer> expected, List<Integer> got) implements DialectError {
    @Override
    public String message(boolean hint) {
      return hint
          ? "ArgumentError: expected " + digits(expected) + " got " + digits(got)
          : "ArgumentError: unexpected " + digits(got);
    }
  }

  /** A call that runs and gives the wrong value. */
  record WrongAnswer(String name, List<Integer> arguments, OptionalLong value, long expected)
      implements DialectError {
    @Override
    public String message(boolean hint) {
      String gave = value.isPresent() ? Long.toString(value.getAsLong()) : "error";
      return "WrongAnswer: "
          + name
          + " "
          + digits(arguments)
          + " gave "
          + gave
          + (hint ? " expected " + expected : "");
    }
  }

  /** At most four: a longer list would say nothing more and could outgrow the prompt. */
  private static String digits(List<Integer> digits) {
    return digits.stream().limit(4).map(String::valueOf).collect(Collectors.joining(" "));
  }
}
