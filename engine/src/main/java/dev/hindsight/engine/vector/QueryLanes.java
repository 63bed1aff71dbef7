package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.ADDRESSES;
import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link Attention} for many queries of a head at once: they lie in the lanes. Scores and weights
 * are {@code [keys, queries]}, outputs {@code [channels, queries]}, so that the softmax goes down
 * the rows and needs nothing across lanes, heads of any width fill the vectors, and keys and values
 * are read where they lie.
 *
 * <p>The bits are those of one query alone: the same chains over ascending channels and keys, the
 * same blocks, and the sum of weights is kept as the lanes of one query would keep it, by key
 * modulo the lanes.
 */
final class QueryLanes {
  /** Queries that have a lane. */
  static final int MOST = Panels.WIDEST * LANES;

  /** Bytes from row to row. */
  private static final long ROW = (long) Panels.WIDEST * BYTES;

  private static final int BLOCK = Attention.BLOCK;

  private static final Step[] STEPS = Step.values(); // which copies them at each call

  private final int headDim;
  private final float scale;

  /** {@code [headDim, queries]}. */
  private final long queries;

  /** {@code [BLOCK, queries]}: scores, then weights. */
  private final long scores;

  /** {@code [headDim, queries]}. */
  private final long outputs;

  /** {@code [LANES, queries]}: the sum of the weights of every LANES-th key. */
  private final long sums;

  /** The largest scores so far, one row. */
  private final long maxima;

  /** By what these changed in a block; the factor that follows. */
  private final long changes;

  /**
   * @param base of {@link #bytes} of memory
   */
  QueryLanes(long base, int headDim, float scale) {
    this.headDim = headDim;
    this.scale = scale;
    queries = base;
    scores = queries + headDim * ROW;
    outputs = scores + BLOCK * ROW;
    sums = outputs + headDim * ROW;
    maxima = sums + LANES * ROW;
    changes = maxima + ROW;
  }

  static long bytes(int headDim) {
    return (2L * headDim + BLOCK + LANES + 2) * ROW;
  }

  /**
   * Computes weighted sums of values that are not yet divided by the sum of weights.
   *
   * @param count of queries, at most {@link #MOST}
   * @param q address of the first one's first channel, with the distances of {@code like}
   * @param first keys that the first query sees; with {@code causal} each further one sees one more
   */
  void attend(
      int count,
      long q,
      HeadOperand like,
      HeadOperand k,
      long key,
      HeadOperand v,
      long value,
      int first,
      boolean causal) {
    int vectors = (count + LANES - 1) / LANES;
    int seen = causal ? first + count - 1 : first;
    Panels.pack(headDim, count, q, like.channel(), like.row(), queries, MOST);
    Fill.rows(1, MOST, maxima, 0, Float.NEGATIVE_INFINITY);
    Fill.rows(LANES, MOST, sums, ROW, 0f);
    if (seen == 0) {
      Fill.rows(headDim, MOST, outputs, ROW, 0f);
    }
    for (int from = 0; from < seen; from += BLOCK) {
      int n = Math.min(BLOCK, seen - from);
      // Where not all queries see all keys, columns of queries that come before LANES keys are
      // left out.
      boolean plain = from + n <= first && scale > 0;
      int piece = plain ? n : LANES;
      for (int at = 0; at < n; at += piece) {
        int column = column(from + at - first);
        Tiles.run(
            Math.min(piece, n - at),
            vectors - column,
            headDim,
            key + (from + at) * k.row(),
            k.row(),
            k.channel(),
            queries + (long) column * BYTES,
            ROW,
            Scratch.ZEROS,
            0,
            scores + at * ROW + (long) column * BYTES,
            ROW);
      }
      softmax(n, vectors, from, first, plain);
      for (int at = 0; at < n; at += piece) {
        int column = column(from + at - first);
        long to = outputs + (long) column * BYTES;
        boolean begin = from + at == 0;
        Tiles.run(
            headDim,
            vectors - column,
            Math.min(piece, n - at),
            value + (from + at) * v.row(),
            v.channel(),
            v.row(),
            scores + at * ROW + (long) column * BYTES,
            ROW,
            begin ? Scratch.ZEROS : to,
            begin ? 0 : ROW,
            to,
            ROW);
      }
    }
  }

