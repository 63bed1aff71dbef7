package dev.hindsight.sdpo.arithmetic;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How much the verifier tells about a mistake. */
public enum ArithmeticFeedback {
  /** What is wrong and how it goes on from there: the step mended, or the next step. */
  HINT,
  /** What is wrong, and nothing that was not in the response. */
  NEGATIVE,
  /** Nothing: right or wrong is all there is. */
  NONE;

  /** The feedback of that name in a configuration. */
  public static ArithmeticFeedback ofName(String name) {
    for (ArithmeticFeedback value : values()) {
      if (value.label().equals(name)) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        "environment.feedback: got '"
            + name
            + "', expected "
            + Arrays.stream(values())
                .map(ArithmeticFeedback::label)
                .collect(Collectors.joining(", ")));
  }

  private String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The words for a mistake, all of them of {@link ArithmeticVocabulary}. */
  String text(Mistake mistake) {
    boolean hint = this == HINT;
    return this == NONE
        ? ""
        : switch (mistake) {
          case Mistake.Format m ->
              "FormatError:" + (hint ? " expected " + m.expected() : "") + " got " + m.got();
          case Mistake.WrongStep m ->
              "StepError: " + m.step() + (hint ? " expected " + m.step().mended().result() : "");
          case Mistake.WrongAnswer m ->
              "AnswerError: got " + m.got() + (hint ? " next " + m.next() : "");
        };
  }
}
