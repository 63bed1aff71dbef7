package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code x Phi(x)} with the exact normal distribution function (Hendrycks and Gimpel, 2016). */
final class Gelu extends Elementwise {
  private Gelu(Variable x, Tensor y) {
    super(UnaryOp.GELU, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.GELU, x.tensor());
    return records(x) ? new Gelu(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return slope(x);
  }

  static Variable slope(Variable x) {
    Variable distribution = x.times(Math.sqrt(0.5)).erf().affine(0.5, 0.5);
    Variable density = x.square().times(-0.5).exp().times(1 / Math.sqrt(2 * Math.PI));
    return distribution.add(x.mul(density));
  }
}
