package dev.hindsight.sdpo.arithmetic;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Question;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Two to six digits from 1 to 9 with operators between them. Only the first operator can be a
 * product, and no partial result is negative, so working from the left is the usual precedence and
 * every number is a natural one.
 *
 * @param first the first number
 * @param rest what follows it
 */
record ArithmeticQuestion(int first, List<Term> rest) {
  static final int MOST_TERMS = 6;
  private static final long SPLIT_KEY = 0x6172_6974_686DL;

  /** An operator and the number after it. */
  record Term(Operator operator, int number) {}

  ArithmeticQuestion {
    rest = List.copyOf(rest);
  }

  /**
   * Draws the number of digits, the digits and operators; where a difference would be negative, a
   * sum takes its place.
   */
  static ArithmeticQuestion draw(Philox random, int fewest, int most) {
    int terms = fewest + random.nextInt(most - fewest + 1);
    int first = 1 + random.nextInt(9);
    long value = first;
    List<Term> rest = new ArrayList<>();
    while (rest.size() < terms - 1) {
      Operator operator = Operator.values()[random.nextInt(rest.isEmpty() ? 3 : 2)];
      int number = 1 + random.nextInt(9);
      if (operator == Operator.MINUS && number > value) {
        operator = Operator.PLUS;
      }
      value = operator.apply(value, number);
      rest.add(new Term(operator, number));
    }
    return new ArithmeticQuestion(first, rest);
  }

  /** The whole working: one step for each operator, from the left. */
  List<Step> steps() {
    List<Step> steps = new ArrayList<>();
    long value = first;
    for (Term term : rest) {
      Step step = Step.of(value, term.operator(), term.number());
      steps.add(step);
      value = step.result();
    }
    return steps;
  }

  long value() {
    return steps().getLast().result();
  }

  /**
   * Whether the fixed split holds this question out: about a fifth of all, the same in every run
   * and in pretraining.
   */
  boolean heldOut() {
    long code = first;
    for (Term term : rest) {
      code = (code * 3 + term.operator().ordinal()) * 10 + term.number();
    }
    return new Philox(SPLIT_KEY, code).nextInt(5) == 0;
  }

  /** The shortest right response. */
  String answer() {
    return answer(List.of(), value());
  }

  /** The right response with the whole working. */
  String working() {
    return answer(steps(), value());
  }

  /** Steps and a value, right or wrong, in the form of a response. */
  static String answer(List<Step> steps, long value) {
    return steps.stream().map(step -> step + ";").collect(Collectors.joining())
        + ArithmeticVocabulary.ANSWER
        + " "
        + value;
  }

  Question question() {
    return new Question(toString(), toString());
  }

  @Override
  public String toString() {
    return first
        + rest.stream()
            .map(term -> term.operator().symbol() + term.number())
            .collect(Collectors.joining());
  }
}
