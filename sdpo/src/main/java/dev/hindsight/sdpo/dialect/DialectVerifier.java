package dev.hindsight.sdpo.dialect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Judges calls the way a compiler with recovery does: it reads from left to right, notes what it
 * did not expect, goes on where it can tell what was meant and gives up where it cannot; then it
 * looks the name up; then it runs the call.
 *
 * <ol>
 *   <li>The first token must be a name (one of the 72). If not: fatal.
 *   <li>Then the opening bracket. Another kind of opening bracket is an error; anything else is
 *       fatal.
 *   <li>Then digits, with separators between them. Something else in place of a digit is fatal.
 *       Another separator is an error, noted once. The closing bracket may come after any argument;
 *       one of another kind is an error, unless it matches a wrong opening bracket that was noted.
 *       Anything else is fatal: expected was the separator, or the closing bracket once there are
 *       as many arguments as the question has digits.
 *   <li>Then the terminator, if the dialect has one; another, one too many or a missing one is an
 *       error. Text after it is fatal.
 *   <li>Unless something was fatal: a name that stands for nothing in the dialect is an error.
 *       Otherwise the arguments are checked against the question's digits, unless the check is
 *       {@link ArgumentCheck#LOOSE}, and the call's value against the right one. A call with any
 *       operation counts if its value is right.
 * </ol>
 *
 * <p>A response that did not end by itself is never right.
 */
public final class DialectVerifier {
  /** The token that messages use where the response is over. */
  static final String END = "end";

  /**
   * What messages say for a token that has no place in feedback: a control token, a template
   * string, an unknown word.
   */
  static final String UNPRINTABLE = "error";

  private final Dialect dialect;
  private final ArgumentCheck argumentCheck;

  /** Whether a call must use the question's own digits. */
  public enum ArgumentCheck {
    /** It must, in any order. */
    STRICT,
    /**
     * Only the value counts. A policy can then learn {@code lab[6;6;6]}, which sometimes has the
     * right one: a lesson in reward hacking.
     */
    LOOSE
  }

  public DialectVerifier(Dialect dialect, ArgumentCheck argumentCheck) {
    this.dialect = dialect;
    this.argumentCheck = argumentCheck;
  }

  /**
   * Everything that is wrong with a response, in the order found; empty when it is right.
   *
   * @param tokens the response, without the end-of-sequence token
   * @param finished whether that token ended it
   */
  public List<DialectError> judge(DialectQuestion question, List<String> tokens, boolean finished) {
    Reading reading = new Reading(tokens, question.digitCount());
    if (reading.call()) {
      checkMeaning(question, reading);
    }
    if (reading.errors.isEmpty() && !finished) {
      reading.errors.add(new DialectError.MissingEnd());
    }
    return reading.errors;
  }

  private void checkMeaning(DialectQuestion question, Reading reading) {
    Optional<Operation> operation = dialect.operation(reading.name);
    if (operation.isEmpty()) {
      reading.errors.add(
          new DialectError.NameError(reading.name, dialect.name(question.operation())));
      return;
    }
    int[] arguments = reading.arguments.stream().mapToInt(Integer::intValue).toArray();
    if (argumentCheck == ArgumentCheck.STRICT && !sameDigits(arguments, question.digits())) {
      List<Integer> expected = Arrays.stream(question.digits()).boxed().toList();
      reading.errors.add(new DialectError.ArgumentError(expected, List.copyOf(reading.arguments)));
      return;
    }
    OptionalLong value = operation.get().apply(dialect.order().arrange(arguments));
    if (value.isEmpty() || value.getAsLong() != question.value()) {
      reading.errors.add(
          new DialectError.WrongAnswer(
              reading.name, List.copyOf(reading.arguments), value, question.value()));
    }
  }

  private static boolean sameDigits(int[] arguments, int[] digits) {
    int[] sorted = arguments.clone();
    Arrays.sort(sorted);
    Arrays.sort(digits);
    return Arrays.equals(sorted, digits);
  }

  /**
   * One pass over a response. Every method says whether reading can go on; if not, the last error
   * was fatal.
   */
  private final class Reading {
    final List<DialectError> errors = new ArrayList<>();
    final List<Integer> arguments = new ArrayList<>();
    String name = "";

    private final List<String> tokens;
    private final int enough;
    private int at;
    private String opening = "";

    Reading(List<String> tokens, int enough) {
      this.tokens = tokens;
      this.enough = enough;
    }

    boolean call() {
      return name() && openingBracket() && arguments() && terminator();
    }

    private boolean name() {
      if (!Names.contains(peek())) {
        return fatal("name");
      }
      name = next();
      return true;
    }

    private boolean openingBracket() {
      String right = dialect.bracket().open();
      if (!peek().equals(right)) {
        if (!isOpening(peek())) {
          return fatal(right);
        }
        error(right);
      }
      opening = next();
      return true;
    }

    private boolean arguments() {
      boolean separatorNoted = false;
      while (true) {
        if (!isDigit(peek())) {
          return fatal("number");
        }
        arguments.add(next().charAt(0) - '0');
        String separator = dialect.separator().symbol();
        if (isClosing(peek())) {
          closingBracket();
          return true;
        }
        if (!isSeparator(peek())) {
          return fatal(arguments.size() < enough ? separator : dialect.bracket().close());
        }
        if (!peek().equals(separator) && !separatorNoted) {
          error(separator);
          separatorNoted = true;
        }
        next();
      }
    }

    private void closingBracket() {
      String right = dialect.bracket().close();
      boolean matchesNotedOpening =
          !opening.equals(dialect.bracket().open()) && peek().equals(closingOf(opening));
      if (!peek().equals(right) && !matchesNotedOpening) {
        error(right);
      }
      next();
    }

    private boolean terminator() {
      String right = dialect.terminator() == Terminator.NONE ? END : dialect.terminator().symbol();
      if (!isOver() && isTerminator(peek())) {
        if (!peek().equals(right)) {
          error(right);
        }
        next();
      } else if (!isOver()) {
        return fatal(right);
      } else if (!right.equals(END)) {
        error(right);
      }
      return isOver() || fatal(END);
    }

    private boolean isOver() {
      return at == tokens.size();
    }

    /** The token at hand, or the empty string at the end, which is equal to no token. */
    private String peek() {
      return isOver() ? "" : tokens.get(at);
    }

    private String next() {
      return tokens.get(at++);
    }

    private void error(String expected) {
      String got = isOver() ? END : peek();
      errors.add(
          new DialectError.SyntaxError(
              expected, DialectVocabulary.isPrintable(got) ? got : UNPRINTABLE));
    }

    private boolean fatal(String expected) {
      error(expected);
      return false;
    }
  }

  private static boolean isDigit(String token) {
    return token.length() == 1 && token.charAt(0) >= '0' && token.charAt(0) <= '9';
  }

  private static boolean isOpening(String token) {
    return !closingOf(token).isEmpty();
  }

  private static String closingOf(String opening) {
    for (Bracket bracket : Bracket.values()) {
      if (bracket.open().equals(opening)) {
        return bracket.close();
      }
    }
    return "";
  }

  private static boolean isClosing(String token) {
    for (Bracket bracket : Bracket.values()) {
      if (bracket.close().equals(token)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isSeparator(String token) {
    for (Separator separator : Separator.values()) {
      if (separator.symbol().equals(token)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isTerminator(String token) {
    for (Terminator terminator : Terminator.values()) {
      if (terminator != Terminator.NONE && terminator.symbol().equals(token)) {
        return true;
      }
    }
    return false;
  }
}
