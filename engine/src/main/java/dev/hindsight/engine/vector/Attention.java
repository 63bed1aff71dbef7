package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.ADDRESSES;
import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention with an online softmax (Milakov and Gimelshein, 2018; Dao et al.,
 * 2022) over blocks of 64 keys that are counted from a sequence's first key.
 *
 * <p>Up to six queries go together through three steps a block: scores against transposed keys
 * (lanes are keys), the softmax of each row, and the weighted sum of values (lanes are channels),
 * the first and the last with the microkernels of {@link Matmul}. Many queries go through the same
 * steps in lanes of their own ({@link QueryLanes}), with the same bits. A key that a query does not
 * see has weight exactly 0, and a block without visible keys changes nothing, so a query's bits
 * depend on its own row and its keys alone: not on the queries beside it, nor on whether keys come
 * from a cache.
 */
final class Attention implements Threads.Chunk {
  /** Keys of a block. Part of the result's definition: it sets where sums are rescaled. */
  static final int BLOCK = 64;

  /** Queries of a unit of work: enough to make packing its keys a few percent. */
  private static final int QUERIES = 256;

  /**
   * Queries that meet a block of keys in turn, while its keys and values are in the first cache.
   */
  private static final int TOGETHER = 48;

  /**
   * So many queries go faster in lanes (1.1 to 1.4 times as fast on 512-bit vectors); fewer leave
   * too many of these empty, and narrower vectors have too few.
   */
  private static final int MANY = LANES >= 16 ? 2 * QueryLanes.MOST : Integer.MAX_VALUE;

  /** Most rows of a microkernel. */
  private static final int TILE = 6;

  private final HeadOperand q;
  private final HeadOperand k;
  private final HeadOperand v;
  private final HeadOperand out;
  private final @Nullable HeadOperand lse;
  private final SequenceLayout layout;
  private final float scale;
  private final int group;
  private final int keyHeads;
  private final int headDim;

  /** Vectors of a padded head. */
  private final int wide;

  private final AttentionUnits units;

  private Attention(
      Tensor q,
      Tensor k,
      Tensor v,
      SequenceLayout layout,
      double scale,
      Tensor out,
      @Nullable Tensor lse) {
    this.q = HeadOperand.of(q);
    this.k = HeadOperand.of(k);
    this.v = HeadOperand.of(v);
    this.out = HeadOperand.of(out);
    this.lse = lse == null ? null : HeadOperand.of(lse.unsqueeze(2));
    this.layout = layout;
    this.scale = (float) scale;
    this.keyHeads = k.dim(1);
    this.group = q.dim(1) / keyHeads;
    this.headDim = q.dim(2);
    this.wide = (headDim + LANES - 1) / LANES;
    this.units = new AttentionUnits(layout, keyHeads, QUERIES, 4L * group * headDim);
  }

  /**
   * See {@link dev.hindsight.engine.Backend#attention}.
   *
   * @param lse null where nobody asks for it
   */
  static void attention(
      Tensor q,
      Tensor k,
      Tensor v,
      SequenceLayout layout,
      double scale,
      Tensor out,
      @Nullable Tensor lse) {
    Attention a = new Attention(q, k, v, layout, scale, out, lse);
    Threads.run(a.units.chunks(), a);
  }

  @Override
  public void run(int chunk) {
    Scratch scratch = Scratch.ofThread();
    units.forEach(
        chunk, (sequence, keyHead, first, end) -> unit(scratch, sequence, keyHead, first, end));
  }

  /** Queries {@code first .. end - 1} of a sequence, all heads that read one key head. */
  private void unit(Scratch scratch, int sequence, int keyHead, int first, int end) {
    if (end - first >= MANY) {
      for (int h = keyHead * group; h < (keyHead + 1) * group; h++) {
        inLanes(scratch, sequence, h, first, end);
      }
    } else {
      inTiles(scratch, sequence, keyHead * group, (keyHead + 1) * group, first, end);
    }
  }

