package dev.hindsight.engine;

import static dev.hindsight.engine.OperandChecks.apart;
import static dev.hindsight.engine.OperandChecks.computing;
import static dev.hindsight.engine.OperandChecks.destination;
import static dev.hindsight.engine.OperandChecks.disjoint;
import static dev.hindsight.engine.OperandChecks.inPlaceOrDisjoint;
import static dev.hindsight.engine.OperandChecks.lastAxis;
import static dev.hindsight.engine.OperandChecks.owner;
import static dev.hindsight.engine.OperandChecks.require;
import static dev.hindsight.engine.OperandChecks.requireContiguous;
import static dev.hindsight.engine.OperandChecks.requireIndices;
import static dev.hindsight.engine.OperandChecks.requireRank;
import static dev.hindsight.engine.OperandChecks.sameShape;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The checked front of {@link Backend} for what any array needs: memory, elementwise functions,
 * reductions, matrix products, indexing, and the updates of optimisers. {@link LayerOps} has the
 * layers of networks.
 *
 * <p>Every call verifies liveness, owner, type and shape, allocates the destination from the open
 * {@link Workspace} (or persistent memory), and hands over to the backend that owns the operands.
 * Operands that do not fit are an {@link IllegalArgumentException} that names the operation, what
 * came and what was expected; an operand whose workspace was reset is an {@link
 * IllegalStateException}.
 */
public final class TensorOps {
  /** Far beyond any machine, and far from where sums of sizes overflow. */
  private static final long LARGEST = Long.MAX_VALUE / 4;

  private TensorOps() {}

  // ------------------------------------------------------------- allocation

  /**
   * An uninitialised tensor from the workspace that is open on this thread, else from persistent
   * memory.
   *
   * @throws OutOfMemoryError when there is no room; the message says how to make some
   */
  public static Tensor empty(Backend backend, DType dtype, Shape shape) {
    require(
        shape.size() <= LARGEST / dtype.bytes(),
        "empty: %s%s needs more bytes than any memory has",
        dtype,
        shape);
    long bytes = shape.size() * dtype.bytes();
    Workspace workspace = Workspace.current();
    Storage storage =
        workspace != null && workspace.backend() == backend
            ? workspace.allocate(bytes)
            : backend.allocate(bytes);
    return new Tensor(storage, dtype, shape);
  }

  /** A tensor of zeros. */
  public static Tensor zeros(Backend backend, DType dtype, Shape shape) {
    return full(backend, dtype, shape, 0);
  }

  /** A tensor whose elements are all {@code value}. */
  public static Tensor full(Backend backend, DType dtype, Shape shape, double value) {
    Tensor out = empty(backend, dtype, shape);
    fill(out, value);
    return out;
  }

  /** An uninitialised tensor of the backend, type and shape of {@code x}. */
  static Tensor like(Tensor x) {
    return empty(x.backend(), x.dtype(), x.shape());
  }

  /** An uninitialised tensor of the backend and type of {@code x}. */
  static Tensor like(Tensor x, Shape shape) {
    return empty(x.backend(), x.dtype(), shape);
  }

  // ------------------------------------------------------------------ moves

  /** See {@link Backend#upload}. */
  public static void upload(MemorySegment host, Tensor out) {
    requireContiguous("upload", out);
    require(
        host.byteSize() == out.size() * out.dtype().bytes(),
        "upload: %s needs %d bytes, %d were given",
        out,
        out.size() * out.dtype().bytes(),
        host.byteSize());
    destination("upload", out).upload(host, out);
  }

  /** See {@link Backend#download}. */
  public static void download(Tensor x, MemorySegment host) {
    requireContiguous("download", x);
    require(
        host.byteSize() == x.size() * x.dtype().bytes(),
        "download: %s has %d bytes, there is room for %d",
        x,
        x.size() * x.dtype().bytes(),
        host.byteSize());
    owner("download", x).download(x, host);
  }

