package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code 1 / (1 + e^-x)}. */
final class Sigmoid extends Elementwise {
  private Sigmoid(Variable x, Tensor y) {
    super(UnaryOp.SIGMOID, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.SIGMOID, x.tensor());
    return records(x) ? new Sigmoid(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return y.sub(y.square());
  }
}
