package dev.hindsight.engine.reference;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.UnaryOp;

/** The elementwise functions and their derivatives in double precision. */
public final class ReferenceFunctions {
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
  private static final double GELU_CUBIC = 0.044715;

  private ReferenceFunctions() {}

  /** {@code op(x)}. */
  public static double value(UnaryOp op, double x) {
    return switch (op) {
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case SIGN -> Math.signum(x);
      case SQUARE -> x * x;
      case SQRT -> Math.sqrt(x);
      case RSQRT -> 1 / Math.sqrt(x);
      case RECIPROCAL -> 1 / x;
      case EXP -> Math.exp(x);
      case LOG -> Math.log(x);
      case LOG1P -> Math.log1p(x);
      case EXPM1 -> Math.expm1(x);
      case SIN -> Math.sin(x);
      case COS -> Math.cos(x);
      case TANH -> Math.tanh(x);
      case SIGMOID -> sigmoid(x);
      case ERF -> ErrorFunction.erf(x);
      case RELU -> Math.max(x, 0.0);
      case SOFTPLUS -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
      case SILU -> gated(x, sigmoid(x));
      case GELU -> gated(x, normalDistribution(x));
      case GELU_TANH -> gated(x, sigmoid(2 * geluTanhArgument(x)));
    };
  }

  /** {@code op'(x)}; at a kink the middle: 0 for ABS, and 0 for RELU as in PyTorch. */
  public static double derivative(UnaryOp op, double x) {
    return switch (op) {
      case NEG -> -1;
      case ABS -> Math.signum(x);
      case SIGN -> 0;
      case SQUARE -> 2 * x;
      case SQRT -> 0.5 / Math.sqrt(x);
      case RSQRT -> -0.5 / (x * Math.sqrt(x));
      case RECIPROCAL -> -1 / (x * x);
      case EXP -> Math.exp(x);
      case LOG -> 1 / x;
      case LOG1P -> 1 / (1 + x);
      case EXPM1 -> Math.exp(x);
      case SIN -> Math.cos(x);
      case COS -> -Math.sin(x);
      case TANH -> 4 * sigmoidSlope(2 * x);
      case SIGMOID -> sigmoidSlope(x);
      case ERF -> 2 / Math.sqrt(Math.PI) * Math.exp(-x * x);
      case RELU -> x > 0 ? 1 : 0;
      case SOFTPLUS -> sigmoid(x);
      case SILU -> sigmoid(x) + gated(x, sigmoidSlope(x));
      case GELU -> normalDistribution(x) + gated(x, normalDensity(x));
      case GELU_TANH -> {
        double slope = 2 * SQRT_2_OVER_PI * (1 + 3 * GELU_CUBIC * x * x);
        double inner = 2 * geluTanhArgument(x);
        yield sigmoid(inner) + gated(x, gated(slope, sigmoidSlope(inner)));
      }
    };
  }

  /** {@code op(a, b)}; NaN passes through MINIMUM and MAXIMUM, and compares false. */
  public static double value(BinaryOp op, double a, double b) {
    return switch (op) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case POW -> power(a, b);
      case MINIMUM -> Math.min(a, b);
      case MAXIMUM -> Math.max(a, b);
      case GREATER -> a > b ? 1 : 0;
      case GREATER_EQUAL -> a >= b ? 1 : 0;
      case LESS -> a < b ? 1 : 0;
      case LESS_EQUAL -> a <= b ? 1 : 0;
      case EQUAL -> a == b ? 1 : 0;
    };
  }

  /** Powers of 1, and infinite ones of -1, are 1 in IEEE 754 and NaN in Java. */
  public static double power(double a, double b) {
    return a == 1 || (a == -1 && Double.isInfinite(b)) ? 1 : Math.pow(a, b);
  }

  /** {@code x gate}, where a gate that is closed wins over an infinite x: the limit, not NaN. */
  private static double gated(double x, double gate) {
    return gate == 0 ? 0 * Math.signum(x) : x * gate;
  }

  /** Through the exponential of a negative number, which cannot overflow. */
  private static double sigmoid(double x) {
    double e = Math.exp(-Math.abs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
  }

  /** {@code sigmoid(x) (1 - sigmoid(x))} without the cancellation. */
  private static double sigmoidSlope(double x) {
    double e = Math.exp(-Math.abs(x));
    return e / ((1 + e) * (1 + e));
  }

  private static double normalDistribution(double x) {
    return 0.5 * ErrorFunction.erfc(-x * SQRT_HALF);
  }

  private static double normalDensity(double x) {
    return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  }

  /** What the tanh approximation takes the tanh of; {@code (1 + tanh u) / 2 = sigmoid(2u)}. */
  private static double geluTanhArgument(double x) {
    return SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x);
  }
}
