package dev.hindsight.sdpo.dialect;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Question;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An operation and digits 1 to 9.
 *
 * <p>There are 7,533: 81 for each of the three operations with two digits, 81 + 729 for each of the
 * nine others.
 */
public final class DialectQuestion {
  private static final long SPLIT_KEY = 0x7370_6C69_74L;
  private static final List<DialectQuestion> ALL = enumerate();

  private final Operation operation;
  private final int[] digits;

  /**
   * @throws IllegalArgumentException when the digits are not two (or three, where the operation
   *     takes three) of 1 to 9
   */
  public DialectQuestion(Operation operation, int... digits) {
    int most = operation.binary() ? 2 : 3;
    if (digits.length < 2
        || digits.length > most
        || Arrays.stream(digits).anyMatch(d -> d < 1 || d > 9)) {
      throw new IllegalArgumentException(
          "question "
              + operation.word()
              + " "
              + Arrays.toString(digits)
              + ": expected "
              + (most == 2 ? "two" : "two or three")
              + " digits from 1 to 9");
    }
    this.operation = operation;
    this.digits = digits.clone();
  }

  /** Reads a question's text, such as {@code max 4 9 2}. */
  public static DialectQuestion parse(String text) {
    String[] words = text.strip().split("\\s+");
    int[] digits = new int[words.length - 1];
    for (int i = 1; i < words.length; i++) {
      if (words[i].length() != 1 || words[i].charAt(0) < '1' || words[i].charAt(0) > '9') {
        throw new IllegalArgumentException(
            "question '"
                + text
                + "': '"
                + words[i]
                + "' is no digit from 1 to 9, expected a question like 'max 4 9 2'");
      }
      digits[i - 1] = words[i].charAt(0) - '0';
    }
    return new DialectQuestion(Operation.ofWord(words[0]), digits);
  }

  /** All of them, by operation, then two digits before three, then in order of the digits. */
  public static List<DialectQuestion> all() {
    return ALL;
  }

  private static List<DialectQuestion> enumerate() {
    List<DialectQuestion> questions = new ArrayList<>();
    for (Operation operation : Operation.values()) {
      for (int pair = 0; pair < 81; pair++) {
        questions.add(new DialectQuestion(operation, pair / 9 + 1, pair % 9 + 1));
      }
      for (int triple = 0; !operation.binary() && triple < 729; triple++) {
        questions.add(
            new DialectQuestion(operation, triple / 81 + 1, triple / 9 % 9 + 1, triple % 9 + 1));
      }
    }
    return List.copyOf(questions);
  }

  public Operation operation() {
    return operation;
  }

  public int[] digits() {
    return digits.clone();
  }

  public int digitCount() {
    return digits.length;
  }

  /** The right value. */
  public long value() {
    return operation.apply(digits).getAsLong();
  }

  /**
   * Whether the fixed split holds this question out: about a fifth of all, the same in every run.
   */
  public boolean heldOut() {
    long code = operation.ordinal();
    for (int digit : digits) {
      code = code * 10 + digit;
    }
    return new Philox(SPLIT_KEY, code).nextInt(5) == 0;
  }

  /** The words of the question: the operation's and one a digit. */
  public List<String> tokens() {
    List<String> tokens = new ArrayList<>(digits.length + 1);
    tokens.add(operation.word());
    for (int digit : digits) {
      tokens.add(Integer.toString(digit));
    }
    return tokens;
  }

  public Question question() {
    return new Question(String.join("-", tokens()), text());
  }

  public String text() {
    return tokens().stream().collect(Collectors.joining(" "));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DialectQuestion that
        && operation == that.operation
        && Arrays.equals(digits, that.digits);
  }

  @Override
  public int hashCode() {
    return 31 * operation.hashCode() + Arrays.hashCode(digits);
  }

  @Override
  public String toString() {
    return text();
  }
}
