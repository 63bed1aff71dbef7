package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code 1 / sqrt(x)}. */
final class Rsqrt extends Elementwise {
  private Rsqrt(Variable x, Tensor y) {
    super(UnaryOp.RSQRT, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.RSQRT, x.tensor());
    return records(x) ? new Rsqrt(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return y.square().mul(y).times(-0.5);
  }
}
