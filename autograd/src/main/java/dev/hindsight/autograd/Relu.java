package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code max(x, 0)}; derivative 0 at 0. */
final class Relu extends Elementwise {
  private Relu(Variable x, Tensor y) {
    super(UnaryOp.RELU, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.RELU, x.tensor());
    return records(x) ? new Relu(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return slope(x);
  }

  static Variable slope(Variable x) {
    return Variable.result(Masks.greater(x.tensor(), 0));
  }
}
