package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code ln(1 + e^x)}. */
final class Softplus extends Elementwise {
  private Softplus(Variable x, Tensor y) {
    super(UnaryOp.SOFTPLUS, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.SOFTPLUS, x.tensor());
    return records(x) ? new Softplus(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return x.sigmoid();
  }
}
