package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code e^x - 1}. */
final class Expm1 extends Elementwise {
  private Expm1(Variable x, Tensor y) {
    super(UnaryOp.EXPM1, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.EXPM1, x.tensor());
    return records(x) ? new Expm1(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return y.plus(1);
  }
}
