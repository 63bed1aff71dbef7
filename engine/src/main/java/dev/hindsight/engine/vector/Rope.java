package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.INT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.concurrent.ConcurrentHashMap;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Rotary position embedding. Heads are narrow (12 channels in the built-in models), so the lanes
 * run over a whole row of heads: each channel's partner, half a head away, is a load at a distance,
 * and cosines and signed sines come from a table that has a row of heads a position.
 */
final class Rope {
  /** Tables are cut off here; a row further on, or at a negative position, makes its own angles. */
  private static final long MOST_BYTES = 1 << 26;

  private Rope() {}

  private record Key(double theta, int headDim, int heads) {
    int width() {
      return headDim * heads;
    }
  }

  /**
   * {@code width} marks, 1 in the upper half of each head and 0 in the lower; then for each
   * position {@code width} cosines and {@code width} sines, negative in the lower half.
   */
  private record Table(Key key, double[] frequencies, int positions, MemorySegment memory) {
    static Table of(Key key, int positions) {
      int half = key.headDim / 2;
      int width = key.width();
      double[] frequencies = new double[half];
      MemorySegment memory =
          Arena.ofAuto().allocate(4L * width * (2L * positions + 1), HostStorage.ALIGNMENT);
      for (int i = 0; i < half; i++) {
        frequencies[i] = Math.pow(key.theta, -(double) i / half);
        for (int h = 0; h < key.heads; h++) {
          memory.setAtIndex(FLOAT, (long) h * key.headDim + i + half, 1f);
        }
      }
      Table table = new Table(key, frequencies, positions, memory);
      for (int p = 0; p < positions; p++) {
        table.turns(p, table.row(p));
      }
      return table;
    }

    long marks() {
      return memory.address();
    }

    private long row(int position) {
      return memory.address() + 4L * key.width() * (2L * position + 1);
    }

    /**
     * The address of the cosines and sines of a position: the bits are the same in the table and
     * beyond it, so that they depend on no other row.
     */
    long angles(int position, Scratch scratch) {
      if (position >= 0 && position < positions) {
        return row(position);
      }
      long at = scratch.reserve(Scratch.Region.WORK, 8L * key.width());
      turns(position, at);
      return at;
    }

    private void turns(int position, long at) {
      long sines = at + 4L * key.width();
      long upper = 4L * frequencies.length;
      for (int i = 0; i < frequencies.length; i++) {
        float cos = (float) Math.cos(position * frequencies[i]);
        float sin = (float) Math.sin(position * frequencies[i]);
        for (int h = 0; h < key.heads; h++) {
          long low = 4L * (h * (long) key.headDim + i);
          MEMORY.set(FLOAT, at + low, cos);
          MEMORY.set(FLOAT, at + low + upper, cos);
          MEMORY.set(FLOAT, sines + low, -sin);
          MEMORY.set(FLOAT, sines + low + upper, sin);
        }
      }
    }
  }

  private static final ConcurrentHashMap<Key, Table> TABLES = new ConcurrentHashMap<>();

