package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code |x|}; its derivative is the sign, 0 at 0. */
final class Abs extends Elementwise {
  private Abs(Variable x, Tensor y) {
    super(UnaryOp.ABS, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.ABS, x.tensor());
    return records(x) ? new Abs(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return Variable.result(TensorOps.unary(UnaryOp.SIGN, x.tensor()));
  }
}
