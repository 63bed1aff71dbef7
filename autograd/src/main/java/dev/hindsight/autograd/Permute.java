package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** Axis {@code i} of the result is axis {@code order[i]} of x: a view. */
final class Permute extends Op {
  private final int[] order;

  private Permute(Variable x, int[] order) {
    super(x);
    this.order = order;
  }

  static Variable apply(Variable x, int... order) {
    Tensor out = x.tensor().permute(order);
    return records(x) ? new Permute(x, order).output(out) : Variable.result(out);
  }

  static Variable transpose(Variable x, int a, int b) {
    if (!records(x)) {
      return Variable.result(x.tensor().transpose(a, b));
    }
    int[] order = new int[x.shape().rank()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    order[x.shape().axis(a)] = x.shape().axis(b);
    order[x.shape().axis(b)] = x.shape().axis(a);
    return apply(x, order);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    int[] inverse = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      inverse[dOut.shape().axis(order[i])] = i;
    }
    return gradients(dOut.permute(inverse));
  }
}
