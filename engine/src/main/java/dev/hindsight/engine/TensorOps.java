package dev.hindsight.engine;

import static dev.hindsight.engine.OperandChecks.computing;
import static dev.hindsight.engine.OperandChecks.destination;
import static dev.hindsight.engine.OperandChecks.gradient;
import static dev.hindsight.engine.OperandChecks.lastAxis;
import static dev.hindsight.engine.OperandChecks.owner;
import static dev.hindsight.engine.OperandChecks.require;
import static dev.hindsight.engine.OperandChecks.requireContiguous;
import static dev.hindsight.engine.OperandChecks.requireHeads;
import static dev.hindsight.engine.OperandChecks.requireIndices;
import static dev.hindsight.engine.OperandChecks.requireRank;
import static dev.hindsight.engine.OperandChecks.requireRows;
import static dev.hindsight.engine.OperandChecks.requireStatistic;
import static dev.hindsight.engine.OperandChecks.requireTargets;
import static dev.hindsight.engine.OperandChecks.sameShape;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The checked front of {@link Backend}: every call verifies liveness, owner, type and shape,
 * allocates the destination from the open {@link Workspace} (or persistent memory), and hands over
 * to the backend that owns the operands. Errors name the operation, what came and what was
 * expected.
 */
public final class TensorOps {
  private TensorOps() {}

  // ------------------------------------------------------------- allocation

  /**
   * An uninitialised tensor from the workspace that is open on this thread, else from persistent
   * memory.
   */
  public static Tensor empty(Backend backend, DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.size(), (long) dtype.bytes());
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

  private static Tensor like(Tensor x) {
    return empty(x.backend(), x.dtype(), x.shape());
  }

