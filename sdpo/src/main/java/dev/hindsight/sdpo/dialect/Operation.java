package dev.hindsight.sdpo.dialect;

import java.util.Locale;
import java.util.OptionalLong;

/** What a question can ask for. The order of the constants is the order of the private names. */
public enum Operation {
  ADD,
  SUB,
  MUL,
  DIV,
  MOD,
  MAX,
  MIN,
  /** Decimal concatenation: {@code cat 4 9} is 49. */
  CAT,
  GCD,
  /** The mean, rounded down. */
  AVG,
  /** The largest less the smallest. */
  RNG,
  /** The first argument. */
  FST;

  private final String word = name().toLowerCase(Locale.ROOT);

  /** The word that questions use, which is also the operation's likeliest name in a dialect. */
  public String word() {
    return word;
  }

  /** The operation that a question's word asks for. */
  public static Operation ofWord(String word) {
    for (Operation operation : values()) {
      if (operation.word.equals(word)) {
        return operation;
      }
    }
    throw new IllegalArgumentException(
        "operation '"
            + word
            + "' does not exist, expected one of add sub mul div mod max min cat gcd avg rng fst");
  }

  /**
   * Whether questions give this operation two digits and never three: where the order of a fold
   * would be a trap.
   */
  public boolean binary() {
    return this == SUB || this == DIV || this == MOD;
  }

  /**
   * The value for one or more arguments, folded from the left where the operation takes two.
   *
   * @return empty where undefined: division by zero, or beyond 64 bits
   */
  public OptionalLong apply(int... arguments) {
    if (arguments.length == 0) {
      throw new IllegalArgumentException(
          "operation " + word + ": no arguments, expected at least one");
    }
    try {
      long value = arguments[0];
      for (int i = 1; i < arguments.length; i++) {
        value = fold(value, arguments[i]);
      }
      return switch (this) {
        case AVG -> OptionalLong.of(Math.floorDiv(value, (long) arguments.length));
        case RNG ->
            OptionalLong.of(MAX.apply(arguments).getAsLong() - MIN.apply(arguments).getAsLong());
        default -> OptionalLong.of(value);
      };
    } catch (ArithmeticException undefined) {
      return OptionalLong.empty();
    }
  }

  private long fold(long value, int argument) {
    return switch (this) {
      case ADD, AVG -> Math.addExact(value, argument);
      case SUB -> Math.subtractExact(value, argument);
      case MUL -> Math.multiplyExact(value, argument);
      case DIV -> Math.floorDiv(value, argument);
      case MOD -> Math.floorMod(value, argument);
      case MAX -> Math.max(value, argument);
      case MIN -> Math.min(value, argument);
      case CAT -> Math.addExact(Math.multiplyExact(value, 10L), argument);
      case GCD -> gcd(value, argument);
      case RNG, FST -> value;
    };
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
