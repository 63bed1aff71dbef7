package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code cos(x)}. */
final class Cos extends Elementwise {
  private Cos(Variable x, Tensor y) {
    super(UnaryOp.COS, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.COS, x.tensor());
    return records(x) ? new Cos(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return x.sin().neg();
  }
}