  /** Sets every element of {@code out}. */
  public static void fill(Tensor out, double value) {
    destination("fill", out).fill(out, value);
  }

  /** Copies and converts {@code x} into {@code out}; any strides on both, one shape. */
  public static void copy(Tensor x, Tensor out) {
    sameShape("copy", x, out);
    owner("copy", x, out);
    inPlaceOrDisjoint("copy", out, x);
    destination("copy", out).copy(x, out);
  }

  /** A contiguous copy. */
  public static Tensor copyOf(Tensor x) {
    Tensor out = like(x);
    copy(x, out);
    return out;
  }

  /** {@code x} itself when it is contiguous, else a contiguous copy. */
  public static Tensor contiguous(Tensor x) {
    return x.isContiguous() ? x : copyOf(x);
  }

  /** {@code x} in another type; {@code x} itself when it has that type. */
  public static Tensor cast(Tensor x, DType dtype) {
    if (x.dtype() == dtype) {
      return x;
    }
    Tensor out = empty(x.backend(), dtype, x.shape());
    copy(x, out);
    return out;
  }

  /** {@code x} in another shape: a view when {@code x} is contiguous, else a view of a copy. */
  public static Tensor reshape(Tensor x, Shape shape) {
    return contiguous(x).reshape(shape);
  }

  // ------------------------------------------------------------ elementwise

  /** {@code op(x)}. */
  public static Tensor unary(UnaryOp op, Tensor x) {
    computing(op.label, x);
    Tensor out = like(x);
    destination(op.label, out).unary(op, x, out);
    return out;
  }

  /** See {@link Backend#unaryBackward}. */
  public static Tensor unaryBackward(UnaryOp op, Tensor x, Tensor y, Tensor dy) {
    String name = op.backwardLabel;
    computing(name, x, y, dy);
    sameShape(name, x, y);
    sameShape(name, x, dy);
    Tensor dx = like(x);
    destination(name, dx).unaryBackward(op, x, y, dy, dx);
    return dx;
  }

  /** {@code op(a, b)} with broadcasting. */
  public static Tensor binary(BinaryOp op, Tensor a, Tensor b) {
    String name = op.label;
    computing(name, a, b);
    Shape shape = Shape.broadcast(name, a.shape(), b.shape());
    Tensor out = like(a, shape);
    destination(name, out).binary(op, a.expand(shape), b.expand(shape), out);
    return out;
  }

  /** {@code a + b} with broadcasting. */
  public static Tensor add(Tensor a, Tensor b) {
    return binary(BinaryOp.ADD, a, b);
  }

  /** {@code a - b} with broadcasting. */
  public static Tensor sub(Tensor a, Tensor b) {
    return binary(BinaryOp.SUB, a, b);
  }

  /** {@code a * b} with broadcasting. */
  public static Tensor mul(Tensor a, Tensor b) {
    return binary(BinaryOp.MUL, a, b);
  }

  /** {@code a / b} with broadcasting. */
  public static Tensor div(Tensor a, Tensor b) {
    return binary(BinaryOp.DIV, a, b);
  }

  /** {@code x * scale + shift}. */
  public static Tensor affine(Tensor x, double scale, double shift) {
    computing("affine", x);
    Tensor out = like(x);
    destination("affine", out).affine(x, scale, shift, out);
    return out;
  }

  /** {@code min(max(x, low), high)}. */
  public static Tensor clamp(Tensor x, double low, double high) {
    computing("clamp", x);
    require(low <= high, "clamp: low %s must not exceed high %s", low, high);
    Tensor out = like(x);
    destination("clamp", out).clamp(x, low, high, out);
    return out;
  }

  /** {@code condition != 0 ? a : b} with broadcasting. */
  public static Tensor where(Tensor condition, Tensor a, Tensor b) {
    computing("where", condition, a, b);
    Shape shape =
        Shape.broadcast("where", condition.shape(), Shape.broadcast("where", a.shape(), b.shape()));
    Tensor out = like(a, shape);
    destination("where", out).where(condition.expand(shape), a.expand(shape), b.expand(shape), out);
    return out;
  }