  /** Queries of one head, in groups of one size. */
  private void inLanes(Scratch scratch, int sequence, int head, int first, int end) {
    long memory = scratch.reserve(Scratch.Region.WORK, QueryLanes.bytes(headDim));
    QueryLanes lanes = new QueryLanes(memory, headDim, scale);
    long key = k.at(layout.keyStart()[sequence], head / group);
    long value = v.at(layout.keyStart()[sequence], head / group);
    int groups = (end - first + QueryLanes.MOST - 1) / QueryLanes.MOST;
    for (int i = first, count; i < end; i += count, groups--) {
      count = (end - i + groups - 1) / groups;
      long row = layout.queryStart()[sequence] + (long) i;
      int visible = layout.visibleKeys(sequence, i);
      lanes.attend(count, q.at(row, head), q, k, key, v, value, visible, layout.causal());
      long spoiled = lanes.divide();
      lanes.write(count, out.at(row, head), out);
      for (int r = 0; r < count && lse != null; r++) {
        MEMORY.set(FLOAT, lse.at(row + r, head), lanes.logSumExp(r));
      }
      for (int r = 0; r < count && layout.causal(); r++) {
        if ((spoiled >> r & 1) != 0) { // by a value that it does not see, perhaps: see queries
          inTiles(scratch, sequence, head, head + 1, i + r, i + r + 1);
        }
      }
    }
  }

  /** Queries of heads {@code fromHead .. toHead - 1}, which read one key head. */
  private void inTiles(
      Scratch scratch, int sequence, int fromHead, int toHead, int first, int end) {
    KeyBlocks keys =
        KeyBlocks.of(
            scratch.reserve(Scratch.Region.PANELS, KeyBlocks.bytes(q, layout, sequence)),
            k,
            layout.keyStart()[sequence],
            layout.visibleKeys(sequence, end - 1),
            fromHead / group);
    long values = v.at(layout.keyStart()[sequence], fromHead / group);
    long valueStep = v.row();
    if (!v.isDense()) {
      valueStep = (long) wide * BYTES;
      long packed = scratch.reserve(Scratch.Region.ROWS, keys.count() * valueStep);
      Panels.pack(keys.count(), headDim, values, v.row(), v.channel(), packed, wide * LANES);
      values = packed;
    }
    State state = new State(scratch.reserve(Scratch.Region.TILE, State.bytes(wide)), wide);
    for (int h = fromHead; h < toHead; h++) {
      for (int i = first; i < end; i += TOGETHER) {
        int rows = Math.min(TOGETHER, end - i);
        queries(sequence, h, i, rows, keys, values, valueStep, state);
      }
    }
  }

  /**
   * What queries hold between blocks, by address, one row a query: the largest score so far, the
   * sums of weights, which the lanes share, and the weighted sum of values. And what a tile holds
   * during a block: its scores, then its weights, and by what each largest score changed.
   */
  private record State(
      long scores, long changes, long maxima, long sums, long outputs, long outputRow) {
    static final long SCORE_ROW = 4L * BLOCK;

    /** Whole vectors of a number for each row of a tile, of any width. */
    private static final long CHANGES = TILE * SCORE_ROW;

    private static final long MAXIMA = CHANGES + 4L * RowOperand.padded(TILE);
    private static final long SUMS = MAXIMA + TOGETHER * 4L;

    /** Behind one row of sums that nobody reads: where the exponentials of changes are added. */
    private static final long OUTPUTS = SUMS + (TOGETHER + 1L) * BYTES;

    State(long base, int wide) {
      this(base, base + CHANGES, base + MAXIMA, base + SUMS, base + OUTPUTS, (long) wide * BYTES);
    }

    static long bytes(int wide) {
      return OUTPUTS + (long) TOGETHER * wide * BYTES;
    }

    long scores(int i) {
      return scores + i * SCORE_ROW;
    }

    long change(int i) {
      return changes + 4L * i;
    }

    long maximum(int r) {
      return maxima + 4L * r;
    }

    long sums(int r) {
      return sums + (long) r * BYTES;
    }

    long output(int r) {
      return outputs + r * outputRow;
    }
  }

