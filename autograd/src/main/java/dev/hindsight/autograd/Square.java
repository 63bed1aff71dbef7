package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code x^2}. */
final class Square extends Elementwise {
  private Square(Variable x, Tensor y) {
    super(UnaryOp.SQUARE, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.SQUARE, x.tensor());
    return records(x) ? new Square(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return x.times(2);
  }
}
