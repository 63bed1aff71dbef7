package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** Without an axis of extent 1: a view. */
final class Squeeze extends Op {
  private final int axis;

  private Squeeze(Variable x, int axis) {
    super(x);
    this.axis = x.shape().axis(axis);
  }

  static Variable apply(Variable x, int axis) {
    Tensor out = x.tensor().squeeze(axis);
    return records(x) ? new Squeeze(x, axis).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.unsqueeze(axis));
  }
}