  /** The first column with a query that sees a key, {@code beyond} the last of the first query. */
  private static int column(int beyond) {
    return Math.max(0, (beyond + 1) / LANES);
  }

  /**
   * Turns the scores of {@code n} keys into weights relative to the largest score so far, and
   * rescales what earlier blocks left.
   */
  private void softmax(int n, int vectors, int from, int first, boolean plain) {
    for (Step step : STEPS) {
      if (step == Step.HIDE ? !plain : step != Step.SHRINK || from > 0) {
        for (int c = 0; c < vectors; c++) {
          // of whole pieces, those that some query of the column sees
          int keys = plain ? n : Math.min(n, RowOperand.padded((c + 1) * LANES + first - from - 1));
          if (keys > 0) {
            step.run(this, keys, plain ? scale : 1f, c, from - first);
          }
        }
      }
    }
  }

  /**
   * What is done to a column of scores, a vector wide. Not plain methods: compiled into one, they
   * pass the number of nodes at which C2 stops inlining, and every vector becomes an object. A call
   * that meets three classes stays a call.
   */
  private enum Step {
    HIDE {
      @Override
      void run(QueryLanes lanes, int n, float scale, int column, int beyond) {
        hide(n, column, beyond, lanes.scale, lanes.scores + (long) column * BYTES);
      }
    },
    RAISE {
      @Override
      void run(QueryLanes lanes, int n, float scale, int column, int beyond) {
        long at = (long) column * BYTES;
        raise(n, scale, lanes.scores + at, lanes.maxima + at, lanes.changes + at);
      }
    },
    SHRINK {
      @Override
      void run(QueryLanes lanes, int n, float scale, int column, int beyond) {
        long at = (long) column * BYTES;
        shrink(lanes.changes + at, lanes.sums + at, lanes.headDim, lanes.outputs + at);
      }
    },
    WEIGH {
      @Override
      void run(QueryLanes lanes, int n, float scale, int column, int beyond) {
        long at = (long) column * BYTES;
        weigh(n, scale, lanes.maxima + at, lanes.scores + at, lanes.sums + at);
      }
    };

    abstract void run(QueryLanes lanes, int n, float scale, int column, int beyond);
  }

