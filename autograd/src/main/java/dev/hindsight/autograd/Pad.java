package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** Zeros before and after x along one axis: the transpose of {@link Slice}. */
final class Pad extends Op {
  private final int axis;
  private final int before;
  private final int extent;

  private Pad(Variable x, int axis, int before) {
    super(x);
    this.axis = axis;
    extent = x.dim(axis);
    this.before = before;
  }

  static Variable apply(Variable x, int axis, int before, int after) {
    if (before < 0 || after < 0) {
      throw new IllegalArgumentException(
          "pad: expected 0 or more zeros on each side, got " + before + " and " + after);
    }
    if (before == 0 && after == 0) {
      return x;
    }
    Tensor t = x.tensor();
    int extent = t.dim(axis);
    Tensor out =
        TensorOps.zeros(t.backend(), t.dtype(), t.shape().with(axis, before + extent + after));
    TensorOps.copy(t, out.slice(axis, before, before + extent));
    return records(x) ? new Pad(x, axis, before).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.slice(axis, before, before + extent));
  }
}
