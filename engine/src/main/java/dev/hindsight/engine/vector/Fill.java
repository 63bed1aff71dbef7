package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import jdk.incubator.vector.FloatVector;

/** One value everywhere. */
final class Fill {
  /** Floats of a chunk: 256 KiB, written in some ten microseconds. */
  private static final int GRAIN = 1 << 16;

  private Fill() {}

  /** Sets every element of a contiguous tensor. */
  static void contiguous(Tensor out, float value) {
    long size = out.size();
    long at = Simd.address(out);
    if (size <= 2 * GRAIN) {
      row((int) size, at, value);
      return;
    }
    Threads.run(
        Math.toIntExact((size + GRAIN - 1) / GRAIN),
        i -> {
          long from = (long) i * GRAIN;
          row((int) Math.min(GRAIN, size - from), at + 4 * from, value);
        });
  }

  /** Sets {@code rows} rows of {@code n} neighbours that lie {@code step} bytes apart. */
  static void rows(int rows, int n, long at, long step, float value) {
    for (int r = 0; r < rows; r++) {
      row(n, at + r * step, value);
    }
  }

  private static void row(int n, long at, float value) {
    FloatVector v = FloatVector.broadcast(F, value);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      v.intoMemorySegment(MEMORY, at + 4L * i, ORDER);
    }
    if (i < n) {
      v.intoMemorySegment(MEMORY, at + 4L * i, ORDER, F.indexInRange(i, n));
    }
  }
}
