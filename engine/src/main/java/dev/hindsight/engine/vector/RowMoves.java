package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.INT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Whole rows by index: embeddings, selections of rows, writes to a key-value cache. */
final class RowMoves {
  /** Elements that make a chunk worth its hand-over: a copy runs at some 10 a nanosecond. */
  private static final int GRAIN = 1 << 15;

  /**
   * Columns of a chunk of {@link #scatterAddRows}, which keeps the order of rows for each element.
   */
  private static final int COLUMNS = 256;

  private RowMoves() {}

  /** Whether these loops take the operands: rows of neighbours, indices within the table. */
  static boolean covers(Tensor table, Tensor rows, Tensor ids) {
    return table.dtype() == DType.F32
        && rows.dtype() == DType.F32
        && (table.dim(1) == 1 || (table.stride(1) == 1 && rows.stride(1) == 1))
        && Indices.allBelow(ids, 0, table.dim(0));
  }

  /** See {@link dev.hindsight.engine.Backend#gatherRows}. */
  static void gatherRows(Tensor table, Tensor ids, Tensor out) {
    int width = table.dim(1);
    long from = Simd.address(table);
    long fromStep = 4 * table.stride(0);
    long index = Simd.address(ids);
    long indexStep = 4 * ids.stride(0);
    long to = Simd.address(out);
    long toStep = 4 * out.stride(0);
    new RowLoop(ids.dim(0), width, GRAIN) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        for (int n = first; n < end; n++) {
          long row = MEMORY.get(INT, index + n * indexStep);
          RowOperand.unstage(from + row * fromStep, width, to + n * toStep);
        }
      }
    }.run();
  }

  /** See {@link dev.hindsight.engine.Backend#scatterAddRows}. */
  static void scatterAddRows(Tensor rows, Tensor ids, Tensor out) {
    int count = rows.dim(0);
    int width = rows.dim(1);
    long from = Simd.address(rows);
    long fromStep = 4 * rows.stride(0);
    long index = Simd.address(ids);
    long indexStep = 4 * ids.stride(0);
    long to = Simd.address(out);
    long toStep = 4 * out.stride(0);
    Threads.run(
        (width + COLUMNS - 1) / COLUMNS,
        chunk -> {
          int first = chunk * COLUMNS;
          int columns = Math.min(COLUMNS, width - first);
          for (int n = 0; n < count; n++) {
            long row = MEMORY.get(INT, index + n * indexStep);
            add(columns, from + n * fromStep + 4L * first, to + row * toStep + 4L * first);
          }
        });
  }

  /** Adds {@code n} neighbours to others; whole vectors where the row allows it. */
  private static void add(int n, long from, long to) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      load(to + 4L * i).add(load(from + 4L * i)).intoMemorySegment(MEMORY, to + 4L * i, ORDER);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector.fromMemorySegment(F, MEMORY, to + 4L * i, ORDER, mask)
          .add(FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER, mask))
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER, mask);
    }
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, MEMORY, address, ORDER);
  }
}
