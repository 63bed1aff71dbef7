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

/**
 * Gradients of {@link Attention}. A unit is one key head of one sequence with all its queries, so
 * nothing is summed across threads. Block of keys by block of keys it computes again the weights
 * {@code p = exp(score - lse)}, then {@code ds = p (dOut v - dOut out) scale}, and from them, with
 * the microkernels of {@link Matmul}, {@code dq += ds k}, {@code dk += ds^T q} and {@code dv += p^T
 * dOut}: chains over ascending keys for dq, over ascending heads and queries for dk and dv.
 */
final class AttentionBackward implements Threads.Chunk {
  private static final int BLOCK = Attention.BLOCK;

  /** Queries whose weights are held at a time: with 64 keys, 64 KiB twice. */
  private static final int QUERIES = 256;

  private static final long ROW = 4L * BLOCK;

  private final HeadOperand q;
  private final HeadOperand k;
  private final HeadOperand v;
  private final HeadOperand out;
  private final HeadOperand lse;
  private final HeadOperand dOut;
  private final HeadOperand dq;
  private final HeadOperand dk;
  private final HeadOperand dv;
  private final SequenceLayout layout;
  private final float scale;
  private final int group;
  private final int headDim;
  private final int wide;
  private final AttentionUnits units;

  /** Whether sequences share keys, whose gradients then add up. */
  private final boolean keysOverlap;

  private AttentionBackward(
      Tensor q,
      Tensor k,
      Tensor v,
      SequenceLayout layout,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dq,
      Tensor dk,
      Tensor dv) {
    this.q = HeadOperand.of(q);
    this.k = HeadOperand.of(k);
    this.v = HeadOperand.of(v);
    this.out = HeadOperand.of(out);
    this.lse = HeadOperand.of(lse.unsqueeze(2));
    this.dOut = HeadOperand.of(dOut);
    this.dq = HeadOperand.of(dq);
    this.dk = HeadOperand.of(dk);
    this.dv = HeadOperand.of(dv);
    this.layout = layout;
    this.scale = (float) scale;
    this.group = q.dim(1) / k.dim(1);
    this.headDim = q.dim(2);
    this.wide = (headDim + LANES - 1) / LANES;
    this.keysOverlap = keysOverlap(layout);
    this.units = new AttentionUnits(layout, k.dim(1), Integer.MAX_VALUE, 5L * group * headDim);
  }

  /** See {@link dev.hindsight.engine.Backend#attentionBackward}. */
  static void attentionBackward(
      Tensor q,
      Tensor k,
      Tensor v,
      SequenceLayout layout,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dq,
      Tensor dk,
      Tensor dv) {
    AttentionBackward a = new AttentionBackward(q, k, v, layout, scale, out, lse, dOut, dq, dk, dv);
    int chunks = a.units.chunks();
    if (a.keysOverlap) {
      for (int chunk = 0; chunk < chunks; chunk++) {
        a.run(chunk);
      }
    } else {
      Threads.run(chunks, a);
    }
  }

  private static boolean keysOverlap(SequenceLayout layout) {
    long end = 0;
    boolean ascending = true;
    for (int s = 0; s < layout.sequences(); s++) {
      if (layout.keyLength()[s] > 0) {
        ascending &= layout.keyStart()[s] >= end;
        end = layout.keyStart()[s] + (long) layout.keyLength()[s];
      }
    }
    return !ascending;
  }

  @Override
  public void run(int chunk) {
    Scratch scratch = Scratch.ofThread();
    units.forEach(chunk, (sequence, keyHead, first, end) -> unit(scratch, sequence, keyHead, end));
  }

  /** Rows of channels side by side: the first one's address and the bytes from one to the next. */
  private record Rows(long base, long step) {
    long at(int row) {
      return base + row * step;
    }
  }

  /** In place where channels are neighbours, else a copy at {@code to}. */
  private Rows rows(HeadOperand from, long row, int count, int head, long to) {
    if (from.isDense()) {
      return new Rows(from.at(row, head), from.row());
    }
    Panels.pack(count, headDim, from.at(row, head), from.row(), from.channel(), to, wide * LANES);
    return new Rows(to, (long) wide * BYTES);
  }

