package dev.hindsight.autograd;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** The larger of a and b; equals share the gradient. */
final class Maximum extends Op {
  private final Saved a;
  private final Saved b;

  private Maximum(Variable a, Variable b) {
    super(a, b);
    this.a = save(a);
    this.b = save(b);
  }

  static Variable apply(Variable a, Variable b) {
    Tensor out = TensorOps.binary(BinaryOp.MAXIMUM, a.tensor(), b.tensor());
    return records(a, b) ? new Maximum(a, b).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Tensor x = a.tensor();
    Tensor y = b.tensor();
    return gradients(
        needs(0)
            ? dOut.mul(Variable.result(Masks.wins(BinaryOp.GREATER, x, y))).sumTo(x.shape())
            : null,
        needs(1)
            ? dOut.mul(Variable.result(Masks.wins(BinaryOp.GREATER, y, x))).sumTo(y.shape())
            : null);
  }
}
