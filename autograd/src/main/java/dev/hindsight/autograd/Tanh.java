package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code tanh(x)}. */
final class Tanh extends Elementwise {
  private Tanh(Variable x, Tensor y) {
    super(UnaryOp.TANH, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.TANH, x.tensor());
    return records(x) ? new Tanh(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return y.square().affine(-1, 1);
  }
}
