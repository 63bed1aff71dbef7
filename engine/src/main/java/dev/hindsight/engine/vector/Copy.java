package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import jdk.incubator.vector.FloatVector;

/** Copies of four-byte elements, bit for bit. */
final class Copy {
  private Copy() {}

  /** False when the reference has to do it: gaps between the elements of the destination. */
  static boolean copy(Tensor x, Tensor out) {
    if (out.isContiguous()) {
      new ElementLoop(ElementLoop.CHEAP, out, out, x) {
        @Override
        void row(int n, long y, long y2, long a, int aStep, long b, int bStep, long c, int cStep) {
          move(n, y, a, aStep);
        }
      }.run();
      return true;
    }
    int n = out.dim(-1);
    if (n > 1 && (out.stride(-1) != 1 || x.stride(-1) != 1)) {
      return false;
    }
    RowOperand from = new RowOperand(x);
    RowOperand to = new RowOperand(out);
    new RowLoop(RowOperand.count(out), n, RowLoop.CHEAP) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        for (int row = first; row < end; row++) {
          RowOperand.unstage(from.at(row), n, to.at(row));
        }
      }
    }.run();
    return true;
  }

  private static void move(int n, long out, long a, int aStep) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector.fromMemorySegment(F, MEMORY, a, ORDER)
          .intoMemorySegment(MEMORY, out + 4L * i, ORDER);
      a += aStep;
    }
  }
}
