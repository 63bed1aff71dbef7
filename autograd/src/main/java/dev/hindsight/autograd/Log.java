package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code ln(x)}. */
final class Log extends Elementwise {
  private Log(Variable x, Tensor y) {
    super(UnaryOp.LOG, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.LOG, x.tensor());
    return records(x) ? new Log(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return x.reciprocal();
  }
}