  private static Tensor like(Tensor x, Shape shape) {
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

  public static Tensor add(Tensor a, Tensor b) {
    return binary(BinaryOp.ADD, a, b);
  }

  public static Tensor sub(Tensor a, Tensor b) {
    return binary(BinaryOp.SUB, a, b);
  }

  public static Tensor mul(Tensor a, Tensor b) {
    return binary(BinaryOp.MUL, a, b);
  }

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
      axes = java.util.stream.IntStream.range(0, x.rank()).toArray();
    }
    require(
        op != ReduceOp.ARGMAX || axes.length == 1,
        "argmax: takes exactly one axis, got %d",
        axes.length);
    long reduced = 1;
    for (int axis : axes) {
      reduced *= x.dim(axis);
      shape = shape.with(axis, 1);
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
    int[] axes =
        java.util.stream.IntStream.range(0, x.rank())
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
   * Rows of a table: {@code table [V, D]}, {@code ids [N]} I32 gives {@code [N, D]}. Ids are
   * checked against V.
   */
  public static Tensor gatherRows(Tensor table, Tensor ids) {
    owner("gatherRows", table);
    requireRank("gatherRows", table, 2);
    requireIndices("gatherRows", table, ids, 1);
    Tensor out = like(table, Shape.of(ids.dim(0), table.dim(1)));
    destination("gatherRows", out).gatherRows(table, ids, out);
    return out;
  }

  /** {@code out[ids[n], :] += rows[n, :]}. */
  public static void scatterAddRows(Tensor rows, Tensor ids, Tensor out) {
    computing("scatterAddRows", rows, out);
    requireIndices("scatterAddRows", rows, ids, 1);
    requireContiguous("scatterAddRows", out);
    require(
        rows.rank() == 2
            && out.rank() == 2
            && rows.dim(0) == ids.dim(0)
            && rows.dim(1) == out.dim(1),
        "scatterAddRows: rows %s and ids %s do not fit destination %s",
        rows,
        ids,
        out);
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

  // ------------------------------------------------------ softmax and norms

  /** Softmax over the last axis. */
  public static Tensor softmax(Tensor x) {
    lastAxis("softmax", x);
    Tensor out = like(x);
    destination("softmax", out).softmax(x, out);
    return out;
  }

  /** See {@link Backend#softmaxBackward}. */
  public static Tensor softmaxBackward(Tensor y, Tensor dy) {
    computing("softmax backward", y, dy);
    sameShape("softmax backward", y, dy);
    Tensor dx = like(y);
    destination("softmax backward", dx).softmaxBackward(y, dy, dx);
    return dx;
  }

  /** Log-softmax over the last axis. */
  public static Tensor logSoftmax(Tensor x) {
    lastAxis("logSoftmax", x);
    Tensor out = like(x);
    destination("logSoftmax", out).logSoftmax(x, out);
    return out;
  }

  /** See {@link Backend#logSoftmaxBackward}. */
  public static Tensor logSoftmaxBackward(Tensor y, Tensor dy) {
    computing("logSoftmax backward", y, dy);
    sameShape("logSoftmax backward", y, dy);
    Tensor dx = like(y);
    destination("logSoftmax backward", dx).logSoftmaxBackward(y, dy, dx);
    return dx;
  }

  /** Output and the reciprocal root mean square of each row. */
  public record RmsNorm(Tensor out, Tensor rstd) {}

  /** See {@link Backend#rmsNorm}: {@code x [N, D]}, {@code weight [D]}. */
  public static RmsNorm rmsNorm(Tensor x, Tensor weight, double epsilon) {
    computing("rmsNorm", x, weight);
    requireRows("rmsNorm", x, weight);
    RmsNorm y = new RmsNorm(like(x), like(x, Shape.of(x.dim(0))));
    destination("rmsNorm", y.out).rmsNorm(x, weight, epsilon, y.out, y.rstd);
    return y;
  }

  /** Gradients of {@link #rmsNorm}; a destination that is null is not computed. */
  public static void rmsNormBackward(
      Tensor x,
      Tensor weight,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight) {
    computing("rmsNorm backward", x, weight, rstd, dy);
    requireRows("rmsNorm backward", x, weight);
    requireStatistic("rmsNorm backward", x, rstd);
    sameShape("rmsNorm backward", x, dy);
    gradient("rmsNorm backward", x, dx);
    gradient("rmsNorm backward", weight, dWeight);
    x.backend().rmsNormBackward(x, weight, rstd, dy, dx, dWeight);
  }

  /** Output, mean and reciprocal standard deviation of each row. */
  public record LayerNorm(Tensor out, Tensor mean, Tensor rstd) {}

  /** See {@link Backend#layerNorm}: {@code x [N, D]}, {@code weight, bias [D]}. */
  public static LayerNorm layerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon) {
    computing("layerNorm", x, weight, bias);
    requireRows("layerNorm", x, weight);
    requireRows("layerNorm", x, bias);
    LayerNorm y = new LayerNorm(like(x), like(x, Shape.of(x.dim(0))), like(x, Shape.of(x.dim(0))));
    destination("layerNorm", y.out).layerNorm(x, weight, bias, epsilon, y.out, y.mean, y.rstd);
    return y;
  }

  /** Gradients of {@link #layerNorm}; a destination that is null is not computed. */
  public static void layerNormBackward(
      Tensor x,
      Tensor weight,
      LayerNorm y,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight,
      @Nullable Tensor dBias) {
    computing("layerNorm backward", x, weight, y.mean, y.rstd, dy);
    requireRows("layerNorm backward", x, weight);
    requireStatistic("layerNorm backward", x, y.mean);
    requireStatistic("layerNorm backward", x, y.rstd);
    sameShape("layerNorm backward", x, dy);
    gradient("layerNorm backward", x, dx);
    gradient("layerNorm backward", weight, dWeight);
    gradient("layerNorm backward", weight, dBias);
    x.backend().layerNormBackward(x, weight, y.mean, y.rstd, dy, dx, dWeight, dBias);
  }

  // ------------------------------------------------------------ transformer

  /** See {@link Backend#rope}: {@code x [N, H, D]} with even D, {@code positions [N]}. */
  public static Tensor rope(Tensor x, Tensor positions, double theta, boolean inverse) {
    computing("rope", x);
    requireRank("rope", x, 3);
    requireIndices("rope", x, positions, 1);
    require(x.dim(2) % 2 == 0, "rope: head extent of %s must be even", x);
    require(
        positions.dim(0) == x.dim(0), "rope: %s needs one position a row, got %s", x, positions);
    Tensor out = like(x);
    destination("rope", out).rope(x, positions, theta, inverse, out);
    return out;
  }

  /** {@code silu(gate) * up}. */
  public static Tensor swiglu(Tensor gate, Tensor up) {
    computing("swiglu", gate, up);
    sameShape("swiglu", gate, up);
    Tensor out = like(gate);
    destination("swiglu", out).swiglu(gate, up, out);
    return out;
  }

  /** The gradients of two operands. */
  public record Pair(Tensor first, Tensor second) {}

  /** Gradients of {@link #swiglu} with respect to gate and up. */
  public static Pair swigluBackward(Tensor gate, Tensor up, Tensor dy) {
    computing("swiglu backward", gate, up, dy);
    sameShape("swiglu backward", gate, up);
    sameShape("swiglu backward", gate, dy);
    Pair d = new Pair(like(gate), like(up));
    destination("swiglu backward", d.first).swigluBackward(gate, up, dy, d.first, d.second);
    return d;
  }

  /** Output {@code [Nq, H, D]} and log-sum-exp of the scores {@code [Nq, H]}. */
  public record Attention(Tensor out, Tensor lse) {}

  /** See {@link Backend#attention}. Query rows that no sequence names give zero. */
  public static Attention attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale) {
    requireHeads("attention", q, k, v, layout);
    boolean everyRow =
        java.util.Arrays.stream(layout.queryLength()).asLongStream().sum() == q.dim(0);
    Attention y = new Attention(like(q), like(q, Shape.of(q.dim(0), q.dim(1))));
    if (!everyRow) {
      fill(y.out, 0);
      fill(y.lse, 0);
    }
    destination("attention", y.out).attention(q, k, v, layout, scale, y.out, y.lse);
    return y;
  }

