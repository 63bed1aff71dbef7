package dev.hindsight.sdpo.arithmetic;

/** The first thing that is wrong with a response. */
sealed interface Mistake {

  /** A symbol at a place where another was expected. */
  record Format(String expected, String got) implements Mistake {}

  /** A step whose result is wrong. */
  record WrongStep(Step step) implements Mistake {}

  /**
   * All steps that are shown are true, and the answer is not.
   *
   * @param got the answer that was given
   * @param next the first step of the working that is not shown, in words of the feedback; the
   *     right value where all are
   */
  record WrongAnswer(long got, String next) implements Mistake {}

  /** A short name for records. */
  default String kind() {
    return switch (this) {
      case Format _ -> "format";
      case WrongStep _ -> "step";
      case WrongAnswer _ -> "answer";
    };
  }
}
