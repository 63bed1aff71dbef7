package dev.hindsight.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * An n-dimensional array: a type, a shape, strides and an offset over a {@link Storage}. Views
 * (slice, transpose, permute, reshape of contiguous memory, expand) share the storage and copy
 * nothing. Strides and offset count elements.
 */
public final class Tensor {
  private final Storage storage;
  private final DType dtype;
  private final Shape shape;
  private final long[] strides;
  private final long offset;

  /**
   * A view of {@code storage}, which keeps {@code strides}; bounds are the caller's promise.
   *
   * @throws IllegalArgumentException when strides are negative or not one an axis: kernels read
   *     forwards only
   */
  public Tensor(Storage storage, DType dtype, Shape shape, long[] strides, long offset) {
    if (strides.length != shape.rank()) {
      throw new IllegalArgumentException(
          "tensor: " + strides.length + " strides given for shape " + shape);
    }
    for (long stride : strides) {
      if (stride < 0) {
        throw new IllegalArgumentException(
            "tensor: strides "
                + Arrays.toString(strides)
                + " given for shape "
                + shape
                + "; they must not be negative: gather the rows in reverse instead");
      }
    }
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
  }

  /** A contiguous tensor at the start of {@code storage}. */
  public Tensor(Storage storage, DType dtype, Shape shape) {
    this(storage, dtype, shape, shape.contiguousStrides(), 0);
  }

  /** A new F32 tensor with these elements in row-major order. */
  public static Tensor of(Backend backend, Shape shape, float... elements) {
    requireCount(shape, elements.length);
    Tensor t = TensorOps.empty(backend, DType.F32, shape);
    TensorOps.upload(MemorySegment.ofArray(elements), t);
    return t;
  }

  /** A new F64 tensor with these elements in row-major order. */
  public static Tensor of(Backend backend, Shape shape, double... elements) {
    requireCount(shape, elements.length);
    Tensor t = TensorOps.empty(backend, DType.F64, shape);
    TensorOps.upload(MemorySegment.ofArray(elements), t);
    return t;
  }

