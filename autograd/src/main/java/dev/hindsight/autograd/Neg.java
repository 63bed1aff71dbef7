package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import org.jspecify.annotations.Nullable;

/** {@code -x}. */
final class Neg extends Op {
  private Neg(Variable x) {
    super(x);
  }

  static Variable apply(Variable x) {
    Tensor out = TensorOps.unary(UnaryOp.NEG, x.tensor());
    return records(x) ? new Neg(x).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.neg());
  }
}
