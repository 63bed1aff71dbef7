package dev.hindsight.autograd;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** Another shape over the same elements: a view of what is contiguous, else of a copy. */
final class Reshape extends Op {
  private final Shape xShape;

  private Reshape(Variable x) {
    super(x);
    xShape = x.shape();
  }

  static Variable apply(Variable x, Shape target) {
    if (x.shape().equals(target)) {
      return x;
    }
    Tensor out = TensorOps.reshape(x.tensor(), target);
    return records(x) ? new Reshape(x).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.reshape(xShape));
  }
}
