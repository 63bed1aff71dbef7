package dev.hindsight.autograd;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/**
 * {@code scale * sum_n crossEntropy(hidden weight^T, targets)[n]} without the logits of all rows:
 * {@code hidden [N, C]}, {@code weight [V, C]}, {@code targets [N]} I32, negative means ignored.
 *
 * <p>The loss is a scalar, so the gradient of the logits is known up to a factor as soon as they
 * are: each chunk of rows gives its share of both gradients in the forward pass, and its logits are
 * dropped (Hsu et al., Liger Kernel, 2024, section 3.2). Nothing is computed twice; what waits for
 * the backward pass is {@code [N, C]} and {@code [V, C]}. The gradient of a weight is one chain of
 * multiply-adds over the rows, which a chunk continues where the last one ended: no bit depends on
 * the size of chunks, and all are those of the composed ops.
 */
final class LinearCrossEntropy extends Op {
  /** Logits held at once, in elements, unless {@link #FEWEST_ROWS} are more: 8 MB in F32. */
  private static final long LOGITS_AT_ONCE = 1 << 21;

  /** A chunk passes over the whole gradient of the weight once, which must not dominate. */
  private static final int FEWEST_ROWS = 128;

  private final Saved hidden;
  private final Saved weight;
  private final @Nullable Saved dHidden;
  private final @Nullable Saved dWeight;

  private LinearCrossEntropy(
      Variable hidden, Variable weight, @Nullable Tensor dHidden, @Nullable Tensor dWeight) {
    super(hidden, weight);
    this.hidden = save(hidden);
    this.weight = save(weight);
    this.dHidden = dHidden == null ? null : own(dHidden);
    this.dWeight = dWeight == null ? null : own(dWeight);
  }

  /** Nobody else has seen it: it goes back with the graph. */
  private Saved own(Tensor gradient) {
    gradient.storage().manage();
    return save(gradient);
  }

  static Variable.LinearCrossEntropy apply(
      Variable hidden, Variable weight, Tensor targets, double scale) {
    long fit = LOGITS_AT_ONCE / Math.max(1, weight.shape().size() == 0 ? 1 : weight.dim(0));
    return apply(hidden, weight, targets, scale, (int) Math.max(FEWEST_ROWS, fit));
  }

  /**
   * @param rowsAtOnce rows whose logits exist at a time
   */
  static Variable.LinearCrossEntropy apply(
      Variable hidden, Variable weight, Tensor targets, double scale, int rowsAtOnce) {
    Tensor h = hidden.tensor();
    Tensor w = weight.tensor();
    check(h, w, targets);
    boolean records = records(hidden, weight);
    Tensor dHidden = records && hidden.node() != null ? like(h, h.shape()) : null;
    Tensor dWeight = records && weight.node() != null ? like(h, w.shape()) : null;
    Tensor losses = like(h, Shape.of(h.dim(0)));
    if (dWeight != null && h.dim(0) == 0) {
      TensorOps.fill(dWeight, 0);
    }
    int rows = Math.min(h.dim(0), rowsAtOnce);
    Tensor memory = like(h, Shape.of(rows, w.dim(0)));
    memory.storage().manage();
    memory.storage().retain();
    Tensor share = records ? TensorOps.full(h.backend(), h.dtype(), Shape.of(rows), scale) : losses;
    for (int from = 0; from < h.dim(0); from += rows) {
      int to = Math.min(h.dim(0), from + rows);
      Tensor x = h.slice(0, from, to);
      Tensor classes = targets.slice(0, from, to);
      Tensor logits = memory.slice(0, 0, to - from);
      TensorOps.matmul(x, w.transpose(0, 1), logits, false);
      LayerOps.CrossEntropy y = LayerOps.crossEntropy(logits, classes);
      TensorOps.copy(y.loss(), losses.slice(0, from, to));
      if (!records) {
        continue;
      }
      LayerOps.crossEntropyBackward(logits, classes, y.lse(), share.slice(0, 0, to - from), logits);
      if (dHidden != null) {
        TensorOps.matmul(logits, w, dHidden.slice(0, from, to), false);
      }
      if (dWeight != null) {
        TensorOps.matmul(logits.transpose(0, 1), x, dWeight, from > 0);
      }
    }
    memory.storage().release();
    Tensor sum = TensorOps.reduce(ReduceOp.SUM, losses).reshape(Shape.SCALAR);
    Tensor loss = scale == 1 ? sum : TensorOps.affine(sum, scale, 0);
    return new Variable.LinearCrossEntropy(
        records
            ? new LinearCrossEntropy(hidden, weight, dHidden, dWeight).output(loss)
            : Variable.result(loss),
        losses);
  }

  private static Tensor like(Tensor x, Shape shape) {
    return TensorOps.empty(x.backend(), x.dtype(), shape);
  }

  private static void check(Tensor h, Tensor w, Tensor targets) {
    if (h.rank() != 2
        || w.rank() != 2
        || h.dim(1) != w.dim(1)
        || targets.dtype() != DType.I32
        || targets.rank() != 1
        || targets.dim(0) != h.dim(0)) {
      throw new IllegalArgumentException(
          "linearCrossEntropy: hidden states [N, C], a weight [V, C] and targets I32[N] are needed,"
              + " got "
              + h
              + ", "
              + w
              + " and "
              + targets);
    }
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Variable forHidden = needs(0) && dHidden != null ? gradient(dHidden.tensor(), dOut) : null;
    Variable forWeight = needs(1) && dWeight != null ? gradient(dWeight.tensor(), dOut) : null;
    return gradients(forHidden, forWeight);
  }

  /** What the forward pass computed, times the gradient of the loss, which mostly is 1. */
  private Variable gradient(Tensor computed, Variable dOut) {
    return FirstOrderOnly.apply(
        TensorOps.mul(computed, dOut.tensor()),
        "linearCrossEntropy",
        "linear(weight).crossEntropy(targets)",
        hidden.variable(),
        weight.variable(),
        dOut);
  }
}
