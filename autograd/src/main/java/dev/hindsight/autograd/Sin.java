package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code sin(x)}. */
final class Sin extends Elementwise {
  private Sin(Variable x, Tensor y) {
    super(UnaryOp.SIN, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.SIN, x.tensor());
    return records(x) ? new Sin(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return x.cos();
  }
}
