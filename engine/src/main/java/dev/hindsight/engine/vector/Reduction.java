package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.INT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Reductions over the last axes (rows), over the first (columns) and over everything; others go to
 * the reference. The order of a sum depends on the shape alone.
 */
final class Reduction {
  /** Elements of a partial sum when everything is one row. */
  private static final int PART = 1 << 13;

  /** Partial sums of columns are at most so many: they take the memory of so many rows. */
  private static final int COLUMN_PARTS = 64;

  private Reduction() {}

  /** False when the reference has to do it. */
  static boolean reduce(ReduceOp op, Tensor x, Tensor out) {
    if (op == ReduceOp.PROD || x.size() == 0) {
      return false;
    }
    // A trailing run of reduced axes, the rest kept; or a leading one.
    int rank = x.rank();
    int last = rank;
    while (last > 0 && reduces(x, out, last - 1)) {
      last--;
    }
    int first = 0;
    while (first < rank && reduces(x, out, first)) {
      first++;
    }
    if (first >= last) {
      return x.isContiguous() && reduceRows(op, x, Math.toIntExact(x.size()), out);
    }
    if (last < rank && keepsAll(x, out, 0, last)) {
      if (last == rank - 1) {
        rows(op, x, out);
        return true;
      }
      int n = 1;
      for (int axis = last; axis < rank; axis++) {
        n *= x.dim(axis);
      }
      return x.isContiguous() && reduceRows(op, x, n, out);
    }
    boolean sums = op == ReduceOp.SUM || op == ReduceOp.MEAN;
    if (sums && first > 0 && keepsAll(x, out, first, rank) && x.isContiguous()) {
      long size = x.size();
      long columns = 1;
      for (int axis = first; axis < rank; axis++) {
        columns *= x.dim(axis);
      }
      long rows = size / columns;
      columns(x, (int) rows, Math.toIntExact(columns), op == ReduceOp.MEAN, out);
      return true;
    }
    return false;
  }

  private static boolean reduces(Tensor x, Tensor out, int axis) {
    return out.dim(axis) == 1;
  }

  private static boolean keepsAll(Tensor x, Tensor out, int from, int to) {
    for (int axis = from; axis < to; axis++) {
      if (out.dim(axis) != x.dim(axis)) {
        return false;
      }
    }
    return true;
  }

  /** A contiguous tensor seen as rows of {@code n}. */
  private static boolean reduceRows(ReduceOp op, Tensor x, int n, Tensor out) {
    int rows = Math.toIntExact(x.size() / n);
    rows(op, x.reshape(dev.hindsight.engine.Shape.of(rows, n)), out);
    return true;
  }

  private static void rows(ReduceOp op, Tensor x, Tensor out) {
    int n = x.dim(-1);
    RowOperand from = new RowOperand(x);
    long to = Simd.address(out);
    float pad =
        switch (op) {
          case SUM, MEAN, PROD -> 0f;
          case MAX, ARGMAX, LOGSUMEXP -> Float.NEGATIVE_INFINITY;
          case MIN -> Float.POSITIVE_INFINITY;
        };
    new RowLoop(RowOperand.count(x), n, op == ReduceOp.LOGSUMEXP ? RowLoop.COSTLY : RowLoop.CHEAP) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        long work = scratch.reserve(Scratch.Region.WORK, RowOperand.bytes(n));
        int padded = RowOperand.padded(n);
        for (int row = first; row < end; row++) {
          long at = from.read(row, pad, work);
          if (op == ReduceOp.ARGMAX) {
            MEMORY.set(INT, to + 4L * row, indexOfLargest(at, n));
            continue;
          }
          float y =
              switch (op) {
                case SUM -> (float) sum(at, padded);
                case MEAN -> (float) (sum(at, padded) / n);
                case MAX -> Softmax.largest(at, padded);
                case MIN -> smallest(at, padded);
                case LOGSUMEXP -> Softmax.logSumExp(at, padded);
                case ARGMAX, PROD -> throw new AssertionError(op);
              };
          MEMORY.set(FLOAT, to + 4L * row, y);
        }
      }
    }.run();
  }

  /** In parts of fixed size, so that the error grows with the parts and not with n. */
  private static double sum(long x, int n) {
    double total = 0;
    for (int from = 0; from < n; from += PART) {
      total += partialSum(x + 4L * from, Math.min(PART, n - from));
    }
    return total;
  }

  private static float partialSum(long x, int n) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    int i = 0;
    for (; i <= n - 4 * LANES; i += 4 * LANES) {
      long at = x + 4L * i;
      a = a.add(FloatVector.fromMemorySegment(F, MEMORY, at, ORDER));
      b = b.add(FloatVector.fromMemorySegment(F, MEMORY, at + 4L * LANES, ORDER));
      c = c.add(FloatVector.fromMemorySegment(F, MEMORY, at + 8L * LANES, ORDER));
      d = d.add(FloatVector.fromMemorySegment(F, MEMORY, at + 12L * LANES, ORDER));
    }
    for (; i < n; i += LANES) {
      a = a.add(FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER));
    }
    return Lanes.sum(a.add(b).add(c.add(d))).lane(0);
  }

  private static float smallest(long x, int n) {
    FloatVector m = FloatVector.broadcast(F, Float.POSITIVE_INFINITY);
    for (int i = 0; i < n; i += LANES) {
      m = m.min(FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER));
    }
    return m.reduceLanes(VectorOperators.MIN);
  }

  /** The first of equals; the first NaN before any number. */
  private static int indexOfLargest(long x, int n) {
    float largest = Softmax.largest(x, RowOperand.padded(n));
    for (int i = 0; i < n; i++) {
      float v = MEMORY.get(FLOAT, x + 4L * i);
      if (v == largest || Float.isNaN(v)) {
        return i;
      }
    }
    throw new AssertionError("the largest of " + n + " elements is none of them");
  }

  /** Sums over rows: chunks of rows of fixed size, then the chunks in order. */
  private static void columns(Tensor x, int rows, int n, boolean mean, Tensor out) {
    long base = Simd.address(x);
    int padded = RowOperand.padded(n);
    PartialSums sums = new PartialSums();
    long least = (rows + COLUMN_PARTS - 1L) / COLUMN_PARTS * n;
    int grain = (int) Math.min(Integer.MAX_VALUE, Math.max(RowLoop.CHEAP, least));
    RowLoop loop =
        new RowLoop(rows, n, grain) {
          @Override
          void rows(int chunk, int from, int to, Scratch scratch) {
            long sum = sums.begin(chunk);
            for (int row = from; row < to; row++) {
              addRow(n, base + 4L * row * n, sum);
            }
          }
        };
    sums.reserve(loop.chunks(), padded);
    loop.run();
    sums.into(out.reshape(dev.hindsight.engine.Shape.of(n)), 0);
    if (mean) {
      MapLoops.affine(out, 1.0 / rows, 0, out);
    }
  }

  private static void addRow(int n, long x, long sum) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromMemorySegment(F, MEMORY, sum + 4L * i, ORDER)
          .add(FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER))
          .intoMemorySegment(MEMORY, sum + 4L * i, ORDER);
    }
    if (i < n) {
      FloatVector.fromMemorySegment(F, MEMORY, sum + 4L * i, ORDER)
          .add(FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER, F.indexInRange(i, n)))
          .intoMemorySegment(MEMORY, sum + 4L * i, ORDER);
    }
  }
}
