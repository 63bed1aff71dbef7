package dev.hindsight.sdpo.arithmetic;

/**
 * A line of working, such as {@code 42-3=39}.
 *
 * @param result what was written, right or wrong
 */
record Step(long left, Operator operator, long right, long result) {
  static Step of(long left, Operator operator, long right) {
    return new Step(left, operator, right, operator.apply(left, right));
  }

  boolean isTrue() {
    return result == operator.apply(left, right);
  }

  /** The same with the right result. */
  Step mended() {
    return of(left, operator, right);
  }

  @Override
  public String toString() {
    return left + operator.symbol() + right + "=" + result;
  }
}
