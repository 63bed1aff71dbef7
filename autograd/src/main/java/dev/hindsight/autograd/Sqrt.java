package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code sqrt(x)}. */
final class Sqrt extends Elementwise {
  private Sqrt(Variable x, Tensor y) {
    super(UnaryOp.SQRT, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.SQRT, x.tensor());
    return records(x) ? new Sqrt(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return y.reciprocal().times(0.5);
  }
}
