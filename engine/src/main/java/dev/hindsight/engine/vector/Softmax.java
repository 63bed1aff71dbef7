package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Softmax and log-softmax over the last axis, and their gradients. */
final class Softmax {
  private Softmax() {}

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, MEMORY, address, ORDER);
  }

  /** The largest of {@code n} elements, a multiple of the lanes; NaN when one is NaN. */
  static float largest(long x, int n) {
    FloatVector m = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < n; i += LANES) {
      m = m.max(FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER));
    }
    return m.reduceLanes(VectorOperators.MAX);
  }

  /**
   * As {@link #largest} where no element is NaN, else anything that is not above the others: then
   * the exponential of the NaN spoils the row by itself. Two vectors at a time, without what a
   * maximum that heeds NaN takes.
   */
  private static FloatVector shift(long x, int n) {
    FloatVector m0 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector m1 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < n; i += 2 * LANES) {
      FloatVector v0 = load(x + 4L * i);
      FloatVector v1 = load(x + 4L * Math.min(i + LANES, n - LANES));
      m0 = m0.blend(v0, v0.compare(VectorOperators.GT, m0));
      m1 = m1.blend(v1, v1.compare(VectorOperators.GT, m1));
    }
    return FloatVector.broadcast(F, m0.max(m1).reduceLanes(VectorOperators.MAX));
  }

  /** The sum of {@code exp(x - shift)}, in every lane. */
  static FloatVector sumOfExponentials(long x, int n, float shift) {
    FloatVector shifts = FloatVector.broadcast(F, shift);
    FloatVector sum = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      FloatVector v = FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER);
      sum = sum.add(VectorMath.expOfNegative(v.sub(shifts)));
    }
    return Lanes.sum(sum);
  }

  /** The log of the sum of exponentials of a padded row. */
  static float logSumExp(long x, int n) {
    float largest = largest(x, n);
    if (Float.isInfinite(largest)) {
      return largest;
    }
    return (float) (largest + Math.log(sumOfExponentials(x, n, largest).lane(0)));
  }

  static void softmax(Tensor x, Tensor out) {
    int n = x.dim(-1);
    RowOperand from = new RowOperand(x);
    RowOperand to = new RowOperand(out);
    new RowLoop(RowOperand.count(x), n, RowLoop.COSTLY) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        long work = scratch.reserve(Scratch.Region.WORK, RowOperand.bytes(n));
        for (int row = first; row < end; row++) {
          long in = from.read(row, Float.NEGATIVE_INFINITY, work);
          long target = to.target(row, work);
          softmaxRow(RowOperand.padded(n), in, target);
          to.write(row, target);
        }
      }
    }.run();
  }

  private static void softmaxRow(int n, long x, long y) {
    FloatVector largest = shift(x, n);
    FloatVector sum = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      FloatVector v = FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER);
      FloatVector e = VectorMath.expOfNegative(v.sub(largest));
      sum = sum.add(e);
      e.intoMemorySegment(MEMORY, y + 4L * i, ORDER);
    }
    FloatVector scale = FloatVector.broadcast(F, 1f).div(Lanes.sum(sum));
    for (int i = 0; i < n; i += LANES) {
      load(y + 4L * i).mul(scale).intoMemorySegment(MEMORY, y + 4L * i, ORDER);
    }
  }

  static void logSoftmax(Tensor x, Tensor out) {
    int n = x.dim(-1);
    RowOperand from = new RowOperand(x);
    RowOperand to = new RowOperand(out);
    new RowLoop(RowOperand.count(x), n, RowLoop.COSTLY) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        long work = scratch.reserve(Scratch.Region.WORK, RowOperand.bytes(n));
        for (int row = first; row < end; row++) {
          long in = from.read(row, Float.NEGATIVE_INFINITY, work);
          long target = to.target(row, work);
          logSoftmaxRow(RowOperand.padded(n), in, target);
          to.write(row, target);
        }
      }
    }.run();
  }

  private static void logSoftmaxRow(int n, long x, long y) {
    float largest = largest(x, n);
    float logSum = (float) Math.log(sumOfExponentials(x, n, largest).lane(0));
    for (int i = 0; i < n; i += LANES) {
      load(x + 4L * i).sub(largest).sub(logSum).intoMemorySegment(MEMORY, y + 4L * i, ORDER);
    }
  }

  static void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    backward(y, dy, dx, false);
  }

  static void logSoftmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    backward(y, dy, dx, true);
  }

  private static void backward(Tensor y, Tensor dy, Tensor dx, boolean log) {
    int n = y.dim(-1);
    RowOperand ys = new RowOperand(y);
    RowOperand dys = new RowOperand(dy);
    RowOperand dxs = new RowOperand(dx);
    new RowLoop(RowOperand.count(y), n, log ? RowLoop.COSTLY : RowLoop.CHEAP) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        long bytes = RowOperand.bytes(n);
        long work = scratch.reserve(Scratch.Region.WORK, 2 * bytes);
        int padded = RowOperand.padded(n);
        for (int row = first; row < end; row++) {
          long yRow = ys.read(row, 0, work);
          long dyRow = dys.read(row, 0, work + bytes);
          long target = dxs.target(row, work);
          if (log) {
            logSoftmaxBackwardRow(padded, yRow, dyRow, target);
          } else {
            softmaxBackwardRow(padded, yRow, dyRow, target);
          }
          dxs.write(row, target);
        }
      }
    }.run();
  }

  private static void softmaxBackwardRow(int n, long y, long dy, long dx) {
    FloatVector dot = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      dot = load(y + 4L * i).fma(load(dy + 4L * i), dot);
    }
    dot = Lanes.sum(dot);
    for (int i = 0; i < n; i += LANES) {
      load(dy + 4L * i)
          .sub(dot)
          .mul(load(y + 4L * i))
          .intoMemorySegment(MEMORY, dx + 4L * i, ORDER);
    }
  }

  private static void logSoftmaxBackwardRow(int n, long y, long dy, long dx) {
    FloatVector sum = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      sum = sum.add(load(dy + 4L * i));
    }
    sum = Lanes.sum(sum).neg();
    for (int i = 0; i < n; i += LANES) {
      FloatVector d = load(dy + 4L * i);
      VectorMath.expOfNegative(load(y + 4L * i))
          .fma(sum, d)
          .intoMemorySegment(MEMORY, dx + 4L * i, ORDER);
    }
  }
}