  /** The copies and sums of one unit, by address. */
  private final class Unit {
    final long row = (long) wide * BYTES;
    final int keys;
    final int queries;
    final int keyHead;
    final long keyRow;
    final long queryRow;

    /** Keys and values with rows in the lanes. */
    final KeyBlocks transposedK;

    final KeyBlocks transposedV;

    /** Keys, and queries and {@code dOut} of one head, with channels in the lanes. */
    final Rows rowsK;

    private final long packedQ;
    private final long packedDOut;
    final long sumsDq;
    final long sumsDk;
    final long sumsDv;
    final long weights;
    final long slopes;

    /** Whether each block of keys meets one block of queries only, so that its sums begin there. */
    final boolean once;

    Unit(Scratch scratch, int sequence, int keyHead) {
      this.keyHead = keyHead;
      keys = layout.keyLength()[sequence];
      queries = layout.queryLength()[sequence];
      keyRow = layout.keyStart()[sequence];
      queryRow = layout.queryStart()[sequence];
      long transposed = KeyBlocks.bytes(k, layout, sequence);
      long at = scratch.reserve(Scratch.Region.PANELS, 2 * transposed);
      transposedK = KeyBlocks.of(at, k, keyRow, keys, keyHead);
      transposedV = KeyBlocks.of(at + transposed, v, keyRow, keys, keyHead);
      at = scratch.reserve(Scratch.Region.ROWS, row * (3L * keys + 3L * queries));
      sumsDk = at;
      sumsDv = sumsDk + keys * row;
      sumsDq = sumsDv + keys * row;
      packedQ = sumsDq + queries * row;
      packedDOut = packedQ + queries * row;
      rowsK = rows(k, keyRow, keys, keyHead, packedDOut + queries * row);
      once = group == 1 && queries <= QUERIES;
      if (!once) {
        Fill.rows(2 * keys, wide * LANES, sumsDk, row, 0f);
      }
      weights = scratch.reserve(Scratch.Region.WORK, 2 * ROW * QUERIES + 4L * QUERIES);
      slopes = weights + ROW * QUERIES;
    }

    Rows rowsQ(int head) {
      return rows(q, queryRow, queries, head, packedQ);
    }

    Rows rowsDOut(int head) {
      return rows(dOut, queryRow, queries, head, packedDOut);
    }

    /** {@code dOut out} of queries of a block. */
    long deltas() {
      return slopes + ROW * QUERIES;
    }
  }

  private void unit(Scratch scratch, int sequence, int keyHead, int queries) {
    Unit u = new Unit(scratch, sequence, keyHead);
    for (int h = keyHead * group; h < (keyHead + 1) * group; h++) {
      Rows queryRows = u.rowsQ(h);
      Rows dyRows = u.rowsDOut(h);
      for (int first = 0; first < queries; first += QUERIES) {
        int n = Math.min(QUERIES, queries - first);
        deltas(u, dyRows, h, first, n);
        int visible = layout.visibleKeys(sequence, first + n - 1);
        for (int key = 0; key < visible; key += BLOCK) {
          int width = Math.min(BLOCK, visible - key);
          block(u, sequence, h, queryRows, dyRows, first, n, key, width);
        }
      }
      for (int i = 0; i < queries && u.keys > 0; i++) {
        RowOperand.unstage(u.sumsDq + i * u.row, headDim, dq.at(u.queryRow + i, h));
      }
    }
    for (int j = 0; j < u.keys && queries > 0; j++) {
      write(u.sumsDk + j * u.row, dk.at(u.keyRow + j, keyHead));
      write(u.sumsDv + j * u.row, dv.at(u.keyRow + j, keyHead));
    }
  }

  private void write(long sums, long to) {
    if (keysOverlap) {
      add(headDim, sums, to);
    } else {
      RowOperand.unstage(sums, headDim, to);
    }
  }

  private void deltas(Unit u, Rows dyRows, int head, int first, int n) {
    for (int i = 0; i < n; i++) {
      float delta = dot(headDim, dyRows.at(first + i), out.at(u.queryRow + first + i, head));
      MEMORY.set(FLOAT, u.deltas() + 4L * i, delta);
    }
  }

