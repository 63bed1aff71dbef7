package dev.hindsight.engine.vector;

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

/**
 * Scaled dot-product attention with an online softmax (Milakov and Gimelshein, 2018; Dao et al.,
 * 2022) over blocks of 64 keys that are counted from a sequence's first key.
 *
 * <p>Up to six queries go together through three steps a block: scores against transposed keys
 * (lanes are keys), the softmax of each row, and the weighted sum of values (lanes are channels),
 * the first and the last with the microkernels of {@link Matmul}. A key that a query does not see
 * has weight exactly 0, and a block without visible keys changes nothing, so a query's bits depend
 * on its own row and its keys alone: not on the queries beside it, nor on whether keys come from a
 * cache.
 */
final class Attention implements Threads.Chunk {
  /** Keys of a block. Part of the result's definition: it sets where sums are rescaled. */
  static final int BLOCK = 64;

  /** Queries of a unit of work: enough to make packing its keys a few percent. */
  private static final int QUERIES = 192;

  /** Most rows of a microkernel. */
  private static final int TILE = 6;

  private final HeadOperand q;
  private final HeadOperand k;
  private final HeadOperand v;
  private final HeadOperand out;
  private final HeadOperand lse;
  private final SequenceLayout layout;
  private final float scale;
  private final int group;
  private final int keyHeads;
  private final int headDim;

  /** Vectors of a padded head. */
  private final int wide;

  private final AttentionUnits units;

