package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import java.lang.ref.Reference;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * Matrix product in single precision: tiles of six rows and up to four vectors ({@link
 * SixRowKernels}) over panels of B ({@link Panels}) and blocks of K.
 *
 * <p>Every element of the result is one chain of fused multiply-adds over ascending K, continued
 * from block to block through C itself, so its bits depend neither on M and N, nor on threads, nor
 * on how the operands lie: they are those of the plain loop.
 *
 * <p>B is read where it lies when its columns are neighbours and packing would not pay; else from
 * the kept copy of a weight ({@link WeightPanels}); else it is packed into scratch memory.
 */
final class Matmul implements Threads.Chunk {
  /** Depth of a block: with 6 rows and 64 columns, A and B of a tile stay in the second cache. */
  private static final int K_BLOCK = 512;

  /**
   * Rows of B at a time when one row meets a large B where it lies: so many streams, each in order,
   * instead of short pieces with large gaps (1.5 to 1.8 times as fast).
   */
  private static final int STREAMS = 4;

  /** A B beyond this is large. */
  private static final long SCATTERED_BYTES = 1 << 18;

  /** Rows of a chunk at most: its part of A stays in the second cache beside a panel of B. */
  private static final int ROW_BLOCK = 192;

  /** The same where a block of A is copied, which meets all panels then. */
  private static final int COPIED_ROWS = 96;

  /**
   * A whose rows are neighbours and whose columns lie at least so many bytes apart is copied, a
   * block at a time: at powers of two its lines would fall into a few sets of the first two caches.
   */
  private static final long FAR = 1024;

  /** Below this many rows packing B costs more than reading it with gaps does. */
  private static final int PACK_ROWS = 48;

  /** Panels that are packed into scratch memory at once hold at most this many floats. */
  private static final long PANEL_FLOATS = 4 << 20;

  /** A thread is worth waking for this many multiply-adds, about ten microseconds of one core. */
  private static final long CHUNK_WORK = 400_000;

  /**
   * Chunks for each thread where there is work for them: enough for any order of finishing. Each
   * element is one chain whatever chunk it is in, so the number of threads may decide here.
   */
  private static final int CHUNKS_PER_THREAD = 8;

  private final int m;
  private final int n;
  private final int k;
  private final long a;
  private final long aRow;
  private final long aStep;
  private final long b;
  private final long bStep;
  private final long bColumn;
  private final long c;
  private final long cRow;
  private final boolean accumulate;

  private final int vectors;
  private final int panels;

  /** Packed panels from {@link #firstPanel} on; 0 when B is read where it lies. */
  private long packed;

  private int firstPanel;

  /** The packed last panel when B is read where it lies and its columns do not fill vectors. */
  private long packedLast;

  private int depth = K_BLOCK;
  private int rowsPerChunk;
  private int rowChunks;
  private int panelsPerChunk;
  private int panelsInGroup;
  private boolean copiesA;

  /** What is done to finished elements; null for nothing. */
  private @Nullable Epilogue epilogue;

  /** All distances in bytes. */
  private Matmul(
      int m,
      int n,
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long bColumn,
      long c,
      long cRow,
      boolean accumulate) {
    this.m = m;
    this.n = n;
    this.k = k;
    this.a = a;
    this.aRow = aRow;
    this.aStep = aStep;
    this.b = b;
    this.bStep = bStep;
    this.bColumn = bColumn;
    this.c = c;
    this.cRow = cRow;
    this.accumulate = accumulate;
    this.vectors = Panels.vectors(n);
    this.panels = Panels.count(vectors);
  }

