package dev.hindsight.autograd;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code x^exponent} with a constant exponent; negative x needs a whole exponent. */
final class Pow extends Op {
  private final Saved x;
  private final double exponent;

  private Pow(Variable x, double exponent) {
    super(x);
    this.x = save(x);
    this.exponent = exponent;
  }

  static Variable apply(Variable x, double exponent) {
    Tensor out = TensorOps.binary(BinaryOp.POW, x.tensor(), Masks.scalar(x.tensor(), exponent));
    return records(x) ? new Pow(x, exponent).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    if (exponent == 0) { // x^-1 would make 0 * infinity at 0
      return gradients(dOut.times(0));
    }
    return gradients(dOut.mul(x.variable().pow(exponent - 1)).times(exponent));
  }
}
