package dev.hindsight.sdpo.code.sandbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a program did on one input. */
public sealed interface Outcome {
  /**
   * It ended.
   *
   * @param value what the method returned; null for a {@code main}
   * @param out what it printed to standard output
   * @param err what it printed to standard error
   */
  record Ended(@Nullable Object value, String out, String err) implements Outcome {}

  /**
   * It threw.
   *
   * @param type the exception's class
   * @param message its message; blank where it has none
   * @param frames the innermost frames of the solution's own code, at most three
   */
  record Threw(String type, String message, List<Frame> frames) implements Outcome {}

  /** It did not end in time. */
  record TimedOut() implements Outcome {}

  /** Its process was lost, and how is not known. */
  record Died(String reason) implements Outcome {}

  /** One frame of a stack trace: the method, and the line where that is known, else 0. */
  record Frame(String method, int line) {}
}
