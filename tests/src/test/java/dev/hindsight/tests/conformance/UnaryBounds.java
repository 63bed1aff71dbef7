package dev.hindsight.tests.conformance;

import dev.hindsight.engine.UnaryOp;

/**
 * How far an elementwise function may be from the truth. One rounding is u; a library function that
 * keeps within 4 ulp is 8 u, and may be 0 where its result is below the normal range.
 */
final class UnaryBounds {
  private static final double LIBRARY = 8;

  private UnaryBounds() {}

  /** The absolute error of {@code y = op(x)}. */
  static double value(UnaryOp op, double x, double y, double u) {
    double relative = LIBRARY * u * Math.abs(y) + Float.MIN_NORMAL;
    return switch (op) {
      case NEG, ABS, SIGN, RELU -> 0;
      case SQUARE, SQRT, RECIPROCAL -> u * Math.abs(y);
      case RSQRT -> 3 * u * Math.abs(y); // a square root and a quotient
      case EXP, LOG, LOG1P, EXPM1, SIN, COS, TANH, SIGMOID, ERF, SOFTPLUS -> relative;
      // Products of x and a gate.
      case SILU -> relative + u * Math.abs(y) + Math.abs(x) * Float.MIN_NORMAL;
      // x Phi(x) where Phi comes from 1 + erf: absolute errors of Phi stay where it is small.
      case GELU, GELU_TANH -> relative + LIBRARY * u * Math.min(Math.abs(x), 1);
    };
  }

  /** The absolute error of {@code op'(x)}, whose value is {@code slope}. */
  static double derivative(UnaryOp op, double x, double slope, double u) {
    double relative = (LIBRARY + 2) * u * Math.abs(slope) + Float.MIN_NORMAL;
    return switch (op) {
      case NEG, ABS, SIGN, RELU -> 0;
      // From y: 1 - y^2, y (1 - y), y + 1 and 1 - exp(-y) cancel, with errors of the order of 1.
      case TANH, SIGMOID, EXPM1, SOFTPLUS -> relative + LIBRARY * u;
      case ERF -> relative + 2 * u * x * x * Math.abs(slope); // the exponent is rounded
      case SILU, GELU, GELU_TANH -> relative + LIBRARY * u;
      default -> relative;
    };
  }
}