  /** False when the reference has to do it: gaps between channels. */
  static boolean rope(Tensor x, Tensor positions, double theta, boolean inverse, Tensor out) {
    int rows = x.dim(0);
    int heads = x.dim(1);
    int headDim = x.dim(2);
    if (x.size() == 0) {
      return true;
    }
    if (headDim > 1 && x.stride(2) != 1) {
      return false;
    }
    long at = Simd.address(positions);
    long step = 4 * positions.stride(0);
    // heads side by side make one wide row; else each head is a row of its own
    boolean joined = heads == 1 || x.stride(1) == headDim;
    Key key = new Key(theta, headDim, joined ? heads : 1);
    Table table = table(key, rows, at, step);
    long from = Simd.address(x);
    long to = Simd.address(out);
    long marks = table.marks();
    int width = key.width();
    long rowStep = 4 * x.stride(0);
    long headStep = 4 * x.stride(1);
    int perRow = joined ? 1 : heads;
    new RowLoop(rows, width * perRow, RowLoop.CHEAP) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        for (int row = first; row < end; row++) {
          long angles = table.angles(MEMORY.get(INT, at + row * step), scratch);
          for (int h = 0; h < perRow; h++) {
            long in = from + row * rowStep + h * headStep;
            long y = to + 4L * ((long) row * perRow + h) * width;
            turn(width, headDim / 2, in, marks, angles, inverse ? -1f : 1f, y);
          }
        }
      }
    }.run();
    Reference.reachabilityFence(table);
    return true;
  }

  /** A table that holds all positions of these rows but those that no table holds. */
  private static Table table(Key key, int rows, long at, long step) {
    int most = (int) Math.min(Integer.MAX_VALUE, Math.max(1, MOST_BYTES / (8L * key.width())));
    int last = last(rows, at, step, most);
    Table table = TABLES.get(key);
    if (table != null && last < table.positions) {
      return table;
    }
    int positions = (int) Math.min(most, Math.max(64, Integer.highestOneBit(last) * 2L));
    if (TABLES.size() > 64) {
      TABLES.clear(); // somebody sweeps theta: keep none
    }
    return TABLES.compute(
        key, (k, old) -> old != null && last < old.positions ? old : Table.of(k, positions));
  }

  /** The largest position below {@code most}, or 0. */
  private static int last(int rows, long at, long step, int most) {
    int last = 0;
    for (int row = 0; row < rows; row++) {
      int p = MEMORY.get(INT, at + row * step);
      last = p < most ? Math.max(last, p) : last;
    }
    return last;
  }

  /** {@code y = x cos + partner(x) sin} for {@code n} channels of heads with two halves each. */
  private static void turn(int n, int half, long x, long marks, long angles, float sign, long y) {
    long sines = angles + 4L * n;
    long distance = 4L * half;
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      long at = 4L * i;
      VectorMask<Float> high =
          FloatVector.fromMemorySegment(F, MEMORY, marks + at, ORDER)
              .compare(VectorOperators.GT, 0f);
      // masked, because a neighbour's memory begins half a head before and behind
      FloatVector below = FloatVector.fromMemorySegment(F, MEMORY, x + at - distance, ORDER, high);
      FloatVector partner =
          FloatVector.fromMemorySegment(F, MEMORY, x + at + distance, ORDER, high.not())
              .blend(below, high);
      FloatVector sin = FloatVector.fromMemorySegment(F, MEMORY, sines + at, ORDER).mul(sign);
      FloatVector cos = FloatVector.fromMemorySegment(F, MEMORY, angles + at, ORDER);
      FloatVector.fromMemorySegment(F, MEMORY, x + at, ORDER)
          .fma(cos, partner.mul(sin))
          .intoMemorySegment(MEMORY, y + at, ORDER);
    }
    if (i < n) {
      turnRest(i, n, distance, x, marks, angles, sign, y);
    }
  }

  private static void turnRest(
      int from, int n, long distance, long x, long marks, long angles, float sign, long y) {
    long at = 4L * from;
    VectorMask<Float> in = F.indexInRange(from, n);
    VectorMask<Float> high =
        FloatVector.fromMemorySegment(F, MEMORY, marks + at, ORDER, in)
            .compare(VectorOperators.GT, 0f);
    FloatVector below = FloatVector.fromMemorySegment(F, MEMORY, x + at - distance, ORDER, high);
    FloatVector partner =
        FloatVector.fromMemorySegment(F, MEMORY, x + at + distance, ORDER, in.andNot(high))
            .blend(below, high);
    FloatVector sin =
        FloatVector.fromMemorySegment(F, MEMORY, angles + 4L * n + at, ORDER, in).mul(sign);
    FloatVector cos = FloatVector.fromMemorySegment(F, MEMORY, angles + at, ORDER, in);
    FloatVector.fromMemorySegment(F, MEMORY, x + at, ORDER, in)
        .fma(cos, partner.mul(sin))
        .intoMemorySegment(MEMORY, y + at, ORDER, in);
  }
}
