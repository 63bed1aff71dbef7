package dev.hindsight.autograd;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code a + b}. */
final class Add extends Op {
  private final Shape aShape;
  private final Shape bShape;

  private Add(Variable a, Variable b) {
    super(a, b);
    aShape = a.shape();
    bShape = b.shape();
  }

  static Variable apply(Variable a, Variable b) {
    Tensor out = TensorOps.binary(BinaryOp.ADD, a.tensor(), b.tensor());
    return records(a, b) ? new Add(a, b).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(needs(0) ? dOut.sumTo(aShape) : null, needs(1) ? dOut.sumTo(bShape) : null);
  }
}
