package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code x sigmoid(x)}. */
final class Silu extends Elementwise {
  private Silu(Variable x, Tensor y) {
    super(UnaryOp.SILU, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.SILU, x.tensor());
    return records(x) ? new Silu(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return slope(x, y);
  }

  static Variable slope(Variable x, Variable y) {
    Variable s = x.sigmoid();
    return s.add(y).sub(y.mul(s));
  }
}
