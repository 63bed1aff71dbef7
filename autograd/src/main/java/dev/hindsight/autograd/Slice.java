package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** Elements {@code from} to {@code to} of an axis: a view. */
final class Slice extends Op {
  private final int axis;
  private final int before;
  private final int after;

  private Slice(Variable x, int axis, int before, int after) {
    super(x);
    this.axis = axis;
    this.before = before;
    this.after = after;
  }

  static Variable apply(Variable x, int axis, int from, int to) {
    Tensor out = x.tensor().slice(axis, from, to);
    return records(x)
        ? new Slice(x, axis, from, x.dim(axis) - to).output(out)
        : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.pad(axis, before, after));
  }
}
