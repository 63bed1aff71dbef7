package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** {@code x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))}: GELU as GPT-2 computes it. */
final class GeluTanh extends Elementwise {
  private GeluTanh(Variable x, Tensor y) {
    super(UnaryOp.GELU_TANH, x, y);
  }

  static Variable apply(Variable x) {
    Tensor y = TensorOps.unary(UnaryOp.GELU_TANH, x.tensor());
    return records(x) ? new GeluTanh(x, y).output(y) : Variable.result(y);
  }

  @Override
  Variable derivative(Variable x, Variable y) {
    return slope(x);
  }

  static Variable slope(Variable x) {
    double c = Math.sqrt(2 / Math.PI);
    Variable x2 = x.square();
    Variable t = x.mul(x2.affine(c * 0.044715, c)).tanh();
    Variable inner = x2.affine(3 * c * 0.044715, c);
    return t.plus(1).add(x.mul(t.square().affine(-1, 1)).mul(inner)).times(0.5);
  }
}
