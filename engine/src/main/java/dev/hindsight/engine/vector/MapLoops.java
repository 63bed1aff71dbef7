package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Elementwise operations with scalar arguments, selections and the gated linear unit. */
final class MapLoops {
  private MapLoops() {}

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, MEMORY, address, ORDER);
  }

  /** {@code out = x scale + shift}, rounded once. */
  static void affine(Tensor x, double scale, double shift, Tensor out) {
    new ElementLoop(ElementLoop.CHEAP, out, out, x) {
      @Override
      void row(int n, long y, long y2, long a, int aStep, long b, int bStep, long c, int cStep) {
        affine(n, y, a, aStep, (float) scale, (float) shift);
      }
    }.run();
  }

  private static void affine(int n, long out, long a, int aStep, float scale, float shift) {
    FloatVector factor = FloatVector.broadcast(F, scale);
    FloatVector summand = FloatVector.broadcast(F, shift);
    for (int i = 0; i < n; i += LANES) {
      load(a).fma(factor, summand).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  /** {@code out = min(max(x, low), high)}. */
  static void clamp(Tensor x, double low, double high, Tensor out) {
    new ElementLoop(ElementLoop.CHEAP, out, out, x) {
      @Override
      void row(int n, long y, long y2, long a, int aStep, long b, int bStep, long c, int cStep) {
        clamp(n, y, a, aStep, (float) low, (float) high);
      }
    }.run();
  }

  private static void clamp(int n, long out, long a, int aStep, float low, float high) {
    for (int i = 0; i < n; i += LANES) {
      load(a).max(low).min(high).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  /** {@code out = condition != 0 ? x : y}. */
  static void where(Tensor condition, Tensor x, Tensor y, Tensor out) {
    new ElementLoop(ElementLoop.CHEAP, out, out, condition, x, y) {
      @Override
      void row(int n, long to, long to2, long a, int aStep, long b, int bStep, long c, int cStep) {
        select(n, to, a, aStep, b, bStep, c, cStep);
      }
    }.run();
  }

  private static void select(
      int n, long out, long a, int aStep, long b, int bStep, long c, int cStep) {
    for (int i = 0; i < n; i += LANES) {
      load(c)
          .blend(load(b), load(a).compare(VectorOperators.NE, 0f))
          .intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
      c += cStep;
    }
  }

  /** {@code out += x scale}, one fused multiply-add an element. */
  static void addScaled(Tensor x, double scale, Tensor out) {
    new ElementLoop(ElementLoop.CHEAP, out, out, x, out) {
      @Override
      void row(int n, long y, long y2, long a, int aStep, long b, int bStep, long c, int cStep) {
        addScaled(n, y, a, aStep, b, bStep, (float) scale);
      }
    }.run();
  }

  private static void addScaled(
      int n, long out, long a, int aStep, long b, int bStep, float scale) {
    FloatVector factor = FloatVector.broadcast(F, scale);
    for (int i = 0; i < n; i += LANES) {
      load(a).fma(factor, load(b)).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  /** {@code out += rate (x - out)}. */
  static void lerp(Tensor x, double rate, Tensor out) {
    new ElementLoop(ElementLoop.CHEAP, out, out, x, out) {
      @Override
      void row(int n, long y, long y2, long a, int aStep, long b, int bStep, long c, int cStep) {
        lerp(n, y, a, aStep, b, bStep, (float) rate);
      }
    }.run();
  }

  private static void lerp(int n, long out, long a, int aStep, long b, int bStep, float rate) {
    FloatVector factor = FloatVector.broadcast(F, rate);
    for (int i = 0; i < n; i += LANES) {
      FloatVector old = load(b);
      load(a).sub(old).fma(factor, old).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  /** {@code out = gate sigmoid(gate) up}. */
  static void swiglu(Tensor gate, Tensor up, Tensor out) {
    new ElementLoop(ElementLoop.COSTLY, out, out, gate, up) {
      @Override
      void row(int n, long y, long y2, long a, int aStep, long b, int bStep, long c, int cStep) {
        swiglu(n, y, a, aStep, b, bStep);
      }
    }.run();
  }

  private static void swiglu(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector up = load(b);
      VectorMath.silu(load(a)).mul(up).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  /** {@code dGate = dy up silu'(gate)}, {@code dUp = dy silu(gate)}. */
  static void swigluBackward(Tensor gate, Tensor up, Tensor dy, Tensor dGate, Tensor dUp) {
    new ElementLoop(ElementLoop.COSTLY, dGate, dUp, gate, up, dy) {
      @Override
      void row(int n, long y, long y2, long a, int aStep, long b, int bStep, long c, int cStep) {
        swigluBackward(n, y, y2, a, aStep, b, bStep, c, cStep);
      }
    }.run();
  }

  private static void swigluBackward(
      int n, long dGate, long dUp, long a, int aStep, long b, int bStep, long c, int cStep) {
    FloatVector one = FloatVector.broadcast(F, 1f);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = load(a);
      FloatVector dy = load(c);
      FloatVector du = dy.mul(load(b));
      FloatVector e = VectorMath.expOfNegative(x.abs().neg());
      FloatVector near = one.div(e.add(one)); // sigmoid(|x|)
      FloatVector far = e.mul(near); // 1 - sigmoid(|x|)
      VectorMask<Float> negative = x.compare(VectorOperators.LT, 0f);
      VectorMask<Float> closed = e.compare(VectorOperators.EQ, 0f); // 0, not 0 times infinity
      FloatVector s = near.blend(far, negative);
      FloatVector silu = x.mul(s).blend(-0f, closed.and(negative));
      FloatVector slope = x.mul(near.mul(far)).blend(0f, closed).add(s);
      du.mul(slope).intoMemorySegment(MEMORY, dGate + 4L * i, ORDER);
      dy.mul(silu).intoMemorySegment(MEMORY, dUp + 4L * i, ORDER);
      a += aStep;
      b += bStep;
      c += cStep;
    }
  }
}
