package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code ln(1 + x)}. */
final class Log1p extends Elementwise {
  private Log1p(Variable x, Tensor y) {
    super(UnaryOp.LOG1P, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.LOG1P, x.tensor());
    return records(x) ? new Log1p(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return x.plus(1).reciprocal();
  }
}
