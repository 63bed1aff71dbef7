package dev.hindsight.autograd;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code a b}, element by element. */
final class Mul extends Op {
  private final Saved a;
  private final Saved b;

  private Mul(Variable a, Variable b) {
    super(a, b);
    this.a = save(a);
    this.b = save(b);
  }

  static Variable apply(Variable a, Variable b) {
    Tensor out = TensorOps.binary(BinaryOp.MUL, a.tensor(), b.tensor());
    return records(a, b) ? new Mul(a, b).output(out) : Variable.result(out);
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Variable x = a.variable();
    Variable y = b.variable();
    return gradients(
        needs(0) ? dOut.mul(y).sumTo(x.shape()) : null,
        needs(1) ? dOut.mul(x).sumTo(y.shape()) : null);
  }
}
