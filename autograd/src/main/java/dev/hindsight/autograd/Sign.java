package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** -1, 0 or 1: constant but for a jump, so the derivative is 0. */
final class Sign extends Elementwise {
  private Sign(Variable x, Tensor y) {
    super(UnaryOp.SIGN, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.SIGN, x.tensor());
    return records(x) ? new Sign(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return Variable.result(Masks.scalar(x.tensor(), 0));
  }
}
