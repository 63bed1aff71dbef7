package dev.hindsight.autograd;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** Sums the axes along which {@code target} was broadcast: the transpose of {@link Expand}. */
final class SumTo extends Op {
  private final Shape xShape;

  private SumTo(Variable x) {
    super(x);
    xShape = x.shape();
  }

  static Variable apply(Variable x, Shape target) {
    if (x.shape().equals(target)) {
      return x;
    }
    Tensor out = TensorOps.sumTo(x.tensor(), target);
    return records(x) ? new SumTo(x).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.expand(xShape));
  }
}
