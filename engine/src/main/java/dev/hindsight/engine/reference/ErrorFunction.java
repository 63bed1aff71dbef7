package dev.hindsight.engine.reference;

/**
 * erf and its complement to a few units in the last place of a double: a series of positive terms
 * near 0, a continued fraction in the tail (Abramowitz and Stegun, 7.1.6 and 7.1.14).
 */
public final class ErrorFunction {
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

  private ErrorFunction() {}

  /** {@code 2 / sqrt(pi)} times the integral of {@code exp(-t^2)} from 0 to x. */
  public static double erf(double x) {
    double a = Math.abs(x);
    return a < 2 ? series(x) : Math.copySign(1 - tail(a), x);
  }

  /** {@code 1 - erf(x)}, with full relative precision for large x. */
  public static double erfc(double x) {
    return x < 1 ? 1 - erf(x) : tail(x);
  }

  /** {@code 2/sqrt(pi) exp(-x^2) (x + 2x^3/3 + 4x^5/15 + ...)}. */
  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return TWO_OVER_SQRT_PI * gauss(x) * sum;
  }

  /** {@code exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))))} for x from 1. */
  private static double tail(double x) {
    if (!(x <= 28)) { // below the smallest double, and infinity; or NaN
      return Double.isNaN(x) ? x : 0;
    }
    // The error falls as exp(-2x sqrt(2 levels)): this many leave less than 1e-17.
    int levels = (int) (300 / (x * x)) + 10;
    double fraction = x;
    for (int level = levels; level >= 1; level--) {
      fraction = x + 0.5 * level / fraction;
    }
    return gauss(x) / (Math.sqrt(Math.PI) * fraction);
  }

  /** {@code exp(-x^2)}; the rounding of the square, up to 6e-14 at x = 28, is made good. */
  private static double gauss(double x) {
    double square = x * x;
    double lost = Math.fma(x, x, -square);
    return Math.exp(-square) * (1 - lost);
  }
}