  /** {@code out += x * scale} in place. */
  public static void addScaled(Tensor x, double scale, Tensor out) {
    computing("addScaled", x, out);
    sameShape("addScaled", x, out);
    requireContiguous("addScaled", out);
    inPlaceOrDisjoint("addScaled", out, x);
    destination("addScaled", out).addScaled(x, scale, out);
  }

  // ------------------------------------------------------------- reductions

  /**
   * Reduces the given axes, which stay with extent 1; no axes means all. ARGMAX takes one axis and
   * gives I32.
   */
  public static Tensor reduce(ReduceOp op, Tensor x, int... axes) {
    String name = op.label;
    computing(name, x);
    Shape shape = x.shape();
    if (axes.length == 0) {
      axes = IntStream.range(0, x.rank()).toArray();
    }
    require(
        op != ReduceOp.ARGMAX || axes.length == 1,
        "argmax: takes exactly one axis, got %d",
        axes.length);
    long reduced = 1;
    for (int axis : axes) {
      int a = shape.axis(name, axis);
      reduced *= x.dim(a);
      shape = shape.with(a, 1);
    }
    boolean hasIdentity = op == ReduceOp.SUM || op == ReduceOp.PROD || op == ReduceOp.LOGSUMEXP;
    require(reduced > 0 || hasIdentity, "%s: nothing to reduce in %s", name, x);
    Tensor out = empty(x.backend(), op == ReduceOp.ARGMAX ? DType.I32 : x.dtype(), shape);
    destination(name, out).reduce(op, x, out);
    return out;
  }

  /**
   * Sums {@code x} over the axes along which {@code target} was broadcast: the transpose of {@link
   * Tensor#expand}.
   */
  public static Tensor sumTo(Tensor x, Shape target) {
    if (x.shape().equals(target)) {
      return x;
    }
    int lead = x.rank() - target.rank();
    require(target.broadcastsTo(x.shape()), "sumTo: %s does not broadcast to %s", target, x);
    int[] axes =
        IntStream.range(0, x.rank())
            .filter(i -> i < lead || (target.dim(i - lead) == 1 && x.dim(i) != 1))
            .toArray();
    Tensor sum = axes.length == 0 ? x : reduce(ReduceOp.SUM, x, axes);
    return reshape(sum, target);
  }

  /** Sum of the squares of all elements, accumulated in double precision in one fixed order. */
  public static double sumOfSquares(Tensor x) {
    computing("sumOfSquares", x);
    return x.backend().sumOfSquares(x);
  }

  /** {@link #sumOfSquares(Tensor)} of each tensor, added in their order, in one pass over all. */
  public static double sumOfSquares(List<Tensor> tensors) {
    if (tensors.isEmpty()) {
      return 0;
    }
    computing("sumOfSquares", tensors.toArray(Tensor[]::new));
    return tensors.getFirst().backend().sumOfSquares(tensors);
  }

  // ----------------------------------------------------------------- matmul

  /** Matrix product over the last two axes, batch axes broadcast. */
  public static Tensor matmul(Tensor a, Tensor b) {
    Tensor out = like(a, matmulShape(a, b));
    matmul(a, b, out, false);
    return out;
  }

