package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Cases.VECTOR;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.reference.ReferenceFunctions;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Guards the error bounds of docs/guide/machine.md and of the Javadoc of {@link VectorMath} and
 * {@link Sine}: 200,000 floats of every sign, exponent, infinity and kind of NaN through each
 * function as a caller has it, against double precision.
 */
class UnaryAccuracyTest {
  /** A prime: all exponents, and mantissas that differ from one to the next. */
  private static final int STRIDE = 19_997;

  private static float[] floatsBetween(double low, double high) {
    float[] all = new float[(int) ((1L << 32) / STRIDE) + 1];
    int n = 0;
    for (long bits = 0; bits < 1L << 32; bits += STRIDE) {
      float x = Float.intBitsToFloat((int) bits);
      if (Float.isNaN(x) || x >= low && x <= high) {
        all[n++] = x;
      }
    }
    return Arrays.copyOf(all, n);
  }

  /**
   * @param ulps units in the last place of the exact result
   * @param absolute beside them, where a function keeps no relative error
   */
  @ParameterizedTest
  @CsvSource({
    "EXP, -Infinity, Infinity, 1, 0",
    "EXPM1, -Infinity, Infinity, 2, 0",
    "LOG, -Infinity, Infinity, 1, 0",
    "LOG1P, -Infinity, Infinity, 2, 0",
    "SIN, -Infinity, Infinity, 2, 0",
    "COS, -Infinity, Infinity, 2, 0",
    "TANH, -Infinity, Infinity, 2, 0",
    "SIGMOID, -Infinity, Infinity, 3, 0x1p-126",
    "SOFTPLUS, -Infinity, Infinity, 3, 0x1p-126",
    "ERF, -Infinity, Infinity, 2, 0",
    "SILU, -Infinity, Infinity, 3, 0x1p-119",
    "GELU, 0, Infinity, 3, 0",
    "GELU, -1, 0, 4, 0",
    "GELU, -3, -1, 20, 0",
    "GELU, -5.5, -3, 100, 0",
    "GELU, -Infinity, -1, 0, 0x1p-24",
    "GELU_TANH, 0, Infinity, 3, 0",
    "GELU_TANH, -Infinity, 0, 4, 0x1p-23",
    "RSQRT, -Infinity, Infinity, 2, 0"
  })
  void values(UnaryOp op, double low, double high, double ulps, double absolute) {
    float[] x = floatsBetween(low, high);
    float[] y = TensorOps.unary(op, Tensor.of(VECTOR, Shape.of(x.length), x)).toFloats();
    check(op.name(), v -> ReferenceFunctions.value(op, v), x, y, ulps, absolute);
  }

  /** Gradients for a dy of 1, that is the derivatives. */
  @ParameterizedTest
  @CsvSource({
    "LOG1P, -Infinity, Infinity, 2, 0",
    "EXPM1, -Infinity, Infinity, 1, 0",
    "SIN, -Infinity, Infinity, 2, 0",
    "COS, -Infinity, Infinity, 2, 0",
    "TANH, -Infinity, Infinity, 4, 0x1p-124",
    "SIGMOID, -Infinity, Infinity, 4, 0x1p-126",
    "SOFTPLUS, -Infinity, Infinity, 3, 0x1p-126",
    "ERF, -Infinity, Infinity, 3, 0x1p-125",
    "SILU, -Infinity, Infinity, 4, 0x1p-23",
    "GELU, -Infinity, Infinity, 4, 0x1p-22",
    "GELU_TANH, -Infinity, Infinity, 4, 0x1p-22"
  })
  void derivatives(UnaryOp op, double low, double high, double ulps, double absolute) {
    float[] values = floatsBetween(low, high);
    Tensor x = Tensor.of(VECTOR, Shape.of(values.length), values);
    Tensor dy = TensorOps.full(VECTOR, x.dtype(), x.shape(), 1);
    float[] dx = TensorOps.unaryBackward(op, x, TensorOps.unary(op, x), dy).toFloats();
    check(op + "'", v -> ReferenceFunctions.derivative(op, v), values, dx, ulps, absolute);
  }

  /** Where most digits cancel: the floats around every multiple of pi / 2 that is reduced. */
  @Test
  void besideTheZerosOfSineAndCosine() {
    int multiples = 83_400;
    float[] x = new float[6 * multiples];
    for (int k = 1; k <= multiples; k++) {
      float zero = (float) (k * (Math.PI / 2));
      float[] around = {Math.nextDown(zero), zero, Math.nextUp(zero)};
      for (int i = 0; i < 3; i++) {
        x[6 * k - 6 + 2 * i] = around[i];
        x[6 * k - 5 + 2 * i] = -around[i];
      }
    }
    Tensor all = Tensor.of(VECTOR, Shape.of(x.length), x);
    check("sin", Math::sin, x, TensorOps.unary(UnaryOp.SIN, all).toFloats(), 2, 0);
    check("cos", Math::cos, x, TensorOps.unary(UnaryOp.COS, all).toFloats(), 2, 0);
  }

  /** A lane that goes the long way, and one that does not, have the bits that they have alone. */
  @Test
  void largeArgumentsBesideSmallOnes() {
    float[] x = floatsBetween(-1e6, 1e6);
    for (UnaryOp op : new UnaryOp[] {UnaryOp.SIN, UnaryOp.COS}) {
      float[] alone = TensorOps.unary(op, Tensor.of(VECTOR, Shape.of(x.length), x)).toFloats();
      float[] both = new float[2 * x.length];
      for (int i = 0; i < x.length; i++) {
        both[2 * i] = x[i];
        both[2 * i + 1] = i % 3 == 0 ? 3e30f : 1;
      }
      Tensor y = TensorOps.unary(op, Tensor.of(VECTOR, Shape.of(x.length, 2), both));
      assertThat(TensorOps.copyOf(y.slice(1, 0, 1)).toFloats()).as("%s", op).isEqualTo(alone);
    }
  }

  private static void check(
      String name, DoubleUnaryOperator exact, float[] x, float[] y, double ulps, double absolute) {
    double worst = 0;
    float at = 0;
    for (int i = 0; i < x.length; i++) {
      double want = exact.applyAsDouble(x[i]);
      float rounded = (float) want;
      if (!Float.isFinite(rounded) || want == 0) {
        if (absolute == 0 || want != 0) {
          assertThat(y[i]).as("%s(%s)", name, x[i]).isEqualTo(Float.valueOf(rounded));
        }
        continue;
      }
      double allowed = absolute + ulps * Math.ulp(rounded);
      double share = Math.abs(y[i] - want) / allowed;
      if (!(share <= worst)) {
        worst = share;
        at = x[i];
      }
    }
    assertThat(worst)
        .as("%s: error over the allowed one (%s ulps + %s), at %s", name, ulps, absolute, at)
        .isLessThanOrEqualTo(1);
  }
}