  private static float dot(int n, long a, long b) {
    FloatVector sum = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, a + 4L * i, ORDER, mask);
      sum = FloatVector.fromMemorySegment(F, MEMORY, b + 4L * i, ORDER, mask).fma(x, sum);
    }
    return Lanes.sum(sum).lane(0);
  }

  /** Queries {@code first .. first + n - 1} against keys {@code key .. key + width - 1}. */
  private void block(
      Unit u,
      int sequence,
      int head,
      Rows queryRows,
      Rows dyRows,
      int first,
      int n,
      int key,
      int width) {
    // Queries before this one see no key of the block.
    int skip = layout.causal() ? Math.max(0, key - layout.visibleKeys(sequence, first) + 1) : 0;
    int from = first + skip;
    int rows = n - skip;
    long queryAt = queryRows.at(from);
    long dyAt = dyRows.at(from);
    u.transposedK.multiply(rows, key, width, queryAt, queryRows.step, 4, u.weights, ROW);
    u.transposedV.multiply(rows, key, width, dyAt, dyRows.step, 4, u.slopes, ROW);
    int padded = RowOperand.padded(width);
    for (int i = 0; i < rows; i++) {
      weigh(
          padded,
          Math.min(width, layout.visibleKeys(sequence, from + i) - key),
          scale,
          MEMORY.get(FLOAT, lse.at(u.queryRow + from + i, head)),
          MEMORY.get(FLOAT, u.deltas() + 4L * (skip + i)),
          u.weights + i * ROW,
          u.slopes + i * ROW);
    }
    long dqAt = u.sumsDq + from * u.row;
    long dkAt = u.sumsDk + key * u.row;
    long dvAt = u.sumsDv + key * u.row;
    boolean begin = key == 0; // every query sees the first block
    product(begin, rows, width, u.slopes, ROW, 4, u.rowsK.at(key), u.rowsK.step, dqAt, u.row);
    product(u.once, width, rows, u.slopes, 4, ROW, queryAt, queryRows.step, dkAt, u.row);
    product(u.once, width, rows, u.weights, 4, ROW, dyAt, dyRows.step, dvAt, u.row);
  }

  /** {@code c += a b}, or {@code c = a b}, with rows of channels in b and padded ones in c. */
  private void product(
      boolean begin,
      int rows,
      int depth,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long c,
      long cRow) {
    int panels = Panels.count(wide);
    for (int p = 0; p < panels; p++) {
      int start = Panels.start(p, wide, panels);
      int vectors = Panels.start(p + 1, wide, panels) - start;
      long shift = (long) start * BYTES;
      Tiles.run(
          rows,
          vectors,
          depth,
          a,
          aRow,
          aStep,
          b + shift,
          bStep,
          begin ? Scratch.ZEROS : c + shift,
          begin ? 0 : cRow,
          c + shift,
          cRow);
    }
  }

  /**
   * Turns a row of scores into weights and a row of {@code dOut v} into slopes, both 0 from {@code
   * visible} on.
   */
  private static void weigh(
      int n, int visible, float scale, float lse, float delta, long weights, long slopes) {
    FloatVector zero = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> seen = F.indexInRange(i, visible);
      FloatVector s = FloatVector.fromMemorySegment(F, MEMORY, weights + 4L * i, ORDER);
      FloatVector p = zero.blend(VectorMath.expOfNegative(s.mul(scale).sub(lse)), seen);
      p.intoMemorySegment(MEMORY, weights + 4L * i, ORDER);
      FloatVector d = FloatVector.fromMemorySegment(F, MEMORY, slopes + 4L * i, ORDER);
      d = zero.blend(d.sub(delta).mul(p).mul(scale), seen);
      d.intoMemorySegment(MEMORY, slopes + 4L * i, ORDER);
    }
  }

  private static void add(int n, long from, long to) {
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector.fromMemorySegment(F, MEMORY, to + 4L * i, ORDER, mask)
          .add(FloatVector.fromMemorySegment(F, MEMORY, from + 4L * i, ORDER))
          .intoMemorySegment(MEMORY, to + 4L * i, ORDER, mask);
    }
  }
}