  /** {@code out (+)= a b} for matrices, or for batches of them over leading axes. */
  static void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    int rank = out.rank();
    int m = out.dim(-2);
    int n = out.dim(-1);
    int k = a.dim(-1);
    if (m == 0 || n == 0 || out.size() == 0) {
      return;
    }
    long aAt = Simd.address(a);
    long bAt = Simd.address(b);
    long outAt = Simd.address(out);
    if (rank == 2) {
      of(a, b, out, m, n, k, aAt, bAt, outAt, accumulate).run(b, true);
      return;
    }
    int batches = Math.toIntExact(out.size() / ((long) m * n));
    boolean shared = batchStride(b, rank - 2) == 0;
    if (shared && foldsRows(a) && foldsRows(out)) {
      int rows = Math.multiplyExact(batches, m);
      of(a, b, out, rows, n, k, aAt, bAt, outAt, accumulate).run(b, true);
      return;
    }
    long work = (long) m * n * k;
    boolean small = work < 16 * CHUNK_WORK;
    Threads.Chunk one =
        i ->
            of(
                    a,
                    b,
                    out,
                    m,
                    n,
                    k,
                    aAt + batchOffset(a, i),
                    bAt + batchOffset(b, i),
                    outAt + batchOffset(out, i),
                    accumulate)
                .run(b, !small);
    if (!small) {
      for (int i = 0; i < batches; i++) {
        one.run(i);
      }
      return;
    }
    int perChunk = (int) Math.max(1, CHUNK_WORK / Math.max(1, work));
    Threads.run(
        (batches + perChunk - 1) / perChunk,
        chunk -> {
          int end = Math.min(batches, (chunk + 1) * perChunk);
          for (int i = chunk * perChunk; i < end; i++) {
            one.run(i);
          }
        });
  }

  /** {@code out = epilogue(x weight^T)} for matrices; {@code out} is contiguous. */
  static void linear(Tensor x, Tensor weight, Epilogue epilogue, Tensor out) {
    int m = out.dim(0);
    int n = out.dim(1);
    if (m == 0 || n == 0) {
      return;
    }
    Tensor b = weight.transpose(0, 1);
    Tensor sum = epilogue.sum();
    Matmul product =
        of(x, b, sum, m, n, x.dim(1), Simd.address(x), Simd.address(b), Simd.address(sum), false);
    product.epilogue = epilogue;
    product.run(b, true);
  }

  private static Matmul of(
      Tensor a,
      Tensor b,
      Tensor out,
      int m,
      int n,
      int k,
      long aAt,
      long bAt,
      long outAt,
      boolean accumulate) {
    return new Matmul(
        m,
        n,
        k,
        aAt,
        4 * a.stride(-2),
        4 * a.stride(-1),
        bAt,
        4 * b.stride(-2),
        n == 1 ? 4 : 4 * b.stride(-1),
        outAt,
        4 * out.stride(-2),
        accumulate);
  }

  /** Whether all leading axes have stride 0 (then 0), else 1. */
  private static int batchStride(Tensor t, int axes) {
    for (int i = 0; i < axes; i++) {
      if (t.dim(i) != 1 && t.stride(i) != 0) {
        return 1;
      }
    }
    return 0;
  }

  /** Whether the leading axes continue the rows at one distance, so that a batch is one matrix. */
  private static boolean foldsRows(Tensor t) {
    long next = t.stride(-2) * t.dim(-2);
    for (int i = t.rank() - 3; i >= 0; i--) {
      if (t.dim(i) != 1 && t.stride(i) != next) {
        return false;
      }
      next *= t.dim(i);
    }
    return true;
  }

  private static long batchOffset(Tensor t, int batch) {
    long offset = 0;
    for (int i = t.rank() - 3; i >= 0; i--) {
      offset += batch % t.dim(i) * t.stride(i);
      batch /= t.dim(i);
    }
    return 4 * offset;
  }

  /** Computes one matrix product; {@code alone} when it may use all threads and kept panels. */
  private void run(Tensor bTensor, boolean alone) {
    if (k == 0) {
      if (!accumulate) {
        Fill.rows(m, n, c, cRow, 0f);
      }
      if (epilogue != null) {
        epilogue.apply(0, m, 0, n);
      }
      return;
    }
    boolean besideEachOther = bColumn == 4;
    if (besideEachOther && panels == 1 && bStep <= 4L * BYTES) {
      runInPlace(alone); // B is a panel
      return;
    }
    boolean inPlace = besideEachOther && m < PACK_ROWS;
    boolean large = bStep * k > SCATTERED_BYTES;
    if (alone && (large || !inPlace) && bTensor.storage().isPersistent()) {
      WeightPanels.Entry kept =
          WeightPanels.find(
              bTensor.storage(),
              bTensor.offset(),
              bTensor.stride(-2),
              n == 1 ? 1 : bTensor.stride(-1),
              k,
              n);
      if (kept != null) {
        packed = kept.address();
        runGroup(0, panels, alone);
        Reference.reachabilityFence(kept);
        return;
      }
    }
    if (inPlace) {
      runInPlace(alone);
    } else {
      runPacking(alone);
    }
  }

  private void runInPlace(boolean alone) {
    if (m == 1 && bStep * k > SCATTERED_BYTES) {
      depth = STREAMS;
    }
    int last = Panels.start(panels - 1, vectors, panels) * LANES;
    int width = vectors * LANES - last;
    if (4L * (last + width - n) > HostStorage.SLACK) { // else reading past B's end does no harm
      packedLast = Scratch.ofThread().reserve(Scratch.Region.PANELS, 4L * k * width);
      Panels.pack(k, n - last, b + 4L * last, bStep, bColumn, packedLast, width);
    }
    runGroup(0, panels, alone);
  }

  private void runPacking(boolean alone) {
    int group = (int) Math.max(1, Math.min(panels, PANEL_FLOATS / ((long) k * 4 * LANES)));
    for (int from = 0; from < panels; from += group) {
      int to = Math.min(panels, from + group);
      int first = Panels.start(from, vectors, panels);
      int end = Panels.start(to, vectors, panels);
      packed = Scratch.ofThread().reserve(Scratch.Region.PANELS, (long) k * (end - first) * BYTES);
      firstPanel = from;
      if (alone && (long) k * (end - first) * LANES > CHUNK_WORK) {
        int base = from;
        Threads.run(to - from, i -> packPanel(base + i));
      } else {
        for (int p = from; p < to; p++) {
          packPanel(p);
        }
      }
      runGroup(from, to, alone);
    }
  }

  private void packPanel(int p) {
    int first = Panels.start(firstPanel, vectors, panels);
    int from = Panels.start(p, vectors, panels);
    int width = (Panels.start(p + 1, vectors, panels) - from) * LANES;
    int column = from * LANES;
    Panels.pack(
        k,
        Math.min(width, n - column),
        b + bColumn * column,
        bStep,
        bColumn,
        packed + (long) k * (from - first) * BYTES,
        width);
  }

  private void runGroup(int from, int to, boolean alone) {
    firstPanel = from;
    panelsInGroup = to - from;
    rowsPerChunk = m;
    rowChunks = 1;
    panelsPerChunk = panelsInGroup;
    copiesA = aRow == Float.BYTES && aStep >= FAR && m >= COPIED_ROWS && panelsInGroup > 1;
    if (!alone) {
      run(0);
      return;
    }
    long perRow = (long) k * (vectors / panels) * LANES; // multiply-adds of a row and a panel
    int chunks = CHUNKS_PER_THREAD * Threads.count();
    long target = Math.max(CHUNK_WORK, perRow * m * panelsInGroup / chunks);
    rowsPerChunk = part(m, copiesA ? COPIED_ROWS : ROW_BLOCK);
    if (!copiesA) {
      long perPanel = perRow * rowsPerChunk;
      panelsPerChunk = part(panelsInGroup, (int) Math.clamp(target / perPanel, 1, panelsInGroup));
    }
    long rows = Math.max(6, target / (perRow * panelsPerChunk));
    if (rows < rowsPerChunk) {
      rowsPerChunk = part(m, (int) rows);
    }
    rowsPerChunk = (rowsPerChunk + 5) / 6 * 6;
    rowChunks = (m + rowsPerChunk - 1) / rowsPerChunk;
    int panelChunks = (panelsInGroup + panelsPerChunk - 1) / panelsPerChunk;
    Threads.run(rowChunks * panelChunks, this);
  }

  /** The size of as few parts of {@code whole} as {@code most} allows, of about one size. */
  private static int part(int whole, int most) {
    int parts = (whole + most - 1) / most;
    return (whole + parts - 1) / parts;
  }

  /** One block of rows against some panels, over all of K. */
  @Override
  public void run(int chunk) {
    int row = chunk % rowChunks * rowsPerChunk;
    int rows = Math.min(m - row, rowsPerChunk);
    int panel = firstPanel + chunk / rowChunks * panelsPerChunk;
    int panelEnd = Math.min(firstPanel + panelsInGroup, panel + panelsPerChunk);
    int first = Panels.start(firstPanel, vectors, panels);
    for (int k0 = 0; k0 < k; k0 += depth) {
      int deep = Math.min(depth, k - k0);
      boolean onward = accumulate || k0 > 0;
      long aBlock = a + row * aRow + k0 * aStep;
      long aBlockStep = aStep;
      if (copiesA) {
        aBlockStep = ((rows + LANES - 1) / LANES | 1) * (long) BYTES; // odd: no aliases
        long block = Scratch.ofThread().reserve(Scratch.Region.ROWS, deep * aBlockStep);
        copyRows(deep, rows, aBlock, aStep, block, aBlockStep);
        aBlock = block;
      }
      for (int p = panel; p < panelEnd; p++) {
        int start = Panels.start(p, vectors, panels);
        int wide = Panels.start(p + 1, vectors, panels) - start;
        long step = (long) wide * BYTES;
        long from;
        if (packed != 0) {
          from = packed + (start - first) * (long) BYTES * k + k0 * step;
        } else if (packedLast != 0 && p == panels - 1) {
          from = packedLast + k0 * step;
        } else {
          from = b + (long) start * BYTES + k0 * bStep;
          step = bStep;
        }
        long cAt = c + row * cRow + (long) start * BYTES;
        int columns = n - start * LANES;
        if (columns >= wide * LANES) {
          long before = onward ? cAt : Scratch.ZEROS;
          long beforeRow = onward ? cRow : 0;
          Tiles.run(
              rows, wide, deep, aBlock, aRow, aBlockStep, from, step, before, beforeRow, cAt, cRow);
        } else {
          edgeTiles(rows, wide, deep, aBlock, aBlockStep, from, step, cAt, onward, columns);
        }
      }
    }
    if (epilogue != null) { // the block is still in the second cache, if not the first
      int column = Panels.start(panel, vectors, panels) * LANES;
      int end = Math.min(n, Panels.start(panelEnd, vectors, panels) * LANES);
      epilogue.apply(row, row + rows, column, end - column);
    }
  }

  /** As {@link Tiles#run}, through a full tile beside C: only {@code columns} of it are C's. */
  private void edgeTiles(
      int rows,
      int wide,
      int depth,
      long aAt,
      long aDistance,
      long bAt,
      long step,
      long cAt,
      boolean onward,
      int columns) {
    long width = (long) wide * BYTES;
    long side = Scratch.ofThread().reserve(Scratch.Region.TILE, 6 * width);
    int r = 0;
    while (r < rows) {
      int take = Tiles.take(rows - r);
      if (onward) {
        copyRows(take, columns, cAt, cRow, side, width);
        Tiles.tile(take, wide, depth, aAt, aRow, aDistance, bAt, step, side, width, side, width);
      } else {
        Tiles.tile(
            take, wide, depth, aAt, aRow, aDistance, bAt, step, Scratch.ZEROS, 0, side, width);
      }
      copyRows(take, columns, side, width, cAt, cRow);
      r += take;
      aAt += take * aRow;
      cAt += take * cRow;
    }
  }

  private static void copyRows(
      int rows, int columns, long from, long fromRow, long to, long toRow) {
    int whole = columns / LANES * LANES;
    VectorMask<Float> rest = F.indexInRange(whole, columns);
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < whole; j += LANES) {
        FloatVector.fromMemorySegment(F, MEMORY, from + 4L * j, ORDER)
            .intoMemorySegment(MEMORY, to + 4L * j, ORDER);
      }
      if (whole < columns) {
        FloatVector.fromMemorySegment(F, MEMORY, from + 4L * whole, ORDER, rest)
            .intoMemorySegment(MEMORY, to + 4L * whole, ORDER, rest);
      }
      from += fromRow;
      to += toRow;
    }
  }
}