  /**
   * A new tensor of a floating-point type with these elements in row-major order, rounded on the
   * host: a device may have no kernels for F64.
   */
  public static Tensor of(Backend backend, DType dtype, Shape shape, double... elements) {
    if (dtype != DType.F32) {
      return TensorOps.cast(of(backend, shape, elements), dtype);
    }
    float[] narrow = new float[elements.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) elements[i];
    }
    return of(backend, shape, narrow);
  }

  /** A new I32 tensor with these elements in row-major order. */
  public static Tensor of(Backend backend, Shape shape, int... elements) {
    requireCount(shape, elements.length);
    Tensor t = TensorOps.empty(backend, DType.I32, shape);
    TensorOps.upload(MemorySegment.ofArray(elements), t);
    return t;
  }

  private static void requireCount(Shape shape, int given) {
    if (shape.size() != given) {
      throw new IllegalArgumentException(
          "tensor: shape "
              + shape
              + " has "
              + shape.size()
              + " elements, but "
              + given
              + " were given");
    }
  }

  /** The memory that holds the elements, shared by views. */
  public Storage storage() {
    return storage;
  }

  /** The backend that owns the storage. */
  public Backend backend() {
    return storage.backend();
  }

  /** The type of the elements. */
  public DType dtype() {
    return dtype;
  }

  /** The extents. */
  public Shape shape() {
    return shape;
  }

  /** Number of axes. */
  public int rank() {
    return shape.rank();
  }

  /** The extent of an axis; negative axes count from the last. */
  public int dim(int axis) {
    return shape.dim(axis);
  }

  /** Number of elements. */
  public long size() {
    return shape.size();
  }

  /** Elements between neighbours along an axis; negative axes count from the last. */
  public long stride(int axis) {
    return strides[shape.axis(axis)];
  }

  /** A copy of the strides. */
  public long[] strides() {
    return strides.clone();
  }

  /** The first element's index in the storage. */
  public long offset() {
    return offset;
  }

  /** Whether the elements lie in row-major order without gaps. */
  public boolean isContiguous() {
    long step = 1;
    for (int i = shape.rank() - 1; i >= 0; i--) {
      int d = shape.dim(i);
      if (d != 1 && strides[i] != step) {
        return size() == 0;
      }
      step *= Math.max(1, d);
    }
    return true;
  }

  // ------------------------------------------------------------------ views

  /** Axes {@code a} and {@code b} exchanged. */
  public Tensor transpose(int a, int b) {
    int[] order = new int[rank()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    int first = shape.axis("transpose", a);
    int second = shape.axis("transpose", b);
    order[first] = second;
    order[second] = first;
    return permute(order);
  }

  /** Axis {@code i} of the result is axis {@code order[i]} of this. */
  public Tensor permute(int... order) {
    if (order.length != rank()) {
      throw new IllegalArgumentException(
          "permute: " + order.length + " axes given for shape " + shape + " of rank " + rank());
    }
    int[] dims = new int[order.length];
    long[] steps = new long[order.length];
    boolean[] seen = new boolean[order.length];
    for (int i = 0; i < order.length; i++) {
      int a = shape.axis("permute", order[i]);
      if (seen[a]) {
        throw new IllegalArgumentException(
            "permute: axis " + a + " appears twice in " + Arrays.toString(order));
      }
      seen[a] = true;
      dims[i] = shape.dim(a);
      steps[i] = strides[a];
    }
    return new Tensor(storage, dtype, Shape.of(dims), steps, offset);
  }

  /** Elements {@code from} (inclusive) to {@code to} (exclusive) of an axis. */
  public Tensor slice(int axis, int from, int to) {
    int a = shape.axis("slice", axis);
    if (from < 0 || to < from || to > shape.dim(a)) {
      throw new IllegalArgumentException(
          "slice: range ["
              + from
              + ", "
              + to
              + ") does not lie in axis "
              + axis
              + " of shape "
              + shape);
    }
    Shape part = shape.with(a, to - from);
    // nothing begins nowhere: an offset beyond the storage would fail bounds checks of empty copies
    long begin = part.size() == 0 ? offset : offset + from * strides[a];
    return new Tensor(storage, dtype, part, strides, begin);
  }

  /** One index of an axis; the axis disappears. */
  public Tensor select(int axis, int index) {
    int a = shape.axis("select", axis);
    if (index < 0 || index >= shape.dim(a)) {
      throw new IllegalArgumentException(
          "select: index " + index + " does not lie in axis " + axis + " of shape " + shape);
    }
    return slice(a, index, index + 1).squeeze(a);
  }

  /** Without an axis of extent 1. */
  public Tensor squeeze(int axis) {
    int a = shape.axis("squeeze", axis);
    if (shape.dim(a) != 1) {
      throw new IllegalArgumentException(
          "squeeze: axis " + axis + " of shape " + shape + " has not extent 1");
    }
    long[] steps = new long[rank() - 1];
    System.arraycopy(strides, 0, steps, 0, a);
    System.arraycopy(strides, a + 1, steps, a, steps.length - a);
    return new Tensor(storage, dtype, shape.drop(a), steps, offset);
  }

  /** With an axis of extent 1 inserted before {@code axis}; -1 appends it. */
  public Tensor unsqueeze(int axis) {
    int a = axis < 0 ? axis + rank() + 1 : axis;
    if (a < 0 || a > rank()) {
      throw new IllegalArgumentException(
          "unsqueeze: axis " + axis + " does not fit shape " + shape + " of rank " + rank());
    }
    long[] steps = new long[rank() + 1];
    System.arraycopy(strides, 0, steps, 0, a);
    steps[a] = 1;
    System.arraycopy(strides, a, steps, a + 1, rank() - a);
    return new Tensor(storage, dtype, shape.insert(a, 1), steps, offset);
  }

  /** Broadcast to {@code target} by stride 0. */
  public Tensor expand(Shape target) {
    if (shape.equals(target)) {
      return this;
    }
    if (!shape.broadcastsTo(target)) {
      throw new IllegalArgumentException(
          "expand: shape " + shape + " does not broadcast to " + target);
    }
    int lead = target.rank() - rank();
    long[] steps = new long[target.rank()];
    for (int i = 0; i < rank(); i++) {
      steps[lead + i] = shape.dim(i) == target.dim(lead + i) ? strides[i] : 0;
    }
    return new Tensor(storage, dtype, target, steps, offset);
  }

  /**
   * Another shape over the same elements; this must be contiguous ({@link TensorOps#contiguous}
   * makes it so).
   */
  public Tensor reshape(Shape target) {
    if (target.size() != size()) {
      throw new IllegalArgumentException(
          "reshape: shape "
              + shape
              + " has "
              + size()
              + " elements, "
              + target
              + " has "
              + target.size());
    }
    if (!isContiguous()) {
      throw new IllegalArgumentException(
          "reshape: a view of shape "
              + shape
              + " is not contiguous; call TensorOps.contiguous first");
    }
    return new Tensor(storage, dtype, target, target.contiguousStrides(), offset);
  }

  // ---------------------------------------------------------------- reading

  /** All elements in row-major order, as float; F64 rounds. */
  public float[] toFloats() {
    Tensor t = TensorOps.contiguous(dtype == DType.F32 ? this : TensorOps.cast(this, DType.F32));
    try (Arena arena = Arena.ofConfined()) {
      return t.download(arena).toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** All elements in row-major order, as double. */
  public double[] toDoubles() {
    if (dtype == DType.F32) { // widened here: a device may have no kernels for F64
      float[] narrow = toFloats();
      double[] values = new double[narrow.length];
      Arrays.setAll(values, i -> narrow[i]);
      return values;
    }
    Tensor t = TensorOps.contiguous(dtype == DType.F64 ? this : TensorOps.cast(this, DType.F64));
    try (Arena arena = Arena.ofConfined()) {
      return t.download(arena).toArray(ValueLayout.JAVA_DOUBLE);
    }
  }

  /** All elements of an I32 tensor in row-major order. */
  public int[] toInts() {
    if (dtype != DType.I32) {
      throw new IllegalArgumentException(
          "toInts: the tensor holds " + dtype + ", not I32; cast it first");
    }
    try (Arena arena = Arena.ofConfined()) {
      return TensorOps.contiguous(this).download(arena).toArray(ValueLayout.JAVA_INT);
    }
  }

  private MemorySegment download(Arena arena) {
    MemorySegment host = arena.allocate(size() * dtype.bytes(), 8);
    TensorOps.download(this, host);
    return host;
  }

  /** The only element of a tensor of size 1. */
  public double item() {
    if (size() != 1) {
      throw new IllegalArgumentException(
          "item: shape " + shape + " has " + size() + " elements, expected 1");
    }
    return toDoubles()[0];
  }

  /** A copy on another backend, through host memory; this tensor itself when it is there. */
  public Tensor to(Backend backend) {
    if (backend() == backend) {
      return this;
    }
    Tensor x = TensorOps.contiguous(this);
    Tensor out = TensorOps.empty(backend, dtype, shape);
    try (Arena arena = Arena.ofConfined()) {
      TensorOps.upload(x.download(arena), out);
    }
    return out;
  }

  /** A contiguous copy in memory that outlives every workspace. */
  public Tensor keep() {
    return Workspace.outside(() -> TensorOps.copyOf(this));
  }

  /** As in {@code F32[2, 3]}. */
  @Override
  public String toString() {
    return dtype + shape.toString();
  }
}
