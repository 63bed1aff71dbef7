package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Sine and cosine of a vector of floats: multiples of pi / 2 are taken off with pi / 2 as the sum
 * of three floats (Cody and Waite), and a polynomial a quadrant. Up to 2^17 that is enough, near
 * the zeros, too: the first difference is exact because the multiply-add is fused, and what the
 * three floats leave out is below 2^-57 even after 2^17 of them. Larger lanes are computed one at a
 * time in double precision. A lane never sees which way its neighbours went.
 */
final class Sine {
  /** Magnitudes up to this one take the polynomials. */
  private static final float NEAR = 0x1p17f;

  private static final FloatVector ONE = FloatVector.broadcast(F, 1f);
  private static final FloatVector MINUS_HALF = FloatVector.broadcast(F, -0.5f);
  private static final FloatVector TWO_OVER_PI = FloatVector.broadcast(F, 0x1.45f306p-1f);

  /** Added and subtracted, rounds to a whole number, whose low bits stand in its own. */
  private static final FloatVector ROUND = FloatVector.broadcast(F, 0x1.8p23f);

  private static final FloatVector MINUS_QUARTER0 = FloatVector.broadcast(F, -0x1.921fb6p0f);
  private static final FloatVector MINUS_QUARTER1 = FloatVector.broadcast(F, 0x1.777a5cp-25f);
  private static final FloatVector MINUS_QUARTER2 = FloatVector.broadcast(F, 0x1.ee59dap-50f);

  // (sin(r) / r - 1) / r^2 in r^2, for |r| < 0.7875: error of the sine 4.2e-9
  private static final FloatVector SIN0 = FloatVector.broadcast(F, -0x1.555544p-3f);
  private static final FloatVector SIN1 = FloatVector.broadcast(F, 0x1.1106c6p-7f);
  private static final FloatVector SIN2 = FloatVector.broadcast(F, -0x1.991bf4p-13f);

  // (cos(r) - 1 + r^2 / 2) / r^4 in r^2, for |r| < 0.7875: error of the cosine 1.3e-10
  private static final FloatVector COS0 = FloatVector.broadcast(F, 0x1.55554ap-5f);
  private static final FloatVector COS1 = FloatVector.broadcast(F, -0x1.6c0c26p-10f);
  private static final FloatVector COS2 = FloatVector.broadcast(F, 0x1.99e706p-16f);

  private Sine() {}

  /** Whether a lane is too large for {@link #sin} and {@link #cos}. NaN is not. */
  static boolean isFar(FloatVector x) {
    return x.abs().compare(VectorOperators.GT, NEAR).anyTrue();
  }

  /** {@code sin(x)} within 2 ulps, for |x| up to 2^17. */
  static FloatVector sin(FloatVector x) {
    return turned(x.abs(), 0, x.reinterpretAsInts().and(Integer.MIN_VALUE));
  }

  /** {@code cos(x)} within 2 ulps, for |x| up to 2^17. */
  static FloatVector cos(FloatVector x) {
    return turned(x.abs(), 1, x.reinterpretAsInts().and(0));
  }

  /** {@code sin(a + quarters pi / 2)} with the sign bit flipped where {@code sign} has it. */
  private static FloatVector turned(FloatVector a, int quarters, IntVector sign) {
    FloatVector t = a.fma(TWO_OVER_PI, ROUND);
    FloatVector n = t.sub(ROUND);
    FloatVector r = n.fma(MINUS_QUARTER0, a);
    r = n.fma(MINUS_QUARTER2, n.fma(MINUS_QUARTER1, r));
    FloatVector z = r.mul(r);
    FloatVector sine = z.fma(SIN2, SIN1).fma(z, SIN0).mul(z).fma(r, r);
    FloatVector cosine = z.fma(COS2, COS1).fma(z, COS0).fma(z.mul(z), z.fma(MINUS_HALF, ONE));
    IntVector quadrant = t.reinterpretAsInts().add(quarters);
    VectorMask<Integer> odd =
        quadrant.lanewise(VectorOperators.LSHL, 31).compare(VectorOperators.LT, 0);
    IntVector y = sine.reinterpretAsInts().blend(cosine.reinterpretAsInts(), odd);
    IntVector flip = quadrant.lanewise(VectorOperators.LSHL, 30).and(Integer.MIN_VALUE);
    return y.lanewise(VectorOperators.XOR, flip)
        .lanewise(VectorOperators.XOR, sign)
        .reinterpretAsFloats();
  }

  /** {@code sin(x)} of vectors with a large lane; NaN where x is infinite. */
  static FloatVector farSin(FloatVector x) {
    float[] values = x.toArray();
    float[] y = sin(x).toArray();
    for (int lane = 0; lane < y.length; lane++) {
      if (Math.abs(values[lane]) > NEAR) {
        y[lane] = (float) Math.sin(values[lane]);
      }
    }
    return FloatVector.fromArray(F, y, 0);
  }

  /** {@code cos(x)} of vectors with a large lane; NaN where x is infinite. */
  static FloatVector farCos(FloatVector x) {
    float[] values = x.toArray();
    float[] y = cos(x).toArray();
    for (int lane = 0; lane < y.length; lane++) {
      if (Math.abs(values[lane]) > NEAR) {
        y[lane] = (float) Math.cos(values[lane]);
      }
    }
    return FloatVector.fromArray(F, y, 0);
  }
}
