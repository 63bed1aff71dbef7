package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Transcendental functions of a vector of floats. The Vector API has its own, but compiled code
 * takes them from a native library and interpreted code from {@code Math}: the same lane would
 * change its bits when a method gets hot (seen with SIN and EXPM1 on JDK 25). These are fused
 * multiply-adds, shifts and selections alone, so a lane's result depends on nothing but its
 * operand.
 *
 * <p>The polynomials are minimax fits (Remez) of the stated function with the stated relative
 * error. Bounds in ulps were measured over every thousandth float; {@code UnaryAccuracyTest} and
 * {@code VectorMathTest} sample them. Except for {@link #exp}, results below the smallest normal
 * float may come out as 0.
 *
 * <p>Few and flat calls, and constants as vectors: C2 stops inlining a method after a number of
 * nodes that four such functions reach, and from there on every vector is an object.
 */
final class VectorMath {
  private static final FloatVector ONE = constant(1f);
  private static final FloatVector ZERO = constant(0f);
  private static final FloatVector HALF = constant(0.5f);
  private static final FloatVector MINUS_HALF = constant(-0.5f);
  private static final FloatVector LOG2_E = constant(0x1.715476p0f);

  /** Thirteen zero bits at the end: a whole number times this is exact. */
  private static final FloatVector MINUS_LN2_HIGH = constant(-0x1.62e400p-1f);

  private static final FloatVector MINUS_LN2_LOW = constant(-0x1.7f7d1cp-20f);
  private static final FloatVector LN2_HIGH = MINUS_LN2_HIGH.neg();
  private static final FloatVector LN2_LOW = MINUS_LN2_LOW.neg();

  /** Added and subtracted, rounds to a whole number, which stands in the low bits meanwhile. */
  private static final FloatVector ROUND = constant(0x1.8p23f);

  private static final int ROUND_BITS = Float.floatToRawIntBits(0x1.8p23f);
  private static final int ONE_BITS = Float.floatToRawIntBits(1f);

  // (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2: error of exp 3.3e-9
  private static final FloatVector EXP0 = constant(0.4999999403953552f);
  private static final FloatVector EXP1 = constant(0.16666515171527863f);
  private static final FloatVector EXP2 = constant(4.166845604777336e-2f);
  private static final FloatVector EXP3 = constant(8.369418792426586e-3f);
  private static final FloatVector EXP4 = constant(1.381314592435956e-3f);

  // (log(1 + f) - f) / f^2 for f from sqrt(1/2) - 1 to sqrt(2) - 1: error of log 4.1e-9
  private static final int SQRT_HALF_BITS = 0x3f3504f3;
  private static final FloatVector LOG0 = constant(-0.49999988079071045f);
  private static final FloatVector LOG1 = constant(0.33333325386047363f);
  private static final FloatVector LOG2 = constant(-0.25001582503318787f);
  private static final FloatVector LOG3 = constant(0.2000197321176529f);
  private static final FloatVector LOG4 = constant(-0.16609083116054535f);
  private static final FloatVector LOG5 = constant(0.1418183296918869f);
  private static final FloatVector LOG6 = constant(-0.13242988288402557f);
  private static final FloatVector LOG7 = constant(0.12904390692710876f);
  private static final FloatVector LOG8 = constant(-7.621726393699646e-2f);

  // (tanh(x) / x - 1) / x^2 in x^2, for |x| < 0.625: 4.4e-9
  private static final FloatVector TANH0 = constant(-0.3333328068256378f);
  private static final FloatVector TANH1 = constant(0.13331441581249237f);
  private static final FloatVector TANH2 = constant(-5.373971164226532e-2f);
  private static final FloatVector TANH3 = constant(2.0639080554246902e-2f);
  private static final FloatVector TANH4 = constant(-5.704979877918959e-3f);

  // erf(x) / x - 1 in x^2, for |x| < 0.8: 3.0e-9
  private static final FloatVector ERF0 = constant(0.12837916612625122f);
  private static final FloatVector ERF1 = constant(-0.3761260211467743f);
  private static final FloatVector ERF2 = constant(0.11283113062381744f);
  private static final FloatVector ERF3 = constant(-2.682080678641796e-2f);
  private static final FloatVector ERF4 = constant(5.08513068780303e-3f);
  private static final FloatVector ERF5 = constant(-6.535237189382315e-4f);

  // exp(t^2) erfc(t) / s in s = 1 / (1 + t / 2), for t from 0 to 10.2: 4.3e-8
  private static final FloatVector ERFC0 = constant(0.282086044549942f);
  private static final FloatVector ERFC1 = constant(0.28238195180892944f);
  private static final FloatVector ERFC2 = constant(0.24305571615695953f);
  private static final FloatVector ERFC3 = constant(0.20287629961967468f);
  private static final FloatVector ERFC4 = constant(-2.7071978896856308e-2f);
  private static final FloatVector ERFC5 = constant(0.278713196516037f);
  private static final FloatVector ERFC6 = constant(-0.48776310682296753f);
  private static final FloatVector ERFC7 = constant(0.28484633564949036f);
  private static final FloatVector ERFC8 = constant(-5.9124454855918884e-2f);

  private static final FloatVector MINUS_ONE = constant(-1f);

  // log2(erfc(a / sqrt 2)), which is 1 + log2 Phi(-a), for a from 0 to 8; relative errors of
  // Phi(-a): 8.4e-8 up to 1, 1e-6 up to 3, 9e-6 up to 8, where a Phi(-a) is 5e-15
  private static final FloatVector TAIL1 = constant(-0x1.26aed6p0f);
  private static final FloatVector TAIL2 = constant(-0x1.d63b16p-2f);
  private static final FloatVector TAIL3 = constant(-0x1.ade706p-5f);
  private static final FloatVector TAIL4 = constant(0x1.cafa2cp-8f);
  private static final FloatVector TAIL5 = constant(-0x1.6f1d9ep-15f);
  private static final FloatVector TAIL6 = constant(-0x1.133ab2p-12f);
  private static final FloatVector TAIL7 = constant(0x1.358efcp-14f);
  private static final FloatVector TAIL8 = constant(-0x1.7aa132p-17f);
  private static final FloatVector TAIL9 = constant(0x1.17a398p-20f);
  private static final FloatVector TAIL10 = constant(-0x1.d2c96cp-25f);
  private static final FloatVector TAIL11 = constant(0x1.525744p-30f);

  // 1 - 2^r for |r| <= 1/2: 9.1e-8 of 2^r; negative, so that one multiply-add subtracts the tail
  private static final FloatVector POWER1 = constant(-0x1.62e42ap-1f);
  private static final FloatVector POWER2 = constant(-0x1.ebf9bcp-3f);
  private static final FloatVector POWER3 = constant(-0x1.c6b752p-5f);
  private static final FloatVector POWER4 = constant(-0x1.3cea88p-7f);
  private static final FloatVector POWER5 = constant(-0x1.5bba14p-10f);

  private static final IntVector EIGHT = constant(8f).reinterpretAsInts();

  private static final FloatVector SQRT_HALF = constant(0.70710678f);

  /** {@code 1 / sqrt(2 pi)}. */
  private static final FloatVector DENSITY = constant(0.3989422804f);

  private static final FloatVector GELU_CUBIC = constant(0.044715f);

  /** {@code 3 * 0.044715}. */
  private static final FloatVector GELU_CUBIC_SLOPE = constant(0.134145f);

  /** {@code 2 / sqrt(pi)}. */
  private static final FloatVector TWO_OVER_SQRT_PI = constant(0x1.20dd76p0f);

  /** {@code 2 sqrt(2 / pi)}. */
  private static final FloatVector GELU_SCALE = constant(1.5957691216f);

  private VectorMath() {}

  private static FloatVector constant(float value) {
    return FloatVector.broadcast(F, value);
  }

  /** {@code exp(x)} within 1 ulp, gradual underflow included. */
  static FloatVector exp(FloatVector x) {
    FloatVector t = x.fma(LOG2_E, ROUND);
    FloatVector n = t.sub(ROUND);
    FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
    FloatVector q = r.fma(EXP4, EXP3).fma(r, EXP2).fma(r, EXP1).fma(r, EXP0);
    FloatVector p = q.fma(r.mul(r), r).add(ONE);
    // 2^n may leave the range of floats on both sides: two factors do not.
    IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
    IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
    IntVector other = whole.sub(half);
    p = p.mul(half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
    p = p.mul(other.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
    p = p.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, 0x1.62e430p6f));
    return p.blend(0f, x.compare(VectorOperators.LT, -0x1.9fe36ap6f));
  }

  /**
   * {@code exp(x)} for {@code x <= 0} within 1 ulp where the result is normal, and 0 below: what
   * the sums of a softmax need, a third cheaper.
   */
  static FloatVector expOfNegative(FloatVector x) {
    FloatVector t = x.fma(LOG2_E, ROUND);
    FloatVector n = t.sub(ROUND);
    FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
    FloatVector q = r.fma(EXP4, EXP3).fma(r, EXP2).fma(r, EXP1).fma(r, EXP0);
    FloatVector p = q.fma(r.mul(r), r);
    // 2^n is multiplied: added to the exponent, it would turn some kinds of NaN into numbers.
    IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
    FloatVector scale = power.reinterpretAsFloats();
    return p.fma(scale, scale).blend(0f, x.compare(VectorOperators.LT, -0x1.5d589ep6f));
  }

  /** {@code log(x)} within 1 ulp; NaN below zero, minus infinity at zero. */
  static FloatVector log(FloatVector x) {
    VectorMask<Float> tiny = x.compare(VectorOperators.LT, Float.MIN_NORMAL);
    IntVector bits = x.blend(x.mul(0x1p23f), tiny).reinterpretAsInts();
    IntVector e = bits.sub(SQRT_HALF_BITS).lanewise(VectorOperators.ASHR, 23);
    bits = bits.sub(e.lanewise(VectorOperators.LSHL, 23));
    FloatVector f = bits.reinterpretAsFloats().sub(ONE);
    FloatVector exponent = (FloatVector) e.convertShape(VectorOperators.I2F, F, 0);
    exponent = exponent.blend(exponent.sub(23f), tiny);
    FloatVector tail = exponent.fma(LN2_LOW, logTail(f).mul(f.mul(f)));
    FloatVector y = exponent.fma(LN2_HIGH, f.add(tail));
    y = y.blend(x, x.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY));
    y = y.blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, 0f));
    y = y.blend(Float.NaN, x.compare(VectorOperators.LT, 0f));
    return y.blend(x, x.compare(VectorOperators.NE, x));
  }

  /** {@code (log(1 + f) - f) / f^2}. */
  private static FloatVector logTail(FloatVector f) {
    FloatVector p = f.fma(LOG8, LOG7).fma(f, LOG6).fma(f, LOG5).fma(f, LOG4);
    return p.fma(f, LOG3).fma(f, LOG2).fma(f, LOG1).fma(f, LOG0);
  }

  /**
   * {@code log(1 + x)} within 2 ulps; NaN below -1, minus infinity at -1. The exponent e is that of
   * the rounded sum, but {@code f = (1 + x) 2^-e - 1} comes from x itself, rounded once.
   */
  static FloatVector log1p(FloatVector x) {
    VectorMask<Float> huge = x.compare(VectorOperators.GT, 0x1p100f); // 2^-e would underflow
    FloatVector v = x.blend(x.mul(0x1p-64f), huge);
    IntVector e = v.add(ONE).reinterpretAsInts().sub(SQRT_HALF_BITS);
    e = e.lanewise(VectorOperators.ASHR, 23);
    FloatVector scale = powerOfTwo(e.neg());
    FloatVector f = v.fma(scale, scale.sub(ONE));
    FloatVector exponent = (FloatVector) e.convertShape(VectorOperators.I2F, F, 0);
    exponent = exponent.blend(exponent.add(64f), huge);
    FloatVector tail = exponent.fma(LN2_LOW, logTail(f).mul(f.mul(f)));
    FloatVector y = exponent.fma(LN2_HIGH, f.add(tail));
    y = y.blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, -1f));
    y = y.blend(Float.NaN, x.compare(VectorOperators.LT, -1f));
    VectorMask<Float> fixed = x.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY);
    return y.blend(x, fixed.or(x.compare(VectorOperators.EQ, 0f)));
  }

  /** {@code 2^n} for n from -126 to 127. */
  private static FloatVector powerOfTwo(IntVector n) {
    return n.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  /**
   * {@code exp(x) - 1} within 2 ulps: {@code p 2^n + (2^n - 1)} with p = exp(r) - 1, so that
   * nothing cancels near 0, where n is 0.
   */
  static FloatVector expm1(FloatVector x) {
    FloatVector t = x.fma(LOG2_E, ROUND);
    FloatVector n = t.sub(ROUND);
    FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
    FloatVector q = r.fma(EXP4, EXP3).fma(r, EXP2).fma(r, EXP1).fma(r, EXP0);
    FloatVector p = q.fma(r.mul(r), r);
    // 2^n may leave the range of floats: two factors do not.
    IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
    IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
    IntVector other = whole.sub(half);
    FloatVector scale = powerOfTwo(half);
    FloatVector y = p.fma(scale, scale.sub(powerOfTwo(other.neg()))).mul(powerOfTwo(other));
    y = y.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, 0x1.62e430p6f));
    y = y.blend(-1f, x.compare(VectorOperators.LT, -18f));
    return y.blend(x, x.compare(VectorOperators.EQ, 0f)); // the sign of zero
  }

  /** {@code log(1 + f)} for f from 0 to 1, within 2 ulps. */
  static FloatVector logOnePlusUnit(FloatVector f) {
    VectorMask<Float> big = f.compare(VectorOperators.GT, 0x1.a8279ap-2f);
    FloatVector g = f.blend(f.fma(HALF, MINUS_HALF), big); // (1 + f) / 2 = 1 + g
    FloatVector y = logTail(g).fma(g.mul(g), g);
    return y.blend(y.add(LN2_LOW).add(LN2_HIGH), big);
  }

  /** {@code 1 / (1 + exp(-x))} within 3 ulps, through the exponential that cannot overflow. */
  static FloatVector sigmoid(FloatVector x) {
    FloatVector e = expOfNegative(x.abs().neg());
    return ONE.blend(e, x.compare(VectorOperators.LT, 0f)).div(e.add(ONE));
  }

  /** {@code sigmoid(x) (1 - sigmoid(x))} within 4 ulps, without cancellation. */
  static FloatVector sigmoidSlope(FloatVector x) {
    FloatVector e = expOfNegative(x.abs().neg());
    FloatVector s = e.add(ONE);
    return e.div(s.mul(s));
  }

  /**
   * {@code x sigmoid(x)} within 3 ulps, and 0 where sigmoid(x) is below the normal floats: an
   * absolute error under 2^-119. At minus infinity its limit, 0.
   */
  static FloatVector silu(FloatVector x) {
    FloatVector e = expOfNegative(x.abs().neg());
    VectorMask<Float> negative = x.compare(VectorOperators.LT, 0f);
    FloatVector y = x.mul(ONE.blend(e, negative)).div(e.add(ONE));
    return y.blend(-0f, x.compare(VectorOperators.LT, -0x1.5d589ep6f));
  }

  /** {@code tanh(x)} within 2 ulps. */
  static FloatVector tanh(FloatVector x) {
    FloatVector a = x.abs();
    FloatVector e = expOfNegative(a.mul(-2f));
    FloatVector large = ONE.sub(e).div(e.add(ONE));
    FloatVector z = x.mul(x);
    FloatVector p = z.fma(TANH4, TANH3).fma(z, TANH2).fma(z, TANH1).fma(z, TANH0);
    FloatVector small = p.mul(z).fma(a, a);
    return withSign(large.blend(small, a.compare(VectorOperators.LT, 0.625f)), x); // -0 is -0
  }

  private static FloatVector withSign(FloatVector magnitude, FloatVector sign) {
    IntVector signs = sign.reinterpretAsInts().and(Integer.MIN_VALUE);
    return magnitude.reinterpretAsInts().or(signs).reinterpretAsFloats();
  }

  /** {@code erf(x)} within 2 ulps. */
  static FloatVector erf(FloatVector x) {
    FloatVector a = x.abs();
    FloatVector large = ONE.sub(gaussian(a, ONE).mul(scaledComplementaryErf(a)));
    FloatVector z = x.mul(x);
    FloatVector p = z.fma(ERF5, ERF4).fma(z, ERF3).fma(z, ERF2).fma(z, ERF1).fma(z, ERF0);
    FloatVector small = p.fma(x, x);
    return withSign(large, x).blend(small, a.compare(VectorOperators.LT, 0.8f));
  }

  /** {@code exp(-scale x^2)} for a scale of 1 or 1/2, the square held to twice the precision. */
  private static FloatVector gaussian(FloatVector x, FloatVector scale) {
    FloatVector y = x.mul(scale).neg();
    FloatVector square = y.mul(x);
    FloatVector lost = y.fma(x, square.neg()); // what rounding took from the square
    FloatVector e = expOfNegative(square);
    return lost.fma(e, e).blend(0f, e.compare(VectorOperators.EQ, 0f)); // not infinity times 0
  }

  /** {@code exp(t^2) erfc(t)} for {@code t >= 0}; beyond 10.2 erfc(t) is 0 anyway. */
  private static FloatVector scaledComplementaryErf(FloatVector t) {
    FloatVector s = ONE.div(t.fma(HALF, ONE));
    FloatVector p = s.fma(ERFC8, ERFC7).fma(s, ERFC6).fma(s, ERFC5).fma(s, ERFC4);
    return p.fma(s, ERFC3).fma(s, ERFC2).fma(s, ERFC1).fma(s, ERFC0).mul(s);
  }

  /** The normal distribution function, {@code erfc(-x / sqrt 2) / 2}, within 7 ulps. */
  static FloatVector normalDistribution(FloatVector x) {
    FloatVector scaled = scaledComplementaryErf(x.abs().mul(SQRT_HALF));
    FloatVector tail = gaussian(x, HALF).mul(HALF).mul(scaled);
    return tail.blend(ONE.sub(tail), x.compare(VectorOperators.GE, 0f));
  }

  /**
   * {@code x Phi(x)} as {@code max(x, 0) - a Phi(-a)}, a = |x|, where {@code Phi(-a) = 2^q(a)}: a
   * polynomial and a power of two, without a quotient and without an exponential of a square; even
   * and odd powers apart, because a processor that is shared waits for one long chain. Within 3
   * ulps above 0, 4 from -1 on, 20 from -3 on, 100 from -5.5 on and 500 from -8 on; the absolute
   * error below -1 is under 2^-24. Exactly 0 below -8: a is cut at 8, as an integer, because
   * numbers that are not negative have the order of their bits, and so infinities meet no 0.
   */
  static FloatVector gelu(FloatVector x) {
    FloatVector a = x.abs().reinterpretAsInts().min(EIGHT).reinterpretAsFloats();
    FloatVector z = a.mul(a);
    FloatVector even = z.fma(TAIL10, TAIL8).fma(z, TAIL6).fma(z, TAIL4);
    FloatVector odd = z.fma(TAIL11, TAIL9).fma(z, TAIL7).fma(z, TAIL5);
    even = even.fma(z, TAIL2).fma(z, MINUS_ONE);
    odd = odd.fma(z, TAIL3).fma(z, TAIL1);
    FloatVector q = odd.fma(a, even);
    FloatVector t = q.add(ROUND);
    FloatVector r = q.sub(t.sub(ROUND));
    FloatVector p = r.fma(POWER5, POWER4).fma(r, POWER3).fma(r, POWER2).fma(r, POWER1);
    IntVector tail = p.fma(r, MINUS_ONE).reinterpretAsInts();
    tail = tail.add(t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23));
    FloatVector share = tail.reinterpretAsFloats().blend(-0f, a.compare(VectorOperators.EQ, 8f));
    return a.fma(share, x.blend(-0f, x.compare(VectorOperators.LT, 0f)));
  }

  /** {@code Phi(x) + x phi(x)} within 4 ulps and 2^-22: the terms cancel near -0.75. */
  static FloatVector geluDerivative(FloatVector x) {
    FloatVector g = gaussian(x, HALF);
    FloatVector tail = g.mul(HALF).mul(scaledComplementaryErf(x.abs().mul(SQRT_HALF)));
    FloatVector phi = tail.blend(ONE.sub(tail), x.compare(VectorOperators.GE, 0f));
    FloatVector y = x.mul(g).fma(DENSITY, phi);
    return y.blend(phi, g.compare(VectorOperators.EQ, 0f));
  }

  /**
   * {@code x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2} within 3 ulps above 0; below, within
   * 4 ulps and 2^-23, because the exponent is rounded.
   */
  static FloatVector geluTanh(FloatVector x) {
    FloatVector u = x.mul(x).fma(GELU_CUBIC, ONE).mul(x).mul(GELU_SCALE);
    FloatVector e = expOfNegative(u.abs().neg());
    FloatVector y = x.mul(ONE.blend(e, u.compare(VectorOperators.LT, 0f))).div(e.add(ONE));
    return y.blend(-0f, x.compare(VectorOperators.LT, -11f));
  }

  /**
   * The derivative of {@link #geluTanh}: {@code s + x u' s (1 - s)}, s the sigmoid of u, within 4
   * ulps and 2^-22.
   */
  static FloatVector geluTanhDerivative(FloatVector x) {
    FloatVector z = x.mul(x);
    FloatVector u = z.fma(GELU_CUBIC, ONE).mul(x).mul(GELU_SCALE);
    FloatVector slope = z.fma(GELU_CUBIC_SLOPE, ONE).mul(GELU_SCALE);
    FloatVector e = expOfNegative(u.abs().neg());
    FloatVector near = ONE.div(e.add(ONE)); // sigmoid(|u|)
    FloatVector far = e.mul(near); // 1 - sigmoid(|u|)
    FloatVector s = near.blend(far, u.compare(VectorOperators.LT, 0f));
    FloatVector y = x.mul(slope).mul(near.mul(far)).add(s);
    return y.blend(s, e.compare(VectorOperators.EQ, 0f));
  }

  /** The derivative of {@link #erf}: {@code 2 / sqrt(pi) exp(-x^2)}, within 3 ulps. */
  static FloatVector erfDerivative(FloatVector x) {
    return gaussian(x, ONE).mul(TWO_OVER_SQRT_PI);
  }

  /**
   * The derivative of {@link #silu}: {@code s + x s (1 - s)}, its limits at infinity, within 4 ulps
   * and 2^-23.
   */
  static FloatVector siluDerivative(FloatVector x) {
    FloatVector e = expOfNegative(x.abs().neg());
    FloatVector near = ONE.div(e.add(ONE)); // sigmoid(|x|)
    FloatVector far = e.mul(near); // 1 - sigmoid(|x|)
    FloatVector s = near.blend(far, x.compare(VectorOperators.LT, 0f));
    FloatVector y = x.mul(near.mul(far)).add(s);
    return y.blend(s, e.compare(VectorOperators.EQ, 0f));
  }
}
