package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code 1 / x}. */
final class Reciprocal extends Elementwise {
  private Reciprocal(Variable x, Tensor y) {
    super(UnaryOp.RECIPROCAL, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.RECIPROCAL, x.tensor());
    return records(x) ? new Reciprocal(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return y.square().neg();
  }
}