  /** Queries {@code first .. first + rows - 1} of a head, through all blocks of keys. */
  private void queries(
      int sequence,
      int head,
      int first,
      int rows,
      KeyBlocks keys,
      long values,
      long valueStep,
      State state) {
    int visible = layout.visibleKeys(sequence, first + rows - 1);
    Fill.rows(rows, LANES, state.sums(0), BYTES, 0f);
    if (layout.visibleKeys(sequence, first) == 0) {
      Fill.rows(rows, wide * LANES, state.output(0), state.outputRow, 0f);
    }
    for (int r = 0; r < rows; r++) {
      MEMORY.set(FLOAT, state.maximum(r), Float.NEGATIVE_INFINITY);
    }
    for (int from = 0; from < visible; from += BLOCK) {
      for (int r = 0, take; r < rows; r += take) {
        take = Tiles.take(rows - r);
        int n = Math.min(BLOCK, layout.visibleKeys(sequence, first + r + take - 1) - from);
        if (n > 0) {
          long row = layout.queryStart()[sequence] + (long) first + r;
          keys.multiply(
              take, from, n, q.at(row, head), q.row(), q.channel(), state.scores, State.SCORE_ROW);
          softmax(sequence, first, r, take, from, n, state);
          weigh(r, take, n, values + from * valueStep, valueStep, from == 0, state);
        }
      }
    }
    long spoiled = 0; // bit r: output r is not finite
    for (int r = 0; r < rows; r++) {
      long row = layout.queryStart()[sequence] + (long) first + r;
      if (lse != null) {
        MEMORY.set(FLOAT, lse.at(row, head), logSumExp(r, state));
      }
      if (finish(r, out.at(row, head), state)) {
        spoiled |= 1L << r;
      }
    }
    // A weight of 0 hides a value that a query does not see, unless that is NaN or infinite. Alone
    // a query meets nothing but what it sees.
    for (int r = 0; r < rows && rows > 1 && layout.causal(); r++) {
      if ((spoiled >> r & 1) != 0) {
        queries(sequence, head, first + r, 1, keys, values, valueStep, state);
      }
    }
  }

  /**
   * Turns the scores of a tile, rows {@code r .. r + rows - 1} against {@code n} keys, into weights
   * relative to each row's largest score so far; a key that a query does not see gets 0. Rescales
   * the sums and outputs that earlier blocks left.
   *
   * <p>In three loops, because the largest of a row's scores takes long to know: meanwhile other
   * rows go on. For the same reason no branch asks whether it has changed.
   */
  private void softmax(int sequence, int first, int r, int rows, int from, int n, State state) {
    int padded = RowOperand.padded(n);
    float times = scale;
    if (layout.visibleKeys(sequence, first + r) - from >= padded && scale > 0) {
      for (int i = 0; i < rows; i++) {
        raise(largest(padded, state.scores(i)) * scale, state.maximum(r + i), state.change(i));
      }
    } else {
      hide(sequence, first, r, rows, from, padded, state);
      times = 1f;
    }
    if (from > 0) {
      weights(RowOperand.padded(TILE), 1f, 0f, state.changes, state.sums(TOGETHER));
      for (int i = 0; i < rows; i++) {
        shrink(MEMORY.get(FLOAT, state.change(i)), wide, state.sums(r + i), state.output(r + i));
      }
    }
    for (int i = 0; i < rows; i++) {
      float now = MEMORY.get(FLOAT, state.maximum(r + i));
      weights(padded, times, now, state.scores(i), state.sums(r + i));
    }
  }

  /** The first loop where scores have to be scaled first, or some are not seen. */
  private void hide(int sequence, int first, int r, int rows, int from, int n, State state) {
    for (int i = 0; i < rows; i++) {
      int visible = layout.visibleKeys(sequence, first + r + i) - from;
      raise(scale(n, visible, scale, state.scores(i)), state.maximum(r + i), state.change(i));
    }
  }

  private static void raise(float found, long maximum, long change) {
    float before = MEMORY.get(FLOAT, maximum);
    float now = before == Float.NEGATIVE_INFINITY ? found : Math.max(before, found);
    MEMORY.set(FLOAT, maximum, now);
    MEMORY.set(FLOAT, change, before - now);
  }

