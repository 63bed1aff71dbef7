package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** The error function {@code 2 / sqrt(pi) * integral of e^(-t^2) from 0 to x}. */
final class Erf extends Elementwise {
  private Erf(Variable x, Tensor y) {
    super(UnaryOp.ERF, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.ERF, x.tensor());
    return records(x) ? new Erf(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return x.square().neg().exp().times(2 / Math.sqrt(Math.PI));
  }
}
