package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.INT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import dev.hindsight.engine.reference.ReferenceIndexing;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Gathers and scatters of F32 elements. */
final class Indexing {
  /** Columns of a chunk of {@link #scatterAddRows}: whole cache lines. */
  private static final int COLUMNS = 64;

  private Indexing() {}

  /** The reference words the complaint. */
  private static void requireWithin(String operation, Tensor ids, int extent, Tensor indexed) {
    if (!Indices.allWithin(ids, 0, extent)) {
      ReferenceIndexing.requireWithin(operation, ids, extent, indexed);
    }
  }

  static void gatherRows(Tensor table, Tensor ids, Tensor out) {
    requireWithin("gatherRows", ids, table.dim(0), table);
    int n = table.dim(1);
    long from = Simd.address(table);
    long step = 4 * table.stride(0);
    long index = Simd.address(ids);
    long indexStep = 4 * ids.stride(0);
    long to = Simd.address(out);
    new RowLoop(ids.dim(0), n, RowLoop.CHEAP) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        for (int row = first; row < end; row++) {
          long at = from + MEMORY.get(INT, index + row * indexStep) * step;
          RowOperand.unstage(at, n, to + 4L * n * row);
        }
      }
    }.run();
  }

  /**
   * In ascending order of rows for every element: threads share the columns, not the rows, which
   * may name one destination twice.
   */
  static void scatterAddRows(Tensor rows, Tensor ids, Tensor out) {
    requireWithin("scatterAddRows", ids, out.dim(0), out);
    int n = rows.dim(1);
    int count = ids.dim(0);
    long from = Simd.address(rows);
    long step = 4 * rows.stride(0);
    long index = Simd.address(ids);
    long indexStep = 4 * ids.stride(0);
    long to = Simd.address(out);
    long toStep = 4 * out.stride(0);
    long toColumn = n == 1 ? 4 : 4 * out.stride(1);
    boolean small = (long) n * count <= RowLoop.CHEAP;
    int width = small ? n : COLUMNS;
    Threads.run(
        (n + width - 1) / Math.max(1, width),
        chunk -> {
          int columns = Math.min(width, n - chunk * width);
          long first = (long) chunk * width;
          for (int row = 0; row < count; row++) {
            long x = from + row * step + 4 * first;
            long at = to + MEMORY.get(INT, index + row * indexStep) * toStep + first * toColumn;
            if (toColumn == 4) {
              add(columns, x, at);
            } else {
              add(columns, x, at, toColumn);
            }
          }
        });
  }

  private static void add(int n, long from, long to) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromMemorySegment(F, MEMORY, to + 4L * i, ORDER)
          .add(FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER))
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector.fromMemorySegment(F, MEMORY, to + 4L * i, ORDER, mask)
          .add(FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER, mask))
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER, mask);
    }
  }

  private static void add(int n, long from, long to, long toColumn) {
    for (int i = 0; i < n; i++) {
      MEMORY.set(FLOAT, to, MEMORY.get(FLOAT, to) + MEMORY.get(FLOAT, from + 4L * i));
      to += toColumn;
    }
  }

  static void gatherLast(Tensor x, Tensor index, Tensor out) {
    requireWithin("gatherLast", index, x.dim(-1), x);
    RowOperand ids = new RowOperand(index);
    RowOperand from = new RowOperand(x);
    RowOperand to = new RowOperand(out);
    int k = index.dim(-1);
    new RowLoop(RowOperand.count(index), k, RowLoop.COSTLY) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        for (int row = first; row < end; row++) {
          gather(k, from.at(row), from.step(), ids.at(row), ids.step(), to.at(row), to.step());
        }
      }
    }.run();
  }

  private static void gather(
      int k, long from, long fromStep, long ids, long idStep, long to, long toStep) {
    for (int i = 0; i < k; i++) {
      long at = from + MEMORY.get(INT, ids + i * idStep) * fromStep;
      MEMORY.set(FLOAT, to + i * toStep, MEMORY.get(FLOAT, at));
    }
  }

  static void scatterAddLast(Tensor x, Tensor index, Tensor out) {
    requireWithin("scatterAddLast", index, out.dim(-1), out);
    RowOperand ids = new RowOperand(index);
    RowOperand from = new RowOperand(x);
    RowOperand to = new RowOperand(out);
    int k = index.dim(-1);
    new RowLoop(RowOperand.count(index), k, RowLoop.COSTLY) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        for (int row = first; row < end; row++) {
          scatter(k, from.at(row), from.step(), ids.at(row), ids.step(), to.at(row), to.step());
        }
      }
    }.run();
  }

  private static void scatter(
      int k, long from, long fromStep, long ids, long idStep, long to, long toStep) {
    for (int i = 0; i < k; i++) {
      long at = to + MEMORY.get(INT, ids + i * idStep) * toStep;
      MEMORY.set(FLOAT, at, MEMORY.get(FLOAT, at) + MEMORY.get(FLOAT, from + i * fromStep));
    }
  }
}
