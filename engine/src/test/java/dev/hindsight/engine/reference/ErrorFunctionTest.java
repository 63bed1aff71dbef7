package dev.hindsight.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;

/** Guards erf and erfc against their Taylor series in eighty digits. */
class ErrorFunctionTest {
  private static final MathContext DIGITS = new MathContext(80, RoundingMode.HALF_EVEN);
  private static final BigDecimal PI =
      new BigDecimal(
          "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899");
  private static final BigDecimal TWO_OVER_SQRT_PI = BigDecimal.TWO.divide(PI.sqrt(DIGITS), DIGITS);

  /** {@code 2/sqrt(pi) sum (-1)^n x^(2n+1) / (n! (2n+1))}; loses some x^2 / ln 10 * 2 digits. */
  private static BigDecimal erf(double at) {
    BigDecimal x = new BigDecimal(at);
    BigDecimal power = x;
    BigDecimal sum = x;
    BigDecimal tiny = new BigDecimal("1e-75");
    for (int n = 1; power.abs().compareTo(tiny) > 0; n++) {
      power = power.multiply(x).multiply(x).divide(BigDecimal.valueOf(-n), DIGITS);
      sum = sum.add(power.divide(BigDecimal.valueOf(2L * n + 1), DIGITS));
    }
    return sum.multiply(TWO_OVER_SQRT_PI, DIGITS);
  }

  /** Relative error of both within 16 units of 2^-53 up to x = 5. */
  @Test
  void agreesWithTheSeries() {
    for (double x = 1.0 / 64; x <= 5; x += 1.0 / 16) {
      BigDecimal exact = erf(x);
      double complement = BigDecimal.ONE.subtract(exact).doubleValue();
      assertThat(ErrorFunction.erf(x) / exact.doubleValue())
          .as("erf(%s)", x)
          .isCloseTo(1, within(0x1p-49));
      assertThat(ErrorFunction.erf(-x)).isEqualTo(-ErrorFunction.erf(x));
      assertThat(ErrorFunction.erfc(x) / complement)
          .as("erfc(%s)", x)
          .isCloseTo(1, within(0x1p-49));
      assertThat(ErrorFunction.erfc(-x)).isCloseTo(2 - complement, within(0x1p-49));
    }
  }

  @Test
  void theEnds() {
    assertThat(ErrorFunction.erf(0)).isZero();
    assertThat(1 / ErrorFunction.erf(-0.0)).isNegative();
    assertThat(ErrorFunction.erf(Double.POSITIVE_INFINITY)).isEqualTo(1);
    assertThat(ErrorFunction.erf(Double.NEGATIVE_INFINITY)).isEqualTo(-1);
    assertThat(ErrorFunction.erf(Double.NaN)).isNaN();
    assertThat(ErrorFunction.erfc(Double.NaN)).isNaN();
    assertThat(ErrorFunction.erfc(Double.POSITIVE_INFINITY)).isZero();
    assertThat(ErrorFunction.erfc(Double.NEGATIVE_INFINITY)).isEqualTo(2);
    assertThat(ErrorFunction.erf(Double.MIN_VALUE)).isEqualTo(Double.MIN_VALUE);
    assertThat(ErrorFunction.erfc(26)).isCloseTo(5.663192408856143e-296, within(1e-309));
  }
}
