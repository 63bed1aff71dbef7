package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code e^x}: its own derivative. */
final class Exp extends Elementwise {
  private Exp(Variable x, Tensor y) {
    super(UnaryOp.EXP, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.EXP, x.tensor());
    return records(x) ? new Exp(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return y;
  }
}
