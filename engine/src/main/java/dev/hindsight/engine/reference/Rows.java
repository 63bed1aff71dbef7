package dev.hindsight.engine.reference;

import dev.hindsight.engine.Tensor;
import java.util.Arrays;

/**
 * Walks several tensors together, row by row in row-major order, whatever their strides:
 *
 * <pre>{@code
 * for (Rows rows = Rows.elementwise(x, out); rows.next(); ) {
 *   for (long i = 0; i < rows.length(); i++) {
 *     // element rows.at(0, i) of x's storage, element rows.at(1, i) of out's
 *   }
 * }
 * }</pre>
 */
final class Rows {
  private final int[] extents; // of the axes that are walked, outermost first
  private final long[][] strides; // [operand][axis]
  private final long[] step; // of each operand along the row
  private final long length;
  private final int[] index;
  private final long[] offset;
  private boolean begun;
  private boolean ended;

  private Rows(int[] extents, long[][] strides, long[] step, long length, long[] start) {
    this.extents = extents;
    this.strides = strides;
    this.step = step;
    this.length = length;
    this.index = new int[extents.length];
    this.offset = new long[start.length];
    restart(start);
  }

  /**
   * Every element of tensors of one shape. Axes that lie one after another in all of them are
   * joined, so that contiguous tensors are a single row.
   */
  static Rows elementwise(Tensor... tensors) {
    long[][] strides = new long[tensors.length][];
    long[] start = new long[tensors.length];
    for (int t = 0; t < tensors.length; t++) {
      strides[t] = tensors[t].strides();
      start[t] = tensors[t].offset();
    }
    return joined(tensors[0].shape().dims(), strides, start);
  }

  /** Every element of operands of one shape that are given by their strides and first elements. */
  static Rows joined(int[] dims, long[][] strides, long[] start) {
    int[] extents = new int[dims.length];
    long[][] steps = new long[strides.length][dims.length];
    long length = 1;
    int axes = 0; // joined axes so far, outermost first; the last of them is the row
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] == 1) {
        continue;
      }
      boolean join = axes > 0 && (long) extents[axes - 1] * dims[axis] <= Integer.MAX_VALUE;
      for (int t = 0; join && t < strides.length; t++) {
        join = steps[t][axes - 1] == strides[t][axis] * dims[axis];
      }
      if (join) {
        extents[axes - 1] *= dims[axis];
      } else {
        extents[axes++] = dims[axis];
      }
      for (int t = 0; t < strides.length; t++) {
        steps[t][axes - 1] = strides[t][axis];
      }
    }
    long[] step = new long[strides.length];
    if (axes > 0) {
      axes--;
      length = extents[axes];
      for (int t = 0; t < strides.length; t++) {
        step[t] = steps[t][axes];
      }
    }
    // rows of nothing are no rows: where they begin may lie outside of the storage
    int[] walked = length == 0 ? new int[1] : Arrays.copyOf(extents, axes);
    return new Rows(walked, steps, step, length, start);
  }

  /**
   * The last axis of each tensor in turn; the axes before it must be the same in all. A row's
   * length is that of the first tensor.
   */
  static Rows lastAxis(Tensor... tensors) {
    Rows rows = leading(1, tensors);
    long[] step = new long[tensors.length];
    for (int t = 0; t < tensors.length; t++) {
      step[t] = tensors[t].stride(-1);
    }
    return new Rows(rows.extents, rows.strides, step, tensors[0].dim(-1), rows.offset);
  }

  /** All axes but the last {@code inner} ones; a row is one step: the first element behind it. */
  static Rows leading(int inner, Tensor... tensors) {
    int[] dims = tensors[0].shape().dims();
    int[] lead = Arrays.copyOf(dims, dims.length - inner);
    long[][] strides = new long[tensors.length][];
    long[] start = new long[tensors.length];
    for (int t = 0; t < tensors.length; t++) {
      strides[t] = tensors[t].strides();
      start[t] = tensors[t].offset();
    }
    return new Rows(lead, strides, new long[tensors.length], 1, start);
  }

  /** Goes to the next row; false when there is none. */
  boolean next() {
    if (!begun) {
      begun = true;
      return !ended;
    }
    for (int axis = extents.length - 1; axis >= 0; axis--) {
      index[axis]++;
      for (int t = 0; t < offset.length; t++) {
        offset[t] += strides[t][axis];
      }
      if (index[axis] < extents[axis]) {
        return true;
      }
      for (int t = 0; t < offset.length; t++) {
        offset[t] -= strides[t][axis] * extents[axis];
      }
      index[axis] = 0;
    }
    return false;
  }

  /** Begins again, the operands' first elements now being these. */
  Rows restart(long... first) {
    System.arraycopy(first, 0, offset, 0, offset.length);
    Arrays.fill(index, 0);
    begun = false;
    ended = false;
    for (int extent : extents) {
      ended |= extent == 0;
    }
    return this;
  }

  /** Elements of a row. */
  long length() {
    return length;
  }

  /** Elements of all rows. */
  long size() {
    long size = length;
    for (int extent : extents) {
      size *= extent;
    }
    return size;
  }

  /** Where element {@code i} of the current row lies in the storage of operand {@code t}. */
  long at(int t, long i) {
    return offset[t] + i * step[t];
  }
}
