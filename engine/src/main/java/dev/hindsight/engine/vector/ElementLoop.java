package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * An elementwise operation on up to three operands of one shape, broadcast and strided as they
 * come, and one or two contiguous destinations. Axes that all operands walk alike are joined, what
 * remains is cut into rows and pieces, and {@link #row} sees whole vectors only: operands that
 * stand still along a row come as one vector with step 0, those with gaps are gathered first, and
 * the last elements go through padded tiles. So an operation is one loop, and an element's bits
 * depend on its operands alone.
 */
abstract class ElementLoop implements Threads.Chunk {
  /** A chunk of operations that move memory: 128 KiB an operand, some ten microseconds. */
  static final int CHEAP = 1 << 15;

  /** A chunk of operations with an exponential or a division in them. */
  static final int COSTLY = 1 << 13;

  private static final int MOST_OPERANDS = 3;

  /** Elements that are gathered at a time: two operands of this stay in the first cache. */
  private static final int GATHERED = 1024;

  private final int operands;
  private final long[] base = new long[MOST_OPERANDS];
  private final long out;
  private final long out2;
  private final int grain;

  /** Elements of a row; all operands walk it with one step each (in elements). */
  private final long length;

  private final long[] step = new long[MOST_OPERANDS];
  private final long rows;

  /** The axes around a row, innermost first, and the operands' strides along them. */
  private final long[] extents;

  private final long[][] strides;

  private final int rowsPerChunk;
  private final int piecesPerRow;

  /**
   * @param grain elements that are worth a chunk of their own, a multiple of 16
   * @param out2 the second destination, or {@code out} again when there is one
   */
  ElementLoop(int grain, Tensor out, Tensor out2, Tensor... inputs) {
    this.operands = inputs.length;
    this.grain = grain;
    this.out = Simd.address(out);
    this.out2 = Simd.address(out2);
    Arrays.fill(step, 1);
    boolean dense = true;
    for (int t = 0; t < operands; t++) {
      base[t] = Simd.address(inputs[t]);
      dense &= inputs[t].isContiguous();
    }
    if (dense) {
      length = out.size();
      rows = 1;
      extents = NO_AXES;
      strides = NO_STRIDES;
    } else {
      long[] dims = new long[out.rank()];
      long[][] steps = new long[MOST_OPERANDS][out.rank()];
      int axes = join(out, inputs, dims, steps);
      length = axes == 0 ? 1 : dims[0];
      for (int t = 0; t < operands && axes > 0; t++) {
        step[t] = steps[t][0];
      }
      extents = axes == 0 ? NO_AXES : Arrays.copyOfRange(dims, 1, axes);
      strides = new long[MOST_OPERANDS][];
      for (int t = 0; t < operands; t++) {
        strides[t] = axes == 0 ? NO_AXES : Arrays.copyOfRange(steps[t], 1, axes);
      }
      rows = length == 0 ? 0 : out.size() / length;
    }
    piecesPerRow = Math.toIntExact((length + grain - 1) / grain);
    rowsPerChunk = (int) Math.max(1, grain / Math.max(1, length));
  }

  private static final long[] NO_AXES = {};
  private static final long[][] NO_STRIDES = {NO_AXES, NO_AXES, NO_AXES};

  /** Axes innermost first, joined where every operand allows it; gives their number. */
  private static int join(Tensor out, Tensor[] inputs, long[] dims, long[][] steps) {
    int axes = 0;
    for (int axis = out.rank() - 1; axis >= 0; axis--) {
      int extent = out.dim(axis);
      if (extent == 1) {
        continue;
      }
      boolean joins = axes > 0;
      for (int t = 0; joins && t < inputs.length; t++) {
        joins = inputs[t].stride(axis) == steps[t][axes - 1] * dims[axes - 1];
      }
      if (joins) {
        dims[axes - 1] *= extent;
      } else {
        dims[axes] = extent;
        for (int t = 0; t < inputs.length; t++) {
          steps[t][axes] = inputs[t].stride(axis);
        }
        axes++;
      }
    }
    return axes;
  }

  /**
   * {@code n} elements, a multiple of the vector's lanes; operands and destinations by address,
   * operands with the bytes from vector to vector (0 where one vector serves all).
   */
  abstract void row(
      int n, long out, long out2, long a, int aStep, long b, int bStep, long c, int cStep);

  /** Does all of it, on several threads where that is worth it. */
  final void run() {
    if (length == 0 || rows == 0) {
      return;
    }
    if (piecesPerRow > 1) {
      Threads.run(Math.toIntExact(rows * piecesPerRow), this);
    } else {
      Threads.run(Math.toIntExact((rows + rowsPerChunk - 1) / rowsPerChunk), this);
    }
  }

  @Override
  public final void run(int chunk) {
    if (piecesPerRow > 1) {
      long from = (long) (chunk % piecesPerRow) * grain;
      piece(chunk / piecesPerRow, from, (int) Math.min(grain, length - from));
      return;
    }
    long end = Math.min(rows, (long) (chunk + 1) * rowsPerChunk);
    for (long r = (long) chunk * rowsPerChunk; r < end; r++) {
      piece(r, 0, (int) length);
    }
  }

  private boolean gathers(int t) {
    return t < operands && step[t] != 0 && step[t] != 1;
  }

  private void piece(long row, long from, int n) {
    long a = at(0, row, from);
    long b = at(1, row, from);
    long c = at(2, row, from);
    long to = 4 * (row * length + from);
    if (step[0] == 1 && step[1] == 1 && step[2] == 1) {
      whole(n, to, a, BYTES, b, BYTES, c, BYTES);
      return;
    }
    if (!gathers(0) && !gathers(1) && !gathers(2)) {
      long tiles = Scratch.ofThread().reserve(Scratch.Region.WORK, 3L * BYTES);
      whole(
          n,
          to,
          still(0, a, tiles),
          (int) step[0] * BYTES,
          still(1, b, tiles + BYTES),
          (int) step[1] * BYTES,
          still(2, c, tiles + 2L * BYTES),
          (int) step[2] * BYTES);
      return;
    }
    long work = Scratch.ofThread().reserve(Scratch.Region.WORK, 3L * 4 * GATHERED);
    for (int i = 0; i < n; i += GATHERED) {
      int part = Math.min(GATHERED, n - i);
      whole(
          part,
          to + 4L * i,
          moved(0, a, i, part, work),
          step[0] == 0 ? 0 : BYTES,
          moved(1, b, i, part, work + 4 * GATHERED),
          step[1] == 0 ? 0 : BYTES,
          moved(2, c, i, part, work + 8 * GATHERED),
          step[2] == 0 ? 0 : BYTES);
    }
  }

  private long at(int t, long row, long from) {
    if (t >= operands) {
      return 0;
    }
    long offset = from * step[t];
    for (int axis = 0; row > 0 && axis < extents.length; axis++) {
      offset += row % extents[axis] * strides[t][axis];
      row /= extents[axis];
    }
    return base[t] + 4 * offset;
  }

  /** The address itself, or a vector that holds the one element there. */
  private long still(int t, long address, long tile) {
    if (t >= operands || step[t] != 0) {
      return address;
    }
    FloatVector.broadcast(F, MEMORY.get(FLOAT, address)).intoMemorySegment(MEMORY, tile, ORDER);
    return tile;
  }

  /** Elements {@code i ..} of a row side by side. */
  private long moved(int t, long address, int i, int n, long work) {
    if (!gathers(t)) {
      return still(t, address + 4L * i * step[t], work);
    }
    long from = address + 4L * i * step[t];
    long distance = 4 * step[t];
    for (int j = 0; j < n; j++) {
      MEMORY.set(FLOAT, work + 4L * j, MEMORY.get(FLOAT, from));
      from += distance;
    }
    return work;
  }

  /** A row of any length: whole vectors in place, the rest through tiles. */
  private void whole(int n, long to, long a, int aStep, long b, int bStep, long c, int cStep) {
    int whole = n / LANES * LANES;
    if (whole > 0) {
      row(whole, out + to, out2 + to, a, aStep, b, bStep, c, cStep);
    }
    if (whole == n) {
      return;
    }
    VectorMask<Float> mask = F.indexInRange(whole, n);
    long tile = Scratch.ofThread().reserve(Scratch.Region.TILE, 5L * BYTES);
    long done = whole / LANES;
    rest(a + done * aStep, aStep, operands > 0, mask, tile);
    rest(b + done * bStep, bStep, operands > 1, mask, tile + BYTES);
    rest(c + done * cStep, cStep, operands > 2, mask, tile + 2L * BYTES);
    long y = tile + 3L * BYTES;
    long y2 = y + BYTES;
    row(LANES, y, y2, tile, BYTES, tile + BYTES, BYTES, tile + 2L * BYTES, BYTES);
    long end = to + 4L * whole;
    FloatVector.fromMemorySegment(F, MEMORY, y, ORDER)
        .intoMemorySegment(MEMORY, out + end, ORDER, mask);
    if (out2 != out) {
      FloatVector.fromMemorySegment(F, MEMORY, y2, ORDER)
          .intoMemorySegment(MEMORY, out2 + end, ORDER, mask);
    }
  }

  private static void rest(
      long from, int step, boolean present, VectorMask<Float> mask, long tile) {
    if (!present) {
      return;
    }
    FloatVector v =
        step == 0
            ? FloatVector.fromMemorySegment(F, MEMORY, from, ORDER)
            : FloatVector.fromMemorySegment(F, MEMORY, from, ORDER, mask);
    v.intoMemorySegment(MEMORY, tile, ORDER);
  }
}
