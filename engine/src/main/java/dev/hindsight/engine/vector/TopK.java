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
import jdk.incubator.vector.VectorOperators;

/**
 * The k largest of each row: a sorted list that an element enters only when it beats the last one
 * there, which a vector comparison finds out for all lanes at once. NaN stands before any number.
 */
final class TopK {
  private final int n;
  private final float[] best;
  private final int[] where;
  private int filled;

  private TopK(int n, int k) {
    this.n = n;
    this.best = new float[k];
    this.where = new int[k];
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
        TopK list = new TopK(n, k);
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
