package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.reference.ReferenceFunctions;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/**
 * Guards the stated error bounds of what is no operation of its own, over every exponent; the
 * operations are in {@link UnaryAccuracyTest}.
 */
class VectorMathTest {
  /** A prime: all exponents, and mantissas that differ from one to the next. */
  private static final int STRIDE = 19_997;

  private static void check(
      String name,
      UnaryOperator<FloatVector> function,
      DoubleUnaryOperator exact,
      double low,
      double high,
      double ulps) {
    check(name, function, exact, low, high, 0, ulps);
  }

  /** Errors up to {@code absolute} and so many ulps. */
  private static void check(
      String name,
      UnaryOperator<FloatVector> function,
      DoubleUnaryOperator exact,
      double low,
      double high,
      double absolute,
      double ulps) {
    float[] x = new float[LANES];
    float[] y = new float[LANES];
    int lane = 0;
    for (long bits = 0; bits < 1L << 32; bits += STRIDE) {
      float value = Float.intBitsToFloat((int) bits);
      if (!(value >= low && value <= high)) {
        continue;
      }
      x[lane++] = value;
      if (lane < LANES) {
        continue;
      }
      lane = 0;
      function.apply(FloatVector.fromArray(F, x, 0)).intoArray(y, 0);
      for (int i = 0; i < LANES; i++) {
        double expected = exact.applyAsDouble(x[i]);
        if (Double.isNaN(expected) || Float.isInfinite((float) expected)) {
          assertThat(y[i]).as("%s(%s)", name, x[i]).isEqualTo(Float.valueOf((float) expected));
        } else {
          assertThat(Math.abs(y[i] - expected))
              .as("%s(%s) = %s, exactly %s", name, x[i], y[i], expected)
              .isLessThanOrEqualTo(absolute + ulps * Math.ulp((float) expected));
        }
      }
    }
  }

  private static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }

  @Test
  void exponentials() {
    check("expOfNegative", VectorMath::expOfNegative, Math::exp, -87.33, 0, 1);
    check("sigmoidSlope", VectorMath::sigmoidSlope, x -> sigmoid(x) * sigmoid(-x), -87, 87, 4);
  }

  @Test
  void logarithms() {
    check("logOnePlusUnit", VectorMath::logOnePlusUnit, Math::log1p, 0, 1, 2);
  }

  @Test
  void normalDistributions() {
    DoubleUnaryOperator gelu = x -> ReferenceFunctions.value(UnaryOp.GELU, x);
    check("gelu", VectorMath::gelu, gelu, -8, -5.5, 500);
    assertThat(VectorMath.gelu(FloatVector.broadcast(F, -0f)).lane(0)).isEqualTo(-0f);
    assertThat(VectorMath.gelu(FloatVector.broadcast(F, Float.NEGATIVE_INFINITY)).lane(0))
        .isEqualTo(-0f);
    assertThat(VectorMath.gelu(FloatVector.broadcast(F, Float.POSITIVE_INFINITY)).lane(0))
        .isEqualTo(Float.POSITIVE_INFINITY);
  }

  @Test
  void nanStaysNan() {
    FloatVector nan = FloatVector.broadcast(F, Float.NaN);
    assertThat(VectorMath.exp(nan).lane(0)).isNaN();
    assertThat(VectorMath.expOfNegative(nan).lane(0)).isNaN();
    assertThat(VectorMath.log(nan).lane(0)).isNaN();
    assertThat(VectorMath.tanh(nan).lane(0)).isNaN();
    assertThat(VectorMath.erf(nan).lane(0)).isNaN();
    assertThat(VectorMath.gelu(nan).lane(0)).isNaN();
    assertThat(VectorMath.silu(nan).lane(0)).isNaN();
  }
}
