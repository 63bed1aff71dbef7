package dev.hindsight.autograd;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** Broadcasting to a shape: a view with strides of 0. */
final class Expand extends Op {
  private final Shape xShape;

  private Expand(Variable x) {
    super(x);
    xShape = x.shape();
  }

  static Variable apply(Variable x, Shape target) {
    if (x.shape().equals(target)) {
      return x;
    }
    Tensor out = x.tensor().expand(target);
    return records(x) ? new Expand(x).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.sumTo(xShape));
  }
}
