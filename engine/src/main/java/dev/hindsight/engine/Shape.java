package dev.hindsight.engine;

import java.util.Arrays;

/**
 * The extents of a tensor, outermost axis first. Immutable; rank 0 is a scalar, and an extent may
 * be 0.
 */
public final class Shape {
  /** The shape of a scalar: rank 0, one element. */
  public static final Shape SCALAR = new Shape(new int[0]);

  private final int[] dims;
  private final long size;

  private Shape(int[] dims) {
    this.dims = dims;
    long n = 1;
    for (int d : dims) {
      if (d < 0) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(dims) + ": extents must not be negative");
      }
      if (d > 0 && n > Long.MAX_VALUE / d) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(dims) + ": more elements than a long can count");
      }
      n *= d;
    }
    this.size = n;
  }

  /** The shape with the given extents. */
  public static Shape of(int... dims) {
    return dims.length == 0 ? SCALAR : new Shape(dims.clone());
  }

  /** Number of axes. */
  public int rank() {
    return dims.length;
  }

  /** The extent of an axis; negative axes count from the last, as in {@code dim(-1)}. */
  public int dim(int axis) {
    return dims[axis(axis)];
  }

  /** The axis number in {@code [0, rank)} that a possibly negative axis means. */
  public int axis(int axis) {
    return axis("", axis);
  }

  /** {@link #axis(int)} with an error that says what needed the axis, unless that is empty. */
  int axis(String operation, int axis) {
    int a = axis < 0 ? axis + dims.length : axis;
    if (a < 0 || a >= dims.length) {
      throw new IllegalArgumentException(
          (operation.isEmpty() ? "" : operation + ": ")
              + ("axis " + axis + " does not exist in shape " + this + " of rank " + rank()));
    }
    return a;
  }

  /** Number of elements: the product of the extents, 1 for a scalar. */
  public long size() {
    return size;
  }

  /** A copy of the extents. */
  public int[] dims() {
    return dims.clone();
  }

  /** This shape with one extent replaced. */
  public Shape with(int axis, int extent) {
    int[] d = dims.clone();
    d[axis(axis)] = extent;
    return new Shape(d);
  }

  /** This shape with an axis inserted before {@code axis} (which may equal the rank). */
  public Shape insert(int axis, int extent) {
    if (axis < 0 || axis > dims.length) {
      throw new IllegalArgumentException(
          "insert: axis " + axis + " does not fit shape " + this + " of rank " + rank());
    }
    int[] d = new int[dims.length + 1];
    System.arraycopy(dims, 0, d, 0, axis);
    d[axis] = extent;
    System.arraycopy(dims, axis, d, axis + 1, dims.length - axis);
    return new Shape(d);
  }

  /** This shape without one axis. */
  public Shape drop(int axis) {
    int a = axis(axis);
    int[] d = new int[dims.length - 1];
    System.arraycopy(dims, 0, d, 0, a);
    System.arraycopy(dims, a + 1, d, a, dims.length - a - 1);
    return new Shape(d);
  }

  /** Row-major strides in elements. */
  public long[] contiguousStrides() {
    long[] strides = new long[dims.length];
    long step = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      strides[i] = step;
      step *= Math.max(1, dims[i]);
    }
    return strides;
  }

  /** Whether this shape broadcasts to {@code target}: from the last axis on equal, or 1 here. */
  boolean broadcastsTo(Shape target) {
    int lead = target.rank() - rank();
    boolean fits = lead >= 0;
    for (int i = 0; fits && i < rank(); i++) {
      fits = dims[i] == 1 || dims[i] == target.dims[lead + i];
    }
    return fits;
  }

  /**
   * The shape that both operands broadcast to by NumPy's rule: axes are aligned at the last, extent
   * 1 stretches.
   *
   * @throws IllegalArgumentException naming {@code operation} and both shapes when they do not fit
   */
  public static Shape broadcast(String operation, Shape a, Shape b) {
    if (a.equals(b)) {
      return a;
    }
    int rank = Math.max(a.rank(), b.rank());
    int[] d = new int[rank];
    for (int i = 1; i <= rank; i++) {
      int x = i <= a.rank() ? a.dims[a.rank() - i] : 1;
      int y = i <= b.rank() ? b.dims[b.rank() - i] : 1;
      if (x != y && x != 1 && y != 1) {
        throw new IllegalArgumentException(
            operation
                + ": shapes "
                + a
                + " and "
                + b
                + " do not broadcast: extents "
                + x
                + " and "
                + y
                + " at axis -"
                + i
                + " differ and neither is 1");
      }
      d[rank - i] = x == 1 ? y : x;
    }
    return new Shape(d);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** As in {@code [2, 3]}. */
  @Override
  public String toString() {
    return Arrays.toString(dims);
  }
}