  /** Scales scores; those from {@code visible} on become minus infinity. The largest. */
  private static float scale(int n, int visible, float scale, long scores) {
    scores &= ADDRESSES;
    FloatVector unseen = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector largest = unseen;
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> seen = F.indexInRange(i, visible);
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, scores, ORDER).mul(scale);
      s = unseen.blend(s, seen);
      s.intoMemorySegment(MEMORY, scores, ORDER);
      largest = largest.blend(s, s.compare(VectorOperators.GT, largest));
      scores = scores + BYTES & ADDRESSES;
    }
    return Lanes.largest(largest);
  }

  /** The largest of {@code n} scores, NaN perhaps left out: weights are NaN then anyway. */
  private static float largest(int n, long scores) {
    scores &= ADDRESSES;
    FloatVector a = FloatVector.fromMemorySegment(F, MEMORY, scores, ORDER);
    for (int i = LANES; i < n; i += LANES) {
      scores = scores + BYTES & ADDRESSES;
      FloatVector b = FloatVector.fromMemorySegment(F, MEMORY, scores, ORDER);
      a = a.blend(b, b.compare(VectorOperators.GT, a));
    }
    return Lanes.largest(a);
  }

  /** Multiplies what earlier blocks left. */
  private static void shrink(float by, int wide, long sums, long outputs) {
    sums &= ADDRESSES;
    outputs &= ADDRESSES;
    FloatVector.fromMemorySegment(F, MEMORY, sums, ORDER)
        .mul(by)
        .intoMemorySegment(MEMORY, sums, ORDER);
    for (int i = 0; i < wide; i++) {
      FloatVector.fromMemorySegment(F, MEMORY, outputs, ORDER)
          .mul(by)
          .intoMemorySegment(MEMORY, outputs, ORDER);
      outputs = outputs + BYTES & ADDRESSES;
    }
  }

  /**
   * Turns scores into weights and adds these to the sums. When every score so far is minus infinity
   * so is {@code largest}, and the weights become NaN, as those of a softmax over these keys alone.
   */
  private static void weights(int n, float scale, float largest, long scores, long sums) {
    scores &= ADDRESSES;
    FloatVector shift = FloatVector.broadcast(F, largest);
    FloatVector sum = FloatVector.fromMemorySegment(F, MEMORY, sums, ORDER);
    for (int i = 0; i < n; i += LANES) {
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, scores, ORDER).mul(scale);
      FloatVector p = VectorMath.expOfNegative(s.sub(shift));
      p.intoMemorySegment(MEMORY, scores, ORDER);
      sum = sum.add(p);
      scores = scores + BYTES & ADDRESSES;
    }
    sum.intoMemorySegment(MEMORY, sums, ORDER);
  }

  /** Adds the values of {@code n} keys, weighted, to the outputs. */
  private void weigh(
      int r, int rows, int n, long values, long valueStep, boolean firstBlock, State state) {
    int panels = Panels.count(wide);
    for (int p = 0; p < panels; p++) {
      int start = Panels.start(p, wide, panels);
      long at = state.output(r) + (long) start * BYTES;
      Tiles.tile(
          rows,
          Panels.start(p + 1, wide, panels) - start,
          n,
          state.scores,
          State.SCORE_ROW,
          4,
          values + (long) start * BYTES,
          valueStep,
          firstBlock ? Scratch.ZEROS : at,
          firstBlock ? 0 : state.outputRow,
          at,
          state.outputRow);
    }
  }

  private static float logSumExp(int r, State state) {
    return (float) (MEMORY.get(FLOAT, state.maximum(r)) + Math.log(total(r, state)));
  }

  private static float total(int r, State state) {
    return Lanes.sum(FloatVector.fromMemorySegment(F, MEMORY, state.sums(r), ORDER)).lane(0);
  }

  /** Divides by the sum of weights; whether an output is NaN or infinite. */
  private boolean finish(int r, long out, State state) {
    float total = total(r, state);
    long from = state.output(r);
    FloatVector share = FloatVector.broadcast(F, total == 0 ? 0f : 1 / total); // no key: all zeros
    FloatVector zero = FloatVector.zero(F);
    FloatVector check = FloatVector.zero(F); // NaN as soon as one output is NaN or infinite
    for (int i = 0; i < headDim; i += LANES) {
      VectorMask<Float> own = F.indexInRange(i, headDim);
      FloatVector y = FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER).mul(share);
      y.intoMemorySegment(MEMORY, out + 4L * i, ORDER, own);
      check = zero.fma(zero.blend(y, own), check);
    }
    return check.test(VectorOperators.IS_NAN).anyTrue();
  }
}
