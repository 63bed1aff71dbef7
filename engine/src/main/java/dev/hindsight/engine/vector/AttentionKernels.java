package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * The loops of {@link Attention}. Scratch rows are padded to whole vectors, so loops run over whole
 * vectors; what the padding holds is never read as a result. Every output is one chain of fused
 * multiply-adds in ascending order, and a loop over four rows does for each what the loop over one
 * does, so how many rows go together does not show in the bits.
 */
final class AttentionKernels {
  private static final FloatVector ZERO = FloatVector.zero(F);

  // lane i + n / 2 to lane i, for n = 16, 8, 4
  private static final VectorShuffle<Float> FROM_8 = VectorShuffle.fromOp(F, i -> (i + 8) % LANES);
  private static final VectorShuffle<Float> FROM_4 = VectorShuffle.fromOp(F, i -> (i + 4) % LANES);
  private static final VectorShuffle<Float> FROM_2 = VectorShuffle.fromOp(F, i -> (i + 2) % LANES);

  private AttentionKernels() {}

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, MEMORY, address, ORDER);
  }

  private static void store(FloatVector v, long address) {
    v.intoMemorySegment(MEMORY, address, ORDER);
  }

  private static float get(long address) {
    return MEMORY.get(FLOAT, address);
  }

  /**
   * The sum of all lanes as a tree. {@code reduceLanes} leaves the order open: interpreted and
   * compiled code may differ in the last bit.
   */
  private static float sum(FloatVector v) {
    if (LANES >= 16) {
      v = v.add(v.rearrange(FROM_8));
    }
    if (LANES >= 8) {
      v = v.add(v.rearrange(FROM_4));
    }
    v = v.add(v.rearrange(FROM_2));
    return v.lane(0) + v.lane(1);
  }

  /** Zeros; {@code bytes} is a multiple of a vector. */
  static void clear(long at, long bytes) {
    for (long end = at + bytes; at < end; at += BYTES) {
      store(ZERO, at);
    }
  }

  /** {@code to[c][j] = from[j][c]}, rows of {@code to} padded with zeros. */
  static void transpose(long from, long rowStep, int rows, int width, long to, long toStep) {
    for (int c = 0; c < width; c++) {
      long a = from + 4L * c;
      long b = to + c * toStep;
      store(ZERO, b + toStep - BYTES);
      for (int j = 0; j < rows; j++) {
        MEMORY.set(FLOAT, b + 4L * j, get(a + j * rowStep));
      }
    }
  }

  /** Copies rows of {@code width} floats to rows padded with zeros. */
  static void pad(long from, long rowStep, int rows, int width, long to, long toStep) {
    int whole = width / LANES * LANES;
    VectorMask<Float> rest = F.indexInRange(whole, width);
    for (int j = 0; j < rows; j++) {
      long a = from + j * rowStep;
      long b = to + j * toStep;
      for (int c = 0; c < whole; c += LANES) {
        store(load(a + 4L * c), b + 4L * c);
      }
      if (whole < width) {
        store(
            FloatVector.fromMemorySegment(F, MEMORY, a + 4L * whole, ORDER, rest), b + 4L * whole);
      }
    }
  }

  /** Copies {@code width} floats of a padded row to their place. */
  static void store(long from, int width, long to) {
    int whole = width / LANES * LANES;
    for (int c = 0; c < whole; c += LANES) {
      store(load(from + 4L * c), to + 4L * c);
    }
    if (whole < width) {
      load(from + 4L * whole)
          .intoMemorySegment(MEMORY, to + 4L * whole, ORDER, F.indexInRange(whole, width));
    }
  }

  /** Adds {@code width} floats of a padded row to their place. */
  static void add(long from, int width, long to) {
    for (int c = 0; c < width; c++) {
      MEMORY.set(FLOAT, to + 4L * c, get(to + 4L * c) + get(from + 4L * c));
    }
  }

  /** The dot product of a padded row and another of {@code width} floats. */
  static float dot(long padded, long other, int width) {
    FloatVector sum = ZERO;
    int whole = width / LANES * LANES;
    for (int c = 0; c < whole; c += LANES) {
      sum = load(padded + 4L * c).fma(load(other + 4L * c), sum);
    }
    if (whole < width) {
      VectorMask<Float> rest = F.indexInRange(whole, width);
      FloatVector last = FloatVector.fromMemorySegment(F, MEMORY, other + 4L * whole, ORDER, rest);
      sum = load(padded + 4L * whole).fma(last, sum);
    }
    return sum(sum);
  }

  /**
   * {@code out[t][j] = sum over c of row[t][c] matrix[c][j]} for up to four rows and at least
   * {@code n} columns.
   */
  static void dots(
      int rows, int width, int n, long row, long rowStep, long matrix, long matrixStep, long out) {
    if (rows == 4) {
      dotsOfFour(width, n, row, rowStep, matrix, matrixStep, out);
    } else {
      for (int t = 0; t < rows; t++) {
        dotsOfOne(width, n, row + t * rowStep, matrix, matrixStep, out + t * matrixStep);
      }
    }
  }

  private static void dotsOfFour(
      int width, int n, long row, long rowStep, long matrix, long matrixStep, long out) {
    for (int j = 0; j < n; j += LANES) {
      FloatVector s0 = ZERO;
      FloatVector s1 = ZERO;
      FloatVector s2 = ZERO;
      FloatVector s3 = ZERO;
      long a = row;
      long b = matrix + 4L * j;
      for (int c = 0; c < width; c++) {
        FloatVector m = load(b);
        s0 = m.fma(FloatVector.broadcast(F, get(a)), s0);
        s1 = m.fma(FloatVector.broadcast(F, get(a + rowStep)), s1);
        s2 = m.fma(FloatVector.broadcast(F, get(a + 2 * rowStep)), s2);
        s3 = m.fma(FloatVector.broadcast(F, get(a + 3 * rowStep)), s3);
        a += 4;
        b += matrixStep;
      }
      long to = out + 4L * j;
      store(s0, to);
      store(s1, to + matrixStep);
      store(s2, to + 2 * matrixStep);
      store(s3, to + 3 * matrixStep);
    }
  }

  private static void dotsOfOne(
      int width, int n, long row, long matrix, long matrixStep, long out) {
    for (int j = 0; j < n; j += LANES) {
      FloatVector s = ZERO;
      long b = matrix + 4L * j;
      for (int c = 0; c < width; c++) {
        s = load(b).fma(FloatVector.broadcast(F, get(row + 4L * c)), s);
        b += matrixStep;
      }
      store(s, out + 4L * j);
    }
  }

  /**
   * Replaces {@code n} scores by the softmax of {@code scale} times them; 0 behind them.
   *
   * @return the log of the sum of the exponentials
   */
  static float softmax(long scores, int n, float scale) {
    FloatVector largest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector factor = FloatVector.broadcast(F, scale);
    for (int j = 0; j < n; j += LANES) {
      FloatVector x = load(scores + 4L * j).mul(factor);
      if (j + LANES > n) {
        x = x.blend(Float.NEGATIVE_INFINITY, F.indexInRange(j, n).not());
      }
      store(x, scores + 4L * j);
      largest = largest.max(x);
    }
    float max = largest.reduceLanes(VectorOperators.MAX);
    if (n == 0) {
      return max;
    }
    FloatVector shift = FloatVector.broadcast(F, max);
    FloatVector sums = ZERO;
    for (int j = 0; j < n; j += LANES) {
      FloatVector e = VectorMath.expOfNegative(load(scores + 4L * j).sub(shift));
      store(e, scores + 4L * j);
      sums = sums.add(e);
    }
    float sum = sum(sums);
    FloatVector inverse = FloatVector.broadcast(F, 1 / sum);
    for (int j = 0; j < n; j += LANES) {
      store(load(scores + 4L * j).mul(inverse), scores + 4L * j);
    }
    return (float) (max + Math.log(sum));
  }

  /**
   * Replaces {@code n} raw scores by the softmax weights p and {@code dWeights} by {@code scale p
   * (dWeights - dot)}; 0 behind them.
   */
  static void softmaxBackward(
      long scores, long dWeights, int n, float scale, float lse, float dot) {
    FloatVector factor = FloatVector.broadcast(F, scale);
    FloatVector shift = FloatVector.broadcast(F, -lse);
    FloatVector mean = FloatVector.broadcast(F, dot);
    for (int j = 0; j < n; j += LANES) {
      FloatVector x = load(scores + 4L * j).mul(factor).add(shift);
      if (j + LANES > n) {
        x = x.blend(Float.NEGATIVE_INFINITY, F.indexInRange(j, n).not());
      }
      FloatVector p = VectorMath.expOfNegative(x);
      FloatVector d = load(dWeights + 4L * j).sub(mean).mul(p).mul(factor);
      if (j + LANES > n) {
        d = d.blend(0f, F.indexInRange(j, n).not());
      }
      store(p, scores + 4L * j);
      store(d, dWeights + 4L * j);
    }
  }

  /**
   * {@code out[t] = sum over j of weight[t][j] table[j]}: the first row sums {@code common} rows of
   * the table, the last {@code last}, those between as many as lie between.
   */
  static void combine(
      int rows,
      int width,
      int common,
      int last,
      long weights,
      long weightStep,
      long table,
      long tableStep,
      long out) {
    for (int c = 0; c < width; c += LANES) {
      if (rows == 4) {
        combineFour(common, weights, weightStep, table + 4L * c, tableStep, out + 4L * c);
      }
      int more = common == last ? 0 : 1;
      for (int t = 0; t < rows; t++) {
        long to = out + t * tableStep + 4L * c;
        int from = rows == 4 ? common : 0;
        combineOne(
            from,
            common + more * t,
            weights + t * weightStep,
            table + 4L * c,
            tableStep,
            from == 0 ? ZERO : load(to),
            to);
      }
    }
  }

  private static void combineFour(
      int n, long weights, long weightStep, long table, long tableStep, long out) {
    FloatVector s0 = ZERO;
    FloatVector s1 = ZERO;
    FloatVector s2 = ZERO;
    FloatVector s3 = ZERO;
    long w = weights;
    long b = table;
    for (int j = 0; j < n; j++) {
      FloatVector m = load(b);
      s0 = m.fma(FloatVector.broadcast(F, get(w)), s0);
      s1 = m.fma(FloatVector.broadcast(F, get(w + weightStep)), s1);
      s2 = m.fma(FloatVector.broadcast(F, get(w + 2 * weightStep)), s2);
      s3 = m.fma(FloatVector.broadcast(F, get(w + 3 * weightStep)), s3);
      w += 4;
      b += tableStep;
    }
    store(s0, out);
    store(s1, out + tableStep);
    store(s2, out + 2 * tableStep);
    store(s3, out + 3 * tableStep);
  }

  private static void combineOne(
      int from, int to, long weights, long table, long tableStep, FloatVector s, long out) {
    long b = table + from * tableStep;
    for (int j = from; j < to; j++) {
      s = load(b).fma(FloatVector.broadcast(F, get(weights + 4L * j)), s);
      b += tableStep;
    }
    store(s, out);
  }

  /**
   * {@code table[j] += sum over t of weight[t][j] row[t]}, in ascending t, for the table's rows
   * that each row sees: {@code common} the first, {@code last} the last.
   */
  static void spread(
      int rows,
      int width,
      int common,
      int last,
      long weights,
      long weightStep,
      long row,
      long rowStep,
      long table) {
    for (int c = 0; c < width; c += LANES) {
      if (rows == 4) {
        spreadFour(common, weights, weightStep, row + 4L * c, rowStep, table + 4L * c);
      }
      int more = common == last ? 0 : 1;
      int from = rows == 4 ? common : 0;
      for (int t = 0; t < rows; t++) {
        spreadOne(
            from,
            common + more * t,
            weights + t * weightStep,
            load(row + t * rowStep + 4L * c),
            table + 4L * c,
            rowStep);
      }
    }
  }

  private static void spreadFour(
      int n, long weights, long weightStep, long row, long rowStep, long table) {
    FloatVector r0 = load(row);
    FloatVector r1 = load(row + rowStep);
    FloatVector r2 = load(row + 2 * rowStep);
    FloatVector r3 = load(row + 3 * rowStep);
    long w = weights;
    long b = table;
    for (int j = 0; j < n; j++) {
      FloatVector s = load(b);
      s = r0.fma(FloatVector.broadcast(F, get(w)), s);
      s = r1.fma(FloatVector.broadcast(F, get(w + weightStep)), s);
      s = r2.fma(FloatVector.broadcast(F, get(w + 2 * weightStep)), s);
      s = r3.fma(FloatVector.broadcast(F, get(w + 3 * weightStep)), s);
      store(s, b);
      w += 4;
      b += rowStep;
    }
  }

  private static void spreadOne(
      int from, int to, long weights, FloatVector row, long table, long tableStep) {
    long b = table + from * tableStep;
    for (int j = from; j < to; j++) {
      store(row.fma(FloatVector.broadcast(F, get(weights + 4L * j)), load(b)), b);
      b += tableStep;
    }
  }
}