  /**
   * {@code out = a b}, or {@code out += a b} when {@code accumulate}; {@code out}'s last stride
   * must be 1.
   */
  public static void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    computing("matmul", a, b, out);
    Shape shape = matmulShape(a, b);
    require(
        out.shape().equals(shape),
        "matmul: %s x %s gives %s, but the destination is %s",
        a,
        b,
        shape,
        out);
    require(
        out.dim(-1) <= 1 || out.stride(-1) == 1,
        "matmul: the destination's last axis must have stride 1, it has %d",
        out.stride(-1));
    disjoint("matmul", out, a, b);
    int batch = shape.rank() - 2;
    Shape as = shape.with(-1, a.dim(-1));
    Shape bs = shape.with(-2, b.dim(-2));
    destination("matmul", out)
        .matmul(batch == 0 ? a : a.expand(as), batch == 0 ? b : b.expand(bs), out, accumulate);
  }

  private static Shape matmulShape(Tensor a, Tensor b) {
    require(
        a.rank() >= 2 && b.rank() >= 2,
        "matmul: operands need rank 2 or more, got %s and %s",
        a,
        b);
    require(
        a.dim(-1) == b.dim(-2),
        "matmul: %s x %s: inner extents %d and %d differ",
        a,
        b,
        a.dim(-1),
        b.dim(-2));
    Shape batch =
        Shape.broadcast("matmul", a.shape().drop(-1).drop(-1), b.shape().drop(-1).drop(-1));
    return batch.insert(batch.rank(), a.dim(-2)).insert(batch.rank() + 1, b.dim(-1));
  }

  // --------------------------------------------------------------- indexing

  /**
   * Rows of a table: {@code table [V, D]}, {@code ids [N]} I32 gives {@code [N, D]}.
   *
   * @throws IndexOutOfBoundsException on CPU backends, when an id is not below V
   */
  public static Tensor gatherRows(Tensor table, Tensor ids) {
    owner("gatherRows", table);
    requireRank("gatherRows", table, 2);
    requireIndices("gatherRows", table, ids, 1);
    Tensor out = like(table, Shape.of(ids.dim(0), table.dim(1)));
    destination("gatherRows", out).gatherRows(table, ids, out);
    return out;
  }

  /** {@code out[ids[n], :] += rows[n, :]}; any strides on both. */
  public static void scatterAddRows(Tensor rows, Tensor ids, Tensor out) {
    computing("scatterAddRows", rows, out);
    requireIndices("scatterAddRows", rows, ids, 1);
    require(
        rows.rank() == 2
            && out.rank() == 2
            && rows.dim(0) == ids.dim(0)
            && rows.dim(1) == out.dim(1),
        "scatterAddRows: rows %s and ids %s do not fit destination %s",
        rows,
        ids,
        out);
    disjoint("scatterAddRows", out, rows, ids);
    destination("scatterAddRows", out).scatterAddRows(rows, ids, out);
  }

  /**
   * Elements of the last axis: {@code x [..., V]}, {@code index [..., K]} I32 gives {@code [...,
   * K]}.
   */
  public static Tensor gatherLast(Tensor x, Tensor index) {
    owner("gatherLast", x);
    requireIndices("gatherLast", x, index, x.rank());
    require(
        x.rank() >= 1 && x.shape().drop(-1).equals(index.shape().drop(-1)),
        "gatherLast: %s and index %s differ before the last axis",
        x,
        index);
    Tensor out = like(x, index.shape());
    destination("gatherLast", out).gatherLast(x, index, out);
    return out;
  }

  /** A tensor {@code [..., extent]} of zeros to which {@code x} was added at {@code index}. */
  public static Tensor scatterAddLast(Tensor x, Tensor index, int extent) {
    lastAxis("scatterAddLast", x);
    requireIndices("scatterAddLast", x, index, x.rank());
    sameShape("scatterAddLast", x, index);
    require(extent >= 0, "scatterAddLast: the extent must not be negative, got %d", extent);
    Tensor out = zeros(x.backend(), x.dtype(), x.shape().with(-1, extent));
    destination("scatterAddLast", out).scatterAddLast(x, index, out);
    return out;
  }

  /** Values and indices of the {@code k} largest along the last axis, descending. */
  public static TopK topK(Tensor x, int k) {
    computing("topK", x);
    require(x.rank() >= 1 && k >= 0 && k <= x.dim(-1), "topK: k = %d does not fit %s", k, x);
    Shape shape = x.shape().with(-1, k);
    Tensor values = like(x, shape);
    Tensor indices = empty(x.backend(), DType.I32, shape);
    destination("topK", values).topK(x, values, indices);
    return new TopK(values, indices);
  }

  /** See {@link #topK}. */
  public record TopK(Tensor values, Tensor indices) {}

  // -------------------------------------------------------------- optimiser

  /** One AdamW update in place. */
  public static void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    updating(parameter, gradient, m, v).adamW(parameter, gradient, m, v, step);
  }

  /**
   * {@link #adamW(Tensor, Tensor, Tensor, Tensor, AdamWStep)} of several parameters in one pass,
   * which also moves their averages: {@code average += averageRate (parameter - average)}, with the
   * bits of {@link #lerp} after the update. No two parameters share memory: tied weights are one.
   *
   * @param averages one a parameter, or none at all
   */
  public static void adamW(
      List<Tensor> parameters,
      List<Tensor> gradients,
      List<Tensor> m,
      List<Tensor> v,
      AdamWStep step,
      List<Tensor> averages,
      double averageRate) {
    int count = parameters.size();
    require(
        gradients.size() == count && m.size() == count && v.size() == count,
        "adamW: %d parameters, but %d gradients, %d and %d moments",
        count,
        gradients.size(),
        m.size(),
        v.size());
    require(
        averages.isEmpty() || averages.size() == count,
        "adamW: %d parameters, but %d averages; expected one each, or none",
        count,
        averages.size());
    if (count == 0) {
      return;
    }
    computing("adamW", parameters.toArray(Tensor[]::new));
    eachApart(parameters);
    eachApart(m);
    eachApart(v);
    eachApart(averages);
    for (int i = 0; i < count; i++) {
      updating(parameters.get(i), gradients.get(i), m.get(i), v.get(i));
    }
    for (int i = 0; i < averages.size(); i++) {
      Tensor average = averages.get(i);
      computing("adamW", parameters.get(i), average);
      sameShape("adamW", parameters.get(i), average);
      requireContiguous("adamW", average);
      disjoint("adamW", average, parameters.get(i), gradients.get(i), m.get(i), v.get(i));
      destination("adamW", average);
    }
    parameters.getFirst().backend().adamW(parameters, gradients, m, v, step, averages, averageRate);
  }

  /** Tensors that one loop writes: two over the same memory would be written by two threads. */
  private static void eachApart(List<Tensor> written) {
    for (int i = 1; i < written.size(); i++) {
      for (int j = 0; j < i; j++) {
        apart("adamW", written.get(j), written.get(i));
      }
    }
  }

  /** Checks the operands of an update and counts its writes; the backend that does it. */
  private static Backend updating(Tensor parameter, Tensor gradient, Tensor m, Tensor v) {
    computing("adamW", parameter, gradient, m, v);
    sameShape("adamW", parameter, gradient);
    sameShape("adamW", parameter, m);
    sameShape("adamW", parameter, v);
    requireContiguous("adamW", parameter);
    requireContiguous("adamW", gradient);
    requireContiguous("adamW", m);
    requireContiguous("adamW", v);
    disjoint("adamW", parameter, gradient);
    disjoint("adamW", m, gradient);
    disjoint("adamW", v, gradient);
    apart("adamW", parameter, m);
    apart("adamW", parameter, v);
    apart("adamW", m, v);
    destination("adamW", m);
    destination("adamW", v);
    return destination("adamW", parameter);
  }

  /** {@code out += rate (x - out)} in place. */
  public static void lerp(Tensor x, double rate, Tensor out) {
    computing("lerp", x, out);
    sameShape("lerp", x, out);
    requireContiguous("lerp", out);
    inPlaceOrDisjoint("lerp", out, x);
    destination("lerp", out).lerp(x, rate, out);
  }
}
