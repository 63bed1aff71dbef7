package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import jdk.incubator.vector.FloatVector;

/**
 * Sums over rows that chunks take apart: one row of sums a chunk, added in the order of the chunks
 * at the end. Chunks depend on the shape alone, so the bits do too.
 */
final class PartialSums {
  private long base;
  private int chunks;
  private int width;

  /** Makes room in the calling thread's scratch memory: {@code width} floats a chunk. */
  void reserve(int chunks, int width) {
    this.chunks = chunks;
    this.width = width;
    base = Scratch.ofThread().reserve(Scratch.Region.SUMS, 4L * chunks * width);
  }

  /** The sums of one chunk, set to zero. */
  long begin(int chunk) {
    long at = base + 4L * chunk * width;
    Fill.rows(1, width, at, 0, 0f);
    return at;
  }

  /** Writes the total of columns {@code from ..} to a vector. */
  void into(Tensor out, int from) {
    if (chunks == 0) {
      Fill.contiguous(out, 0f);
      return;
    }
    long total = base + 4L * from;
    int n = RowOperand.padded(out.dim(0));
    for (int chunk = 1; chunk < chunks; chunk++) {
      long part = total + 4L * chunk * width;
      for (int i = 0; i < n; i += LANES) {
        FloatVector.fromMemorySegment(F, MEMORY, total + 4L * i, ORDER)
            .add(FloatVector.fromMemorySegment(F, MEMORY, part + 4L * i, ORDER))
            .intoMemorySegment(MEMORY, total + 4L * i, ORDER);
      }
    }
    RowOperand.unstage(total, out.dim(0), Simd.address(out));
  }
}