  private Attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    this.q = HeadOperand.of(q);
    this.k = HeadOperand.of(k);
    this.v = HeadOperand.of(v);
    this.out = HeadOperand.of(out);
    this.lse = HeadOperand.of(lse.unsqueeze(2));
    this.layout = layout;
    this.scale = (float) scale;
    this.keyHeads = k.dim(1);
    this.group = q.dim(1) / keyHeads;
    this.headDim = q.dim(2);
    this.wide = (headDim + LANES - 1) / LANES;
    this.units = new AttentionUnits(layout, keyHeads, QUERIES, 4L * group * headDim);
  }

  /** See {@link dev.hindsight.engine.Backend#attention}. */
  static void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
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
    KeyBlocks keys =
        KeyBlocks.of(
            scratch.reserve(Scratch.Region.PANELS, KeyBlocks.bytes(q, layout, sequence)),
            k,
            layout.keyStart()[sequence],
            layout.visibleKeys(sequence, end - 1),
            keyHead);
    long values = v.at(layout.keyStart()[sequence], keyHead);
    long valueStep = v.row();
    if (!v.isDense()) {
      valueStep = (long) wide * BYTES;
      long packed = scratch.reserve(Scratch.Region.ROWS, keys.count() * valueStep);
      Panels.pack(keys.count(), headDim, values, v.row(), v.channel(), packed, wide * LANES);
      values = packed;
    }
    Tile tile = new Tile(scratch.reserve(Scratch.Region.TILE, Tile.bytes(wide)), wide);
    for (int h = keyHead * group; h < (keyHead + 1) * group; h++) {
      for (int i = first; i < end; ) {
        int rows = Tiles.take(end - i);
        tile(sequence, h, i, rows, keys, values, valueStep, tile);
        i += rows;
      }
    }
  }

  /** What a tile of queries holds between blocks, by address: one row a query. */
  private record Tile(long scores, long sums, long outputs, long maxima, int wide) {
    static final long SCORE_ROW = 4L * BLOCK;

    Tile(long base, int wide) {
      this(
          base,
          base + TILE * SCORE_ROW,
          base + TILE * (SCORE_ROW + BYTES),
          base + TILE * (SCORE_ROW + BYTES + (long) wide * BYTES),
          wide);
    }

    static long bytes(int wide) {
      return TILE * (SCORE_ROW + BYTES + (long) wide * BYTES + 4);
    }

    long outputRow() {
      return (long) wide * BYTES;
    }
  }

  private void tile(
      int sequence,
      int head,
      int first,
      int rows,
      KeyBlocks keys,
      long values,
      long valueStep,
      Tile tile) {
    long row = layout.queryStart()[sequence] + (long) first;
    int visible = layout.visibleKeys(sequence, first + rows - 1);
    Fill.rows(rows, LANES, tile.sums, BYTES, 0f);
    if (visible == 0) {
      Fill.rows(rows, wide * LANES, tile.outputs, tile.outputRow(), 0f);
    }
    for (int r = 0; r < rows; r++) {
      MEMORY.set(FLOAT, tile.maxima + 4L * r, Float.NEGATIVE_INFINITY);
    }
    for (int from = 0; from < visible; from += BLOCK) {
      int n = Math.min(BLOCK, visible - from);
      keys.multiply(
          rows, from, n, q.at(row, head), q.row(), q.channel(), tile.scores, Tile.SCORE_ROW);
      for (int r = 0; r < rows; r++) {
        int mine = Math.min(n, layout.visibleKeys(sequence, first + r) - from);
        if (mine > 0) {
          softmax(
              RowOperand.padded(n),
              mine,
              scale,
              tile.scores + r * Tile.SCORE_ROW,
              tile.maxima + 4L * r,
              tile.sums + (long) r * BYTES,
              tile.outputs + r * tile.outputRow(),
              wide);
        } else {
          Fill.rows(1, RowOperand.padded(n), tile.scores + r * Tile.SCORE_ROW, 0, 0f);
        }
      }
      weigh(rows, n, values + from * valueStep, valueStep, from == 0, tile);
    }
    int spoiled = 0; // bit r: output r is not finite
    for (int r = 0; r < rows; r++) {
      if (finish(r, out.at(row + r, head), lse.at(row + r, head), tile)) {
        spoiled |= 1 << r;
      }
    }
    // A weight of 0 hides a value that a query does not see, unless that is NaN or infinite. Alone
    // a query meets nothing but what it sees. The last one of a tile did.
    for (int r = 0; r < rows - 1 && layout.causal(); r++) {
      if ((spoiled >> r & 1) != 0) {
        tile(sequence, head, first + r, 1, keys, values, valueStep, tile);
      }
    }
  }

  /**
   * Turns {@code n} scores, a multiple of the lanes, into weights relative to the largest score so
   * far; keys from {@code visible} on get 0. Rescales the sums and outputs that earlier blocks
   * left.
   */
  private static void softmax(
      int n,
      int visible,
      float scale,
      long scores,
      long maximum,
      long sums,
      long outputs,
      int wide) {
    FloatVector unseen = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector largest = unseen;
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> seen = F.indexInRange(i, visible);
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, scores + 4L * i, ORDER).mul(scale);
      s = unseen.blend(s, seen);
      s.intoMemorySegment(MEMORY, scores + 4L * i, ORDER);
      largest = largest.max(s);
    }
    float before = MEMORY.get(FLOAT, maximum);
    float now = Math.max(before, largest.reduceLanes(VectorOperators.MAX));
    FloatVector sum = FloatVector.fromMemorySegment(F, MEMORY, sums, ORDER);
    if (before != now && before != Float.NEGATIVE_INFINITY) {
      FloatVector shrink = VectorMath.expOfNegative(FloatVector.broadcast(F, before - now));
      sum = sum.mul(shrink);
      for (int i = 0; i < wide * LANES; i += LANES) {
        FloatVector.fromMemorySegment(F, MEMORY, outputs + 4L * i, ORDER)
            .mul(shrink)
            .intoMemorySegment(MEMORY, outputs + 4L * i, ORDER);
      }
    }
    // When every score is minus infinity so is `now`, and the weights become NaN, as in a softmax.
    FloatVector shift = FloatVector.broadcast(F, now);
    for (int i = 0; i < n; i += LANES) {
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, scores + 4L * i, ORDER);
      FloatVector p = VectorMath.expOfNegative(s.sub(shift));
      p.intoMemorySegment(MEMORY, scores + 4L * i, ORDER);
      sum = sum.add(p);
    }
    sum.intoMemorySegment(MEMORY, sums, ORDER);
    MEMORY.set(FLOAT, maximum, now);
  }

  /** Adds the values of {@code n} keys, weighted, to the outputs. */
  private void weigh(int rows, int n, long values, long valueStep, boolean firstBlock, Tile tile) {
    int panels = Panels.count(wide);
    for (int p = 0; p < panels; p++) {
      int start = Panels.start(p, wide, panels);
      long at = tile.outputs + (long) start * BYTES;
      Tiles.tile(
          rows,
          Panels.start(p + 1, wide, panels) - start,
          n,
          tile.scores,
          Tile.SCORE_ROW,
          4,
          values + (long) start * BYTES,
          valueStep,
          firstBlock ? Scratch.ZEROS : at,
          firstBlock ? 0 : tile.outputRow(),
          at,
          tile.outputRow());
    }
  }

  /** Divides by the sum of weights; whether an output is NaN or infinite. */
  private boolean finish(int r, long out, long lse, Tile tile) {
    FloatVector sum =
        Lanes.sum(FloatVector.fromMemorySegment(F, MEMORY, tile.sums + (long) r * BYTES, ORDER));
    float total = sum.lane(0);
    float largest = MEMORY.get(FLOAT, tile.maxima + 4L * r);
    MEMORY.set(FLOAT, lse, (float) (largest + Math.log(total)));
    long from = tile.outputs + r * tile.outputRow();
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
