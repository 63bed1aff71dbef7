package dev.hindsight.sdpo.dialect;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How errors become feedback.
 *
 * @param mode how much a message says
 * @param maxErrors how many errors are reported, the first ones; {@link #ALL} for all of them
 */
public record FeedbackStyle(Mode mode, int maxErrors) {
  /** No limit to the number of errors. */
  public static final int ALL = Integer.MAX_VALUE;

  /** Hints, two errors. */
  public static final FeedbackStyle DEFAULT = new FeedbackStyle(Mode.HINT, 2);

  public enum Mode {
    /** What is wrong and what was expected. */
    HINT,
    /** What is wrong. */
    NEGATIVE,
    /** Nothing. */
    NONE;

    /** The mode that a configuration names, in either case. */
    public static Mode ofName(String name) {
      for (Mode mode : values()) {
        if (mode.name().equals(name.toUpperCase(Locale.ROOT))) {
          return mode;
        }
      }
      throw new IllegalArgumentException(
          "feedback mode '"
              + name
              + "' does not exist, expected one of "
              + Arrays.toString(values()).toLowerCase(Locale.ROOT));
    }
  }

  public FeedbackStyle {
    if (maxErrors < 1) {
      throw new IllegalArgumentException(
          "feedback: maxErrors is "
              + maxErrors
              + ", expected 1 or more; for no feedback use mode none");
    }
  }

  /** The feedback for a response's errors, in order; empty when there are none. */
  public String text(List<DialectError> errors) {
    return mode == Mode.NONE
        ? ""
        : errors.stream()
            .limit(maxErrors)
            .map(error -> error.message(mode == Mode.HINT))
            .collect(Collectors.joining(" "));
  }
}