  /** Scales scores; those of keys that a query does not see become minus infinity. */
  private static void hide(int n, int column, int beyond, float scale, long scores) {
    scores &= ADDRESSES;
    FloatVector unseen = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    int blind = beyond + 1 - column * LANES; // queries of the column that come before the key
    for (int r = 0; r < n; r++) {
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, scores, ORDER).mul(scale);
      s = s.blend(unseen, F.indexInRange(0, blind + r));
      s.intoMemorySegment(MEMORY, scores, ORDER);
      scores = scores + ROW & ADDRESSES;
    }
  }

  /** The largest score of each query of a column, and by how much it changed. */
  private static void raise(int n, float scale, long scores, long maxima, long changes) {
    scores &= ADDRESSES;
    FloatVector a = FloatVector.fromMemorySegment(F, MEMORY, scores, ORDER);
    FloatVector b = a; // two chains: a comparison and a selection take several cycles
    int i = 1;
    for (; i < n - 1; i += 2) {
      scores = scores + ROW & ADDRESSES;
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, scores, ORDER);
      FloatVector t = FloatVector.fromMemorySegment(F, MEMORY, scores + ROW, ORDER);
      a = a.blend(s, s.compare(VectorOperators.GT, a));
      b = b.blend(t, t.compare(VectorOperators.GT, b));
      scores = scores + ROW & ADDRESSES;
    }
    if (i < n) {
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, scores + ROW, ORDER);
      a = a.blend(s, s.compare(VectorOperators.GT, a));
    }
    a = a.blend(b, b.compare(VectorOperators.GT, a)).mul(scale);
    FloatVector before = FloatVector.fromMemorySegment(F, MEMORY, maxima, ORDER);
    FloatVector now = before.blend(a, a.compare(VectorOperators.GT, before));
    now.intoMemorySegment(MEMORY, maxima, ORDER);
    before.sub(now).intoMemorySegment(MEMORY, changes, ORDER);
  }

  /** Rescales what earlier blocks left. */
  private static void shrink(long changes, long sums, int headDim, long outputs) {
    FloatVector by =
        VectorMath.expOfNegative(FloatVector.fromMemorySegment(F, MEMORY, changes, ORDER));
    by.intoMemorySegment(MEMORY, changes, ORDER);
    multiply(LANES, changes, sums);
    multiply(headDim, changes, outputs);
  }

  private static void multiply(int n, long by, long at) {
    at &= ADDRESSES;
    FloatVector factor = FloatVector.fromMemorySegment(F, MEMORY, by, ORDER);
    for (int i = 0; i < n; i++) {
      FloatVector.fromMemorySegment(F, MEMORY, at, ORDER)
          .mul(factor)
          .intoMemorySegment(MEMORY, at, ORDER);
      at = at + ROW & ADDRESSES;
    }
  }

  /** Turns the scores of a column into weights and adds them to the sums. */
  private static void weigh(int n, float scale, long maxima, long scores, long sums) {
    scores &= ADDRESSES;
    sums &= ADDRESSES;
    FloatVector shift = FloatVector.fromMemorySegment(F, MEMORY, maxima, ORDER);
    for (int i = 0; i < n; i++) {
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, scores, ORDER).mul(scale);
      FloatVector p = VectorMath.expOfNegative(s.sub(shift));
      p.intoMemorySegment(MEMORY, scores, ORDER);
      long sum = sums + (i & LANES - 1) * ROW & ADDRESSES;
      FloatVector.fromMemorySegment(F, MEMORY, sum, ORDER)
          .add(p)
          .intoMemorySegment(MEMORY, sum, ORDER);
      scores = scores + ROW & ADDRESSES;
    }
  }

  /**
   * Divides by the sum of weights.
   *
   * @return bit i: output i is NaN or infinite
   */
  long divide() {
    for (int half = LANES / 2; half >= 1; half /= 2) { // as Lanes.sum adds
      for (int r = 0; r < half; r++) {
        add(sums + (r + half) * ROW, sums + r * ROW);
      }
    }
    long spoiled = 0;
    for (int c = 0; c < Panels.WIDEST; c++) {
      long column = (long) c * BYTES;
      spoiled |= divide(headDim, sums + column, outputs + column) << c * LANES;
    }
    return spoiled;
  }

  private static void add(long from, long to) {
    for (long i = 0; i < ROW; i += BYTES) {
      FloatVector.fromMemorySegment(F, MEMORY, to + i, ORDER)
          .add(FloatVector.fromMemorySegment(F, MEMORY, from + i, ORDER))
          .intoMemorySegment(MEMORY, to + i, ORDER);
    }
  }

  private static long divide(int n, long totals, long outputs) {
    outputs &= ADDRESSES;
    FloatVector zero = FloatVector.zero(F);
    FloatVector total = FloatVector.fromMemorySegment(F, MEMORY, totals, ORDER);
    FloatVector share = FloatVector.broadcast(F, 1f).div(total);
    share = share.blend(0f, total.compare(VectorOperators.EQ, 0f)); // no key: all zeros
    FloatVector check = zero; // NaN as soon as one output is NaN or infinite
    for (int i = 0; i < n; i++) {
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, outputs, ORDER).mul(share);
      y.intoMemorySegment(MEMORY, outputs, ORDER);
      check = zero.fma(y, check);
      outputs = outputs + ROW & ADDRESSES;
    }
    VectorMask<Float> bad = check.test(VectorOperators.IS_NAN);
    return bad.toLong();
  }

  /** Writes the outputs of {@code count} queries. */
  void write(int count, long to, HeadOperand like) {
    if (like.isDense() && headDim >= LANES) {
      Panels.pack(count, headDim, outputs, Float.BYTES, ROW, to, (int) (like.row() / Float.BYTES));
      return;
    }
    for (int i = 0; i < count; i++) {
      for (int d = 0; d < headDim; d++) {
        float y = MEMORY.get(FLOAT, outputs + d * ROW + 4L * i);
        MEMORY.set(FLOAT, to + i * like.row() + d * like.channel(), y);
      }
    }
  }

  /** The log of the sum of the exponentials of a query's scores. */
  float logSumExp(int i) {
    return (float)
        (MEMORY.get(FLOAT, maxima + 4L * i) + Math.log(MEMORY.get(FLOAT, sums + 4L * i)));
  }
}
