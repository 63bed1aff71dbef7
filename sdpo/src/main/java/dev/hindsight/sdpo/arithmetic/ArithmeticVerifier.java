package dev.hindsight.sdpo.arithmetic;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads a response, {@code (number operator number = number ;)* answer number}, and finds its first
 * mistake. Steps need not be those of the usual working, but each that is shown must be true. White
 * space between symbols does not count.
 */
final class ArithmeticVerifier {
  /** Longest number that is read: products of two stay within a long. */
  private static final int MOST_DIGITS = 9;

  private final List<String> symbols;
  private final boolean finished;
  private final List<Step> steps = new ArrayList<>();
  private int at;

  private ArithmeticVerifier(String response, boolean finished) {
    this.symbols = split(response);
    this.finished = finished;
  }

  /**
   * What was read.
   *
   * @param steps true steps before the first mistake
   * @param mistake empty when the response is right
   */
  record Reading(List<Step> steps, Optional<Mistake> mistake) {}

  static Reading read(ArithmeticQuestion question, String response, boolean finished) {
    ArithmeticVerifier verifier = new ArithmeticVerifier(response, finished);
    Optional<Mistake> mistake;
    try {
      mistake = verifier.response(question);
    } catch (Malformed e) {
      mistake = Optional.of(e.mistake);
    }
    return new Reading(List.copyOf(verifier.steps), mistake);
  }

  private Optional<Mistake> response(ArithmeticQuestion question) throws Malformed {
    while (isNumber(peek())) {
      Step step = step();
      if (!step.isTrue()) {
        return Optional.of(new Mistake.WrongStep(step));
      }
      steps.add(step);
    }
    take(ArithmeticVocabulary.ANSWER);
    long value = number();
    if (at < symbols.size() || !finished) {
      throw malformed("end");
    }
    return value == question.value()
        ? Optional.empty()
        : Optional.of(new Mistake.WrongAnswer(value, next(question)));
  }

  private Step step() throws Malformed {
    long left = number();
    Operator operator = Operator.ofSymbol(peek()).orElseThrow(() -> malformed("operator"));
    at++;
    long right = number();
    take("=");
    long result = number();
    Step step = new Step(left, operator, right, result);
    if (step.isTrue()) {
      take(";"); // a wrong result is worth more words than what follows it
    }
    return step;
  }

  private String next(ArithmeticQuestion question) {
    return question.steps().stream()
        .filter(step -> !steps.contains(step))
        .findFirst()
        .map(Step::toString)
        .orElse(Long.toString(question.value()));
  }

  private void take(String symbol) throws Malformed {
    if (!peek().equals(symbol)) {
      throw malformed(symbol);
    }
    at++;
  }

  private long number() throws Malformed {
    if (!isNumber(peek())) {
      throw malformed("number");
    }
    return Long.parseLong(symbols.get(at++));
  }

  private static boolean isNumber(String symbol) {
    return !symbol.isEmpty() && isDigit(symbol.charAt(0)) && symbol.length() <= MOST_DIGITS;
  }

  /** The symbol here; empty at the end. */
  private String peek() {
    return at < symbols.size() ? symbols.get(at) : "";
  }

  private Malformed malformed(String expected) {
    String got = at < symbols.size() ? peek() : finished ? "end" : "limit";
    boolean printable = ArithmeticVocabulary.isPrintable(got) || isNumber(got);
    return new Malformed(new Mistake.Format(expected, printable ? got : "symbol"));
  }

  private static final class Malformed extends Exception {
    private static final long serialVersionUID = 1;
    private final transient Mistake mistake;

    Malformed(Mistake mistake) {
      super(null, null, false, false);
      this.mistake = mistake;
    }
  }

  /** Runs of digits, runs of letters with the colon behind them, and single characters. */
  private static List<String> split(String text) {
    List<String> symbols = new ArrayList<>();
    int from = 0;
    while (from < text.length()) {
      int to = from + 1;
      char first = text.charAt(from);
      if (isDigit(first)) {
        while (to < text.length() && isDigit(text.charAt(to))) {
          to++;
        }
      } else if (Character.isLetter(first)) {
        while (to < text.length() && Character.isLetter(text.charAt(to))) {
          to++;
        }
        to += to < text.length() && text.charAt(to) == ':' ? 1 : 0;
      }
      if (!Character.isWhitespace(first)) {
        symbols.add(text.substring(from, to));
      }
      from = to;
    }
    return symbols;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