  /** Gradients of {@link #attention} with respect to q, k and v. */
  public static Tensor[] attentionBackward(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Attention y, Tensor dOut) {
    requireHeads("attention backward", q, k, v, layout);
    computing("attention backward", q, y.out, y.lse, dOut);
    sameShape("attention backward", q, y.out);
    sameShape("attention backward", q, dOut);
    require(
        y.lse.shape().equals(q.shape().drop(2)),
        "attention backward: log-sum-exp %s does not fit q %s",
        y.lse,
        q);
    Tensor dq = zeros(q.backend(), q.dtype(), q.shape());
    Tensor dk = zeros(k.backend(), k.dtype(), k.shape());
    Tensor dv = zeros(v.backend(), v.dtype(), v.shape());
    destination("attention backward", dq)
        .attentionBackward(q, k, v, layout, scale, y.out, y.lse, dOut, dq, dk, dv);
    return new Tensor[] {dq, dk, dv};
  }

  /** Loss and log-sum-exp of each row. */
  public record CrossEntropy(Tensor loss, Tensor lse) {}

  /**
   * See {@link Backend#crossEntropy}: {@code logits [N, V]}, {@code targets [N]} I32, negative
   * means ignored.
   */
  public static CrossEntropy crossEntropy(Tensor logits, Tensor targets) {
    computing("crossEntropy", logits);
    requireTargets("crossEntropy", logits, targets);
    Shape rows = Shape.of(logits.dim(0));
    CrossEntropy y = new CrossEntropy(like(logits, rows), like(logits, rows));
    destination("crossEntropy", y.loss).crossEntropy(logits, targets, y.loss, y.lse);
    return y;
  }

  /** See {@link Backend#crossEntropyBackward}. */
  public static Tensor crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss) {
    computing("crossEntropy backward", logits, lse, dLoss);
    requireTargets("crossEntropy backward", logits, targets);
    requireStatistic("crossEntropy backward", logits, lse);
    requireStatistic("crossEntropy backward", logits, dLoss);
    Tensor out = like(logits);
    destination("crossEntropy backward", out)
        .crossEntropyBackward(logits, targets, lse, dLoss, out);
    return out;
  }

  // -------------------------------------------------------------- optimiser

  /** One AdamW update in place. */
  public static void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    computing("adamW", parameter, gradient, m, v);
    sameShape("adamW", parameter, gradient);
    sameShape("adamW", parameter, m);
    sameShape("adamW", parameter, v);
    requireContiguous("adamW", parameter);
    requireContiguous("adamW", gradient);
    requireContiguous("adamW", m);
    requireContiguous("adamW", v);
    destination("adamW", m);
    destination("adamW", v);
    destination("adamW", parameter).adamW(parameter, gradient, m, v, step);
  }

  /** {@code out += rate (x - out)} in place. */
  public static void lerp(Tensor x, double rate, Tensor out) {
    computing("lerp", x, out);
    sameShape("lerp", x, out);
    requireContiguous("lerp", out);
    destination("lerp", out).lerp(x, rate, out);
  }
}
