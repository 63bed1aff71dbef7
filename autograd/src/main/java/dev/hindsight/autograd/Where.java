package dev.hindsight.autograd;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code condition != 0 ? a : b}; the condition is a constant. */
final class Where extends Op {
  private final Saved condition;
  private final Shape aShape;
  private final Shape bShape;

  private Where(Tensor condition, Variable a, Variable b) {
    super(a, b);
    this.condition = save(condition);
    aShape = a.shape();
    bShape = b.shape();
  }

  static Variable apply(Tensor condition, Variable a, Variable b) {
    Tensor out = TensorOps.where(condition, a.tensor(), b.tensor());
    return records(a, b) ? new Where(condition, a, b).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Tensor c = condition.tensor();
    Variable zero = Variable.result(Masks.scalar(dOut.tensor(), 0));
    return gradients(
        needs(0) ? apply(c, dOut, zero).sumTo(aShape) : null,
        needs(1) ? apply(c, zero, dOut).sumTo(bShape) : null);
  }
}
