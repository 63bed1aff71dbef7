package dev.hindsight.autograd;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** The smaller of a and b; equals share the gradient. */
final class Minimum extends Op {
  private final Saved a;
  private final Saved b;

  private Minimum(Variable a, Variable b) {
    super(a, b);
    this.a = save(a);
    this.b = save(b);
  }

  static Variable apply(Variable a, Variable b) {
    Tensor out = TensorOps.binary(BinaryOp.MINIMUM, a.tensor(), b.tensor());
    return records(a, b) ? new Minimum(a, b).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Tensor x = a.tensor();
    Tensor y = b.tensor();
    return gradients(
        needs(0)
            ? dOut.mul(Variable.result(Masks.wins(BinaryOp.LESS, x, y))).sumTo(x.shape())
            : null,
        needs(1)
            ? dOut.mul(Variable.result(Masks.wins(BinaryOp.LESS, y, x))).sumTo(y.shape())
            : null);
  }
}
