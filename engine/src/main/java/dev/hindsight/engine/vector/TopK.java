package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.INT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The k largest of each row, the lower index first among equals; NaN stands before any number.
 *
 * <p>Elements are dealt to 2k or more groups. The k-th largest of the groups' maxima is a bound
 * that k elements or more reach, but few more; these are ranked by counting who stands before each:
 * nothing that a processor would have to guess. A row with NaN, or with many elements at the bound,
 * goes through {@link #insertAll}, which says the same plainly and takes several times as long.
 */
final class TopK {
  private static final FloatVector ZERO = FloatVector.zero(F);
  private static final FloatVector LANE = FloatVector.zero(F).addIndex(1);

  private final int n;
  private final float[] best;
  private final int[] where;
  private int filled;

  /** Vectors of groups. */
  private final int groups;

  /** Indices of the elements that reach the bound; room for twice as many as there are groups. */
  private final int[] candidates;

  /** Groups' maxima, then candidates' values; and how many stand before each. */
  private final long values;

  private final long ranks;

  private TopK(int n, int k, Scratch scratch) {
    this.n = n;
    this.best = new float[k];
    this.where = new int[k];
    this.groups = (2 * k + LANES - 1) / LANES;
    this.candidates = new int[2 * groups * LANES];
    this.values = scratch.reserve(Scratch.Region.TILE, 8L * candidates.length);
    this.ranks = values + 4L * candidates.length;
  }

  static void topK(Tensor x, Tensor values, Tensor indices) {
    int n = x.dim(-1);
    int k = values.dim(-1);
    RowOperand from = new RowOperand(x);
    long toValues = Simd.address(values);
    long toIndices = Simd.address(indices);
    new RowLoop(RowOperand.count(x), n, RowLoop.COSTLY) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        long work = scratch.reserve(Scratch.Region.WORK, RowOperand.bytes(n));
        TopK list = new TopK(n, k, scratch);
        for (int row = first; row < end && k > 0; row++) {
          list.select(from.read(row, Float.NEGATIVE_INFINITY, work));
          for (int i = 0; i < k; i++) {
            MEMORY.set(FLOAT, toValues + 4L * ((long) row * k + i), list.best[i]);
            MEMORY.set(INT, toIndices + 4L * ((long) row * k + i), list.where[i]);
          }
        }
      }
    }.run();
  }

  private void select(long x) {
    float bound = bound(x);
    int count = Float.isNaN(bound) ? -1 : collect(x, bound);
    if (count < 0) {
      insertAll(x);
      return;
    }
    rank(count, true);
    for (int i = 0; i < count; i++) {
      int place = (int) MEMORY.get(FLOAT, ranks + 4L * i);
      if (place < best.length) {
        best[place] = MEMORY.get(FLOAT, values + 4L * i);
        where[place] = candidates[i];
      }
    }
  }

  /** A number that k elements or more reach; NaN when a row holds NaN. */
  private float bound(long x) {
    Fill.rows(1, groups * LANES, values, 0, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < n; ) {
      int vectors = Math.min(groups, (n - i + LANES - 1) / LANES);
      maxima(vectors * LANES, x + 4L * i, values);
      i += vectors * LANES;
    }
    rank(groups * LANES, false);
    return smallestBefore(groups * LANES, best.length, values, ranks);
  }

  private static void maxima(int n, long x, long to) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector.fromMemorySegment(F, MEMORY, to + 4L * i, ORDER)
          .max(FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER))
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER);
    }
  }

  /** The smallest value whose rank is below {@code k}; NaN when a value is. */
  private static float smallestBefore(int n, int k, long values, long ranks) {
    FloatVector smallest = FloatVector.broadcast(F, Float.POSITIVE_INFINITY);
    for (int i = 0; i < n; i += LANES) {
      FloatVector v = FloatVector.fromMemorySegment(F, MEMORY, values + 4L * i, ORDER);
      FloatVector r = FloatVector.fromMemorySegment(F, MEMORY, ranks + 4L * i, ORDER);
      // a comparison with NaN is false: its rank is 0
      smallest = smallest.min(v.blend(Float.POSITIVE_INFINITY, r.compare(VectorOperators.GE, k)));
    }
    return smallest.reduceLanes(VectorOperators.MIN);
  }

  /**
   * Ranks of {@code n} values: how many are larger, and with {@code stable} how many equal ones
   * stand before.
   */
  private void rank(int n, boolean stable) {
    for (int i = 0; i < n; i += LANES) {
      if (stable) {
        rankStable(n, i, values, ranks + 4L * i);
      } else {
        rank(n, values + 4L * i, values, ranks + 4L * i);
      }
    }
  }

  private static void rank(int n, long mine, long values, long to) {
    FloatVector v = FloatVector.fromMemorySegment(F, MEMORY, mine, ORDER);
    FloatVector rank = FloatVector.zero(F);
    for (int j = 0; j < n; j++) {
      FloatVector other = FloatVector.broadcast(F, MEMORY.get(FLOAT, values + 4L * j));
      rank = rank.add(ZERO.blend(1f, other.compare(VectorOperators.GT, v)));
    }
    rank.intoMemorySegment(MEMORY, to, ORDER);
  }

  private static void rankStable(int n, int first, long values, long to) {
    FloatVector v = FloatVector.fromMemorySegment(F, MEMORY, values + 4L * first, ORDER);
    FloatVector rank = FloatVector.zero(F);
    for (int j = 0; j < n; j++) {
      FloatVector other = FloatVector.broadcast(F, MEMORY.get(FLOAT, values + 4L * j));
      VectorMask<Float> equalBefore =
          other
              .compare(VectorOperators.EQ, v)
              .and(LANE.compare(VectorOperators.GT, (float) (j - first)));
      VectorMask<Float> before = other.compare(VectorOperators.GT, v).or(equalBefore);
      rank = rank.add(ZERO.blend(1f, before));
    }
    rank.intoMemorySegment(MEMORY, to, ORDER);
  }

  /** Puts the elements that reach the bound into {@link #values}; their number, or -1: too many. */
  private int collect(long x, float bound) {
    int count = 0;
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> reached =
          FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER)
              .compare(VectorOperators.GE, bound);
      long bits = reached.toLong();
      if (n - i < LANES) {
        bits &= (1L << (n - i)) - 1;
      }
      if (count + Long.bitCount(bits) > candidates.length) {
        return -1;
      }
      for (; bits != 0; bits &= bits - 1) {
        int index = i + Long.numberOfTrailingZeros(bits);
        candidates[count] = index;
        MEMORY.set(FLOAT, values + 4L * count, MEMORY.get(FLOAT, x + 4L * index));
        count++;
      }
    }
    return count;
  }

  /** A sorted list that an element enters when it beats the last one there. */
  private void insertAll(long x) {
    Arrays.fill(best, 0f);
    filled = 0;
    int i = 0;
    for (; i < n && filled < best.length; i++) {
      insert(MEMORY.get(FLOAT, x + 4L * i), i);
    }
    for (; i < n && i % LANES != 0; i++) {
      offer(MEMORY.get(FLOAT, x + 4L * i), i);
    }
    for (; i < n; i += LANES) {
      FloatVector v = FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER);
      // not (v <= last): larger, or a NaN on either side
      if (v.compare(VectorOperators.LE, best[best.length - 1]).allTrue()) {
        continue;
      }
      for (int j = i; j < Math.min(n, i + LANES); j++) {
        offer(MEMORY.get(FLOAT, x + 4L * j), j);
      }
    }
  }

  private static boolean ranksBefore(float v, float w) {
    return v > w || (Float.isNaN(v) && !Float.isNaN(w));
  }

  private void offer(float v, int index) {
    if (ranksBefore(v, best[best.length - 1])) {
      insert(v, index);
    }
  }

  private void insert(float v, int index) {
    int place = filled < best.length ? filled++ : best.length - 1;
    for (; place > 0 && ranksBefore(v, best[place - 1]); place--) {
      best[place] = best[place - 1];
      where[place] = where[place - 1];
    }
    best[place] = v;
    where[place] = index;
  }
}
