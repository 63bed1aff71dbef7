package dev.hindsight.autograd;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code a / b}, element by element. */
final class Div extends Op {
  private final Shape aShape;
  private final Saved b;
  private final Saved quotient;

  private Div(Variable a, Variable b, Tensor quotient) {
    super(a, b);
    aShape = a.shape();
    this.b = save(b);
    this.quotient = saveOutput(quotient);
  }

  static Variable apply(Variable a, Variable b) {
    Tensor out = TensorOps.binary(BinaryOp.DIV, a.tensor(), b.tensor());
    return records(a, b) ? new Div(a, b, out).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Variable divisor = b.variable();
    Variable scaled = dOut.div(divisor);
    return gradients(
        needs(0) ? scaled.sumTo(aShape) : null,
        needs(1) ? scaled.mul(quotient.variable()).sumTo(divisor.shape()).neg() : null);
  }
}
