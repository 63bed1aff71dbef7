package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/**
 * Matrix product {@code a [..., M, K]}, {@code b [..., K, N]}; batch axes broadcast.
 *
 * <p>The gradient of an operand that is a transposed view is computed transposed, so that it lies
 * in memory as the operand does: the gradient of a weight used as {@code w.transpose(0, 1)} comes
 * out in the order of {@code w} without a copy.
 */
final class Matmul extends Op {
  private final Saved a;
  private final Saved b;

  private Matmul(Variable a, Variable b) {
    super(a, b);
    this.a = save(a);
    this.b = save(b);
  }

  static Variable apply(Variable a, Variable b) {
    if (a.tensor().rank() > 2 && b.tensor().rank() == 2 && a.tensor().isContiguous()) {
      return rows(a, b);
    }
    Tensor out = TensorOps.matmul(a.tensor(), b.tensor());
    return records(a, b) ? new Matmul(a, b).output(out) : Variable.result(out);
  }

  /**
   * One matrix for the whole batch: one product with more rows, and no sum over the batch after.
   */
  private static Variable rows(Variable a, Variable b) {
    int k = a.dim(-1);
    if (k == 0 || k != b.dim(0)) {
      Tensor out = TensorOps.matmul(a.tensor(), b.tensor());
      return records(a, b) ? new Matmul(a, b).output(out) : Variable.result(out);
    }
    Variable flat = a.reshape(Math.toIntExact(a.shape().size() / k), k);
    return apply(flat, b).reshape(a.shape().with(-1, b.dim(1)));
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Variable x = a.variable();
    Variable y = b.variable();
    Variable dx = null;
    if (needs(0)) {
      dx =
          isTransposed(x.tensor())
              ? y.matmul(dOut.transpose(-1, -2)).transpose(-1, -2)
              : dOut.matmul(y.transpose(-1, -2));
      dx = dx.sumTo(x.shape());
    }
    Variable dy = null;
    if (needs(1)) {
      dy =
          isTransposed(y.tensor())
              ? dOut.transpose(-1, -2).matmul(x).transpose(-1, -2)
              : x.transpose(-1, -2).matmul(dOut);
      dy = dy.sumTo(y.shape());
    }
    return gradients(dx, dy);
  }

  private static boolean isTransposed(Tensor t) {
    return t.stride(-2) == 1 && t.stride(-1) != 1;
  }
}
