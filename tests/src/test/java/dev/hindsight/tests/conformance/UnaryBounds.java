package dev.hindsight.tests.conformance;

import dev.hindsight.engine.UnaryOp;

/**
 * How far an elementwise function may be from the truth, in units of u (half a unit in the last
 * place, near enough). One rounding is 1; a library function that keeps within 4 ulp is 8.
 */
final class UnaryBounds {
  private static final double LIBRARY = 8;

  private UnaryBounds() {}

  /** The absolute error of {@code y = op(x)} in units of u. */
  static double value(UnaryOp op, double x, double y) {
    return switch (op) {
      case NEG, ABS, SIGN, RELU -> 0;
      case SQUARE, SQRT, RECIPROCAL -> Math.abs(y);
      case RSQRT -> 3 * Math.abs(y); // a square root and a quotient
      case EXP, LOG, LOG1P, EXPM1, SIN, COS, TANH, SIGMOID, ERF, SOFTPLUS -> LIBRARY * Math.abs(y);
      case SILU -> (LIBRARY + 1) * Math.abs(y);
      // x Phi(x) where Phi comes from 1 + erf: absolute errors of Phi stay where it is small.
      case GELU, GELU_TANH -> LIBRARY * (Math.abs(y) + Math.min(Math.abs(x), 1));
    };
  }

  /** The absolute error of {@code op'(x)}, whose value is {@code slope}, in units of u. */
  static double derivative(UnaryOp op, double x, double slope) {
    double relative = (LIBRARY + 2) * Math.abs(slope);
    return switch (op) {
      case NEG, ABS, SIGN, RELU -> 0;
      // From y: 1 - y^2, y (1 - y), y + 1 and 1 - exp(-y) cancel, with errors of the order of 1.
      case TANH, SIGMOID, EXPM1, SOFTPLUS -> relative + LIBRARY;
      case ERF -> relative + 2 * x * x * Math.abs(slope); // the exponent is rounded
      case SILU, GELU, GELU_TANH -> relative + LIBRARY;
      default -> relative;
    };
  }
}
