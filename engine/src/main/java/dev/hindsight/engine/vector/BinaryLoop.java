package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.reference.ReferenceFunctions;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@code out = op(a, b)}: one loop a function. */
final class BinaryLoop extends ElementLoop {
  private final BinaryOp op;

  private BinaryLoop(BinaryOp op, Tensor a, Tensor b, Tensor out) {
    super(op == BinaryOp.POW ? COSTLY : CHEAP, out, out, a, b);
    this.op = op;
  }

  static void binary(BinaryOp op, Tensor a, Tensor b, Tensor out) {
    new BinaryLoop(op, a, b, out).run();
  }

  @Override
  void row(int n, long out, long out2, long a, int aStep, long b, int bStep, long c, int cStep) {
    switch (op) {
      case ADD -> add(n, out, a, aStep, b, bStep);
      case SUB -> sub(n, out, a, aStep, b, bStep);
      case MUL -> mul(n, out, a, aStep, b, bStep);
      case DIV -> div(n, out, a, aStep, b, bStep);
      case MINIMUM -> minimum(n, out, a, aStep, b, bStep);
      case MAXIMUM -> maximum(n, out, a, aStep, b, bStep);
      case GREATER -> greater(n, out, a, aStep, b, bStep);
      case GREATER_EQUAL -> greaterEqual(n, out, a, aStep, b, bStep);
      case LESS -> less(n, out, a, aStep, b, bStep);
      case LESS_EQUAL -> lessEqual(n, out, a, aStep, b, bStep);
      case EQUAL -> equal(n, out, a, aStep, b, bStep);
      case POW -> pow(n, out, a, aStep, b, bStep);
    }
  }

  static void add(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = x.add(y);
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void sub(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = x.sub(y);
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void mul(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = x.mul(y);
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void div(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = x.div(y);
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void minimum(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = x.min(y);
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void maximum(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = x.max(y);
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void greater(int n, long out, long a, int aStep, long b, int bStep) {
    FloatVector zero = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = zero.blend(1f, x.compare(VectorOperators.GT, y));
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void greaterEqual(int n, long out, long a, int aStep, long b, int bStep) {
    FloatVector zero = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = zero.blend(1f, x.compare(VectorOperators.GE, y));
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void less(int n, long out, long a, int aStep, long b, int bStep) {
    FloatVector zero = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = zero.blend(1f, x.compare(VectorOperators.LT, y));
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void lessEqual(int n, long out, long a, int aStep, long b, int bStep) {
    FloatVector zero = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = zero.blend(1f, x.compare(VectorOperators.LE, y));
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  private static void equal(int n, long out, long a, int aStep, long b, int bStep) {
    FloatVector zero = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a, ORDER);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector z = zero.blend(1f, x.compare(VectorOperators.EQ, y));
      z.intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
      b += bStep;
    }
  }

  /** An element at a time in double precision: what powers are rarely needed for does not pay. */
  private static void pow(int n, long out, long a, int aStep, long b, int bStep) {
    for (int i = 0; i < n; i += LANES) {
      for (long at = 0; at < 4L * LANES; at += 4) {
        float x = MEMORY.get(FLOAT, a + at);
        double z = ReferenceFunctions.power(x, MEMORY.get(FLOAT, b + at));
        MEMORY.set(FLOAT, out + 4L * i + at, (float) z);
      }
      a += aStep;
      b += bStep;
    }
  }
}
