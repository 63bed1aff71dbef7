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
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding. Heads are narrow (12 channels in the built-in models), so the lanes
 * run over a whole row of heads: each channel's partner, half a head away, is a load at a distance,
 * and cosines and signed sines come from a table that has a row of heads a position.
 */
final class Rope {
  /** Tables are cut off here: positions beyond, or negative ones, go to the reference. */
  private static final long MOST_BYTES = 1 << 26;

  private Rope() {}

  private record Key(double theta, int headDim, int heads) {}

  /**
   * {@code width} marks, 1 in the upper half of each head and 0 in the lower; then for each
   * position {@code width} cosines and {@code width} sines, negative in the lower half.
   */
  private record Table(int width, int positions, MemorySegment memory) {
    static Table of(Key key, int positions) {
      int half = key.headDim / 2;
      int width = key.headDim * key.heads;
      MemorySegment memory =
          Arena.ofAuto().allocate(4L * width * (2L * positions + 1), HostStorage.ALIGNMENT);
      for (int i = 0; i < half; i++) {
        double frequency = Math.pow(key.theta, -(double) i / half);
        for (int h = 0; h < key.heads; h++) {
          memory.setAtIndex(FLOAT, (long) h * key.headDim + i + half, 1f);
        }
        for (int p = 0; p < positions; p++) {
          float cos = (float) Math.cos(p * frequency);
          float sin = (float) Math.sin(p * frequency);
          for (int h = 0; h < key.heads; h++) {
            long low = (2L * p + 1) * width + h * key.headDim + i;
            memory.setAtIndex(FLOAT, low, cos);
            memory.setAtIndex(FLOAT, low + half, cos);
            memory.setAtIndex(FLOAT, low + width, -sin);
            memory.setAtIndex(FLOAT, low + width + half, sin);
          }
        }
      }
      return new Table(width, positions, memory);
    }
  }

  private static final ConcurrentHashMap<Key, Table> TABLES = new ConcurrentHashMap<>();

  /** False when the reference has to do it: far or negative positions, gaps between channels. */
  static boolean rope(Tensor x, Tensor positions, double theta, boolean inverse, Tensor out) {
    int rows = x.dim(0);
    int heads = x.dim(1);
    int headDim = x.dim(2);
    if (x.size() == 0) {
      return true;
    }
    long at = Simd.address(positions);
    long step = 4 * positions.stride(0);
    int last = last(rows, at, step);
    if (last < 0 || headDim > 1 && x.stride(2) != 1) {
      return false;
    }
    // heads side by side make one wide row; else each head is a row of its own
    boolean joined = heads == 1 || x.stride(1) == headDim;
    Key key = new Key(theta, headDim, joined ? heads : 1);
    Table table = table(key, last);
    if (table == null) {
      return false;
    }
    long from = Simd.address(x);
    long to = Simd.address(out);
    long tables = table.memory.address();
    int width = table.width;
    long rowStep = 4 * x.stride(0);
    long headStep = 4 * x.stride(1);
    int perRow = joined ? 1 : heads;
    new RowLoop(rows, width * perRow, RowLoop.CHEAP) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        for (int row = first; row < end; row++) {
          long angles = tables + 4L * width + 8L * width * MEMORY.get(INT, at + row * step);
          for (int h = 0; h < perRow; h++) {
            long in = from + row * rowStep + h * headStep;
            long y = to + 4L * ((long) row * perRow + h) * width;
            turn(width, headDim / 2, in, tables, angles, inverse ? -1f : 1f, y);
          }
        }
      }
    }.run();
    Reference.reachabilityFence(table);
    return true;
  }

  private static int last(int rows, long at, long step) {
    int last = 0;
    boolean negative = false;
    for (int row = 0; row < rows; row++) {
      int p = MEMORY.get(INT, at + row * step);
      last = Math.max(last, p);
      negative |= p < 0;
    }
    return negative ? -1 : last;
  }

  private static @Nullable Table table(Key key, int last) {
    Table table = TABLES.get(key);
    if (table != null && last < table.positions) {
      return table;
    }
    long bytes = 8L * key.headDim * key.heads;
    long most = MOST_BYTES / bytes;
    if (last >= most) {
      return null;
    }
    int positions = (int) Math.min(most, Math.max(64, Integer.highestOneBit(last) * 2L));
    if (TABLES.size() > 64) {
      TABLES.clear(); // somebody sweeps theta: keep none
    }
    return TABLES.compute(
        key, (k, old) -> old != null && last < old.positions ? old : Table.of(k, positions));
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
