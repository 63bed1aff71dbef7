package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code dx = dy op'(x)}: from x alone, as the reference does, because a derivative from a rounded
 * y cancels where the function saturates.
 */
final class UnaryBackwardLoop extends ElementLoop {
  private final UnaryOp op;

  private UnaryBackwardLoop(UnaryOp op, Tensor x, Tensor dy, Tensor dx) {
    super(COSTLY, dx, dx, x, dy);
    this.op = op;
  }

  static void unaryBackward(UnaryOp op, Tensor x, Tensor dy, Tensor dx) {
    new UnaryBackwardLoop(op, x, dy, dx).run();
  }

  @Override
  void row(int n, long out, long out2, long a, int aStep, long b, int bStep, long c, int cStep) {
    switch (op) {
      case NEG -> neg(n, out, a, aStep, b, bStep);
      case ABS -> abs(n, out, a, aStep, b, bStep);
      case SIGN -> sign(n, out, a, aStep, b, bStep);
      case SQUARE -> square(n, out, a, aStep, b, bStep);
      case SQRT -> sqrt(n, out, a, aStep, b, bStep);
      case RSQRT -> rsqrt(n, out, a, aStep, b, bStep);
      case RECIPROCAL -> reciprocal(n, out, a, aStep, b, bStep);
      case EXP -> exp(n, out, a, aStep, b, bStep);
      case LOG -> log(n, out, a, aStep, b, bStep);
      case TANH -> tanh(n, out, a, aStep, b, bStep);
      case SIGMOID -> sigmoid(n, out, a, aStep, b, bStep);
      case RELU -> relu(n, out, a, aStep, b, bStep);
      case SOFTPLUS -> softplus(n, out, a, aStep, b, bStep);
      case SILU -> silu(n, out, a, aStep, b, bStep);
      case GELU -> gelu(n, out, a, aStep, b, bStep);
      case LOG1P -> log1p(n, out, a, aStep, b, bStep);
      case EXPM1 -> exp(n, out, a, aStep, b, bStep);
      case SIN -> sin(n, out, a, aStep, b, bStep);
      case COS -> cos(n, out, a, aStep, b, bStep);
      case ERF -> erf(n, out, a, aStep, b, bStep);
      case GELU_TANH -> geluTanh(n, out, a, aStep, b, bStep);
    }
  }

  private static FloatVector sign(FloatVector x) {
    FloatVector y = FloatVector.broadcast(F, 1f).blend(-1f, x.compare(VectorOperators.LT, 0f));
    return y.blend(x, x.abs().compare(VectorOperators.GT, 0f).not());
  }

  private static void neg(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.neg();
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      b += bStep;
    }
  }

  private static void abs(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(sign(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void sign(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(0f);
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      b += bStep;
    }
  }

  private static void square(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(x.add(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void sqrt(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(0.5f).div(x.sqrt());
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void rsqrt(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(-0.5f).div(x.mul(x.sqrt()));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void reciprocal(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.neg().div(x.mul(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void exp(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(VectorMath.exp(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void log(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.div(x);
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void tanh(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(4f).mul(VectorMath.sigmoidSlope(x.add(x)));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void sigmoid(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(VectorMath.sigmoidSlope(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void relu(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.blend(dy.mul(0f), x.compare(VectorOperators.GT, 0f).not());
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void softplus(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(VectorMath.sigmoid(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void silu(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(VectorMath.siluDerivative(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void gelu(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(VectorMath.geluDerivative(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void log1p(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.div(x.add(1f));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void sin(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      if (Sine.isFar(x)) {
        sinOfFar(out + 4L * i, a, b);
      } else {
        FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
        FloatVector g = dy.mul(Sine.cos(x));
        g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      }
      a += aStep;
      b += bStep;
    }
  }

  private static void sinOfFar(long out, long a, long b) {
    FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
    FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
    dy.mul(Sine.farCos(x)).intoMemorySegment(MEMORY, out, ORDER);
  }

  private static void cos(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      if (Sine.isFar(x)) {
        cosOfFar(out + 4L * i, a, b);
      } else {
        FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
        FloatVector g = dy.neg().mul(Sine.sin(x));
        g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      }
      a += aStep;
      b += bStep;
    }
  }

  private static void cosOfFar(long out, long a, long b) {
    FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
    FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
    dy.neg().mul(Sine.farSin(x)).intoMemorySegment(MEMORY, out, ORDER);
  }

  private static void erf(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(VectorMath.erfDerivative(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void geluTanh(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector dy = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector g = dy.mul(VectorMath.geluTanhDerivative(x));
      g.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }
}
