package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@code out = op(x)}: one loop a function, because C2 compiles a loop around a switch badly. */
final class UnaryLoop extends ElementLoop {
  private final UnaryOp op;

  private UnaryLoop(UnaryOp op, int grain, Tensor x, Tensor out) {
    super(grain, out, out, x);
    this.op = op;
  }

  static void unary(UnaryOp op, Tensor x, Tensor out) {
    new UnaryLoop(op, isCheap(op) ? CHEAP : COSTLY, x, out).run();
  }

  private static boolean isCheap(UnaryOp op) {
    return switch (op) {
      case NEG, ABS, SIGN, SQUARE, SQRT, RECIPROCAL, RELU -> true;
      default -> false;
    };
  }

  @Override
  void row(int n, long out, long out2, long a, int aStep, long b, int bStep, long c, int cStep) {
    row(op, n, out, a, aStep);
  }

  /** {@code n} elements, a multiple of the vector's lanes, by address. */
  static void row(UnaryOp op, int n, long out, long a, int aStep) {
    switch (op) {
      case NEG -> neg(n, out, a, aStep);
      case ABS -> abs(n, out, a, aStep);
      case SIGN -> sign(n, out, a, aStep);
      case SQUARE -> square(n, out, a, aStep);
      case SQRT -> sqrt(n, out, a, aStep);
      case RSQRT -> rsqrt(n, out, a, aStep);
      case RECIPROCAL -> reciprocal(n, out, a, aStep);
      case EXP -> exp(n, out, a, aStep);
      case LOG -> log(n, out, a, aStep);
      case TANH -> tanh(n, out, a, aStep);
      case SIGMOID -> sigmoid(n, out, a, aStep);
      case ERF -> erf(n, out, a, aStep);
      case RELU -> relu(n, out, a, aStep);
      case SOFTPLUS -> softplus(n, out, a, aStep);
      case SILU -> silu(n, out, a, aStep);
      case GELU -> gelu(n, out, a, aStep);
      case GELU_TANH -> geluTanh(n, out, a, aStep);
      case LOG1P -> log1p(n, out, a, aStep);
      case EXPM1 -> expm1(n, out, a, aStep);
      case SIN -> sin(n, out, a, aStep);
      case COS -> cos(n, out, a, aStep);
    }
  }

  private static void neg(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      x.neg().intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void abs(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      x.abs().intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void sign(int n, long out, long a, int aStep) {
    FloatVector one = FloatVector.broadcast(F, 1f);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = one.blend(-1f, x.compare(VectorOperators.LT, 0f));
      y.blend(x, x.abs().compare(VectorOperators.GT, 0f).not())
          .intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void square(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      x.mul(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void sqrt(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      x.sqrt().intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void rsqrt(int n, long out, long a, int aStep) {
    FloatVector one = FloatVector.broadcast(F, 1f);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      one.div(x.sqrt()).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void reciprocal(int n, long out, long a, int aStep) {
    FloatVector one = FloatVector.broadcast(F, 1f);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      one.div(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void exp(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.exp(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void log(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.log(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void tanh(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.tanh(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void sigmoid(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.sigmoid(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void erf(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.erf(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void relu(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      x.max(0f).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void softplus(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector tail = VectorMath.logOnePlusUnit(VectorMath.expOfNegative(x.abs().neg()));
      x.max(0f).add(tail).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void silu(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.silu(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  /** Two vectors a turn: what counts and compares takes ports from 29 operations a vector. */
  private static void gelu(int n, long out, long a, int aStep) {
    int pairs = n & -2 * LANES;
    for (int i = 0; i < pairs; i += 2 * LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, a + aStep, ORDER);
      VectorMath.gelu(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      VectorMath.gelu(y).intoMemorySegment(MEMORY, out + 4L * i + BYTES, ORDER);
      a += 2 * aStep;
    }
    if (pairs < n) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.gelu(x).intoMemorySegment(MEMORY, out + 4L * pairs, ORDER);
    }
  }

  private static void geluTanh(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.geluTanh(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void log1p(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.log1p(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void expm1(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      VectorMath.expm1(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }

  private static void sin(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      if (Sine.isFar(x)) {
        farSin(out + 4L * i, a);
      } else {
        Sine.sin(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      }
      a += aStep;
    }
  }

  /** Takes addresses: a vector that a call takes would be an object in the loop. */
  private static void farSin(long out, long a) {
    FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
    Sine.farSin(x).intoMemorySegment(MEMORY, out, ORDER);
  }

  private static void cos(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      if (Sine.isFar(x)) {
        farCos(out + 4L * i, a);
      } else {
        Sine.cos(x).intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      }
      a += aStep;
    }
  }

  /** Takes addresses: a vector that a call takes would be an object in the loop. */
  private static void farCos(long out, long a) {
    FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
    Sine.farCos(x).intoMemorySegment(MEMORY, out, ORDER);
  }
}
