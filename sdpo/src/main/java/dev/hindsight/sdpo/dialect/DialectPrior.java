package dev.hindsight.sdpo.dialect;

import dev.hindsight.engine.Philox;
import java.util.ArrayList;
import java.util.List;

/**
 * The distribution of dialects that base models are pretrained on: every part independent of the others.
 *
 * <p>Probabilities in percent, by rank. Brackets {@code ( [ { <} 50 25 15 10; separators {@code , ; | /} the same;
 * terminators none {@code . !} 60 25 15; order as asked 70, reversed 30; an operation's six names 30 22 18 13 10 7.
 */
public final class DialectPrior {
  private static final int[] BRACKETS = {50, 25, 15, 10};
  private static final int[] SEPARATORS = {50, 25, 15, 10};
  private static final int[] TERMINATORS = {60, 25, 15};
  private static final int[] ORDERS = {70, 30};
  private static final int[] NAMES = {30, 22, 18, 13, 10, 7};

  private DialectPrior() {}

  public static Dialect draw(Philox random) {
    List<String> names = new ArrayList<>();
    for (Operation operation : Operation.values()) {
      names.add(drawName(operation, random));
    }
    return new Dialect(
        drawBracket(random),
        drawSeparator(random),
        drawTerminator(random),
        drawOrder(random),
        names);
  }

  static Bracket drawBracket(Philox random) {
    return Bracket.values()[rank(BRACKETS, random)];
  }

  static Separator drawSeparator(Philox random) {
    return Separator.values()[rank(SEPARATORS, random)];
  }

  static Terminator drawTerminator(Philox random) {
    return Terminator.values()[rank(TERMINATORS, random)];
  }

  static ArgumentOrder drawOrder(Philox random) {
    return ArgumentOrder.values()[rank(ORDERS, random)];
  }

  static String drawName(Operation operation, Philox random) {
    return Names.of(operation, rank(NAMES, random));
  }

  /**
   * The prior probability of a dialect's right answer to a question: what a perfect base model
   * gives it.
   */
  public static double probabilityOfAnswer(Dialect dialect, DialectQuestion question) {
    Operation operation = question.operation();
    double name = 0;
    for (int rank = 0; rank < Names.RANKS; rank++) {
      if (Names.of(operation, rank).equals(dialect.name(operation))) {
        name = NAMES[rank] / 100.0;
      }
    }
    int[] digits = question.digits();
    boolean palindrome = digits[0] == digits[digits.length - 1];
    double order = palindrome ? 1 : ORDERS[dialect.order().ordinal()] / 100.0;
    return name
        * order
        * (BRACKETS[dialect.bracket().ordinal()] / 100.0)
        * (SEPARATORS[dialect.separator().ordinal()] / 100.0)
        * (TERMINATORS[dialect.terminator().ordinal()] / 100.0);
  }

  private static int rank(int[] percent, Philox random) {
    int left = random.nextInt(100);
    int rank = 0;
    while (left >= percent[rank]) {
      left -= percent[rank++];
    }
    return rank;
  }
}
