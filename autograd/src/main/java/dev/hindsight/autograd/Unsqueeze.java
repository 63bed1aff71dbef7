package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** With an axis of extent 1 before {@code axis}: a view. */
final class Unsqueeze extends Op {
  private final int axis;

  private Unsqueeze(Variable x, int axis) {
    super(x);
    this.axis = axis < 0 ? axis + x.shape().rank() + 1 : axis;
  }

  static Variable apply(Variable x, int axis) {
    Tensor out = x.tensor().unsqueeze(axis);
    return records(x) ? new Unsqueeze(x, axis).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.squeeze(axis));
  }
}
