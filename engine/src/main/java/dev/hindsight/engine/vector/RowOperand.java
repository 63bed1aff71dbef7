package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The rows of a tensor along its last axis, by address. Kernels over rows see whole vectors only: a
 * row whose length is no multiple of the lanes, or whose elements have gaps, is copied to scratch
 * memory and padded.
 */
final class RowOperand {
  private final long base;
  private final int n;
  private final long inner;

  /**
   * Bytes from row to row, when the leading axes are one run of rows; else the axes, last first.
   */
  private final boolean uniform;

  private final long step;
  private final int[] extents;
  private final long[] strides;

  RowOperand(Tensor t) {
    base = Simd.address(t);
    n = t.dim(-1);
    inner = n == 1 ? 1 : t.stride(-1);
    int lead = t.rank() - 1;
    extents = new int[lead];
    strides = new long[lead];
    int axes = 0;
    for (int axis = lead - 1; axis >= 0; axis--) {
      if (t.dim(axis) == 1) {
        continue;
      }
      if (axes > 0 && t.stride(axis) == strides[axes - 1] * extents[axes - 1]) {
        extents[axes - 1] *= t.dim(axis);
      } else {
        extents[axes] = t.dim(axis);
        strides[axes++] = t.stride(axis);
      }
    }
    uniform = axes <= 1;
    step = axes == 0 ? 0 : 4 * strides[0];
  }

  /** The number of rows of a tensor along its last axis. */
  static int count(Tensor t) {
    long rows = 1;
    for (int axis = 0; axis < t.rank() - 1; axis++) {
      rows *= t.dim(axis);
    }
    return Math.toIntExact(rows);
  }

  /** {@code n} rounded up to whole vectors. */
  static int padded(int n) {
    return (n + LANES - 1) / LANES * LANES;
  }

  /** Bytes of scratch memory that a padded row takes. */
  static long bytes(int n) {
    return 4L * padded(n) + BYTES;
  }

  /** The address of a row's first element. */
  long at(int row) {
    if (uniform) {
      return base + row * step;
    }
    long offset = 0;
    int rest = row;
    for (int axis = 0; axis < extents.length && rest > 0; axis++) {
      offset += rest % extents[axis] * strides[axis];
      rest /= extents[axis];
    }
    return base + 4 * offset;
  }

  /** Bytes from element to element. */
  long step() {
    return 4 * inner;
  }

  /** Where the row lies side by side and padded: in place when it does so already. */
  long read(int row, float pad, long scratch) {
    long from = at(row);
    if (inner == 1) {
      return n % LANES == 0 ? from : stage(from, n, pad, scratch);
    }
    for (int i = 0; i < n; i++) {
      MEMORY.set(FLOAT, scratch + 4L * i, MEMORY.get(FLOAT, from + 4 * inner * i));
    }
    for (int i = n; i < padded(n); i++) {
      MEMORY.set(FLOAT, scratch + 4L * i, pad);
    }
    return scratch;
  }

  /** Where a kernel may write whole vectors: the row itself or scratch memory. */
  long target(int row, long scratch) {
    return inner == 1 && n % LANES == 0 ? at(row) : scratch;
  }

  /** Copies a row from {@link #target} to its place. */
  void write(int row, long target) {
    long to = at(row);
    if (to == target) {
      return;
    }
    if (inner != 1) {
      for (int i = 0; i < n; i++) {
        MEMORY.set(FLOAT, to + 4 * inner * i, MEMORY.get(FLOAT, target + 4L * i));
      }
      return;
    }
    unstage(target, n, to);
  }

  /** Copies {@code n} neighbours and fills their last vector up with {@code pad}. */
  static long stage(long from, int n, float pad, long to) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER)
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector.broadcast(F, pad)
          .blend(FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER, mask), mask)
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER);
    }
    return to;
  }

  /** Copies {@code n} neighbours. */
  static void unstage(long from, int n, long to) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER)
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER)
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER, mask);
    }
  }
}
