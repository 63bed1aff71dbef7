package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code min(max(x, low), high)}; the gradient passes inside, bounds included. */
final class Clamp extends Op {
  private final Saved x;
  private final double low;
  private final double high;

  private Clamp(Variable x, double low, double high) {
    super(x);
    this.x = save(x);
    this.low = low;
    this.high = high;
  }

  static Variable apply(Variable x, double low, double high) {
    Tensor out = TensorOps.clamp(x.tensor(), low, high);
    return records(x) ? new Clamp(x, low, high).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.mul(Variable.result(Masks.within(x.tensor(), low, high))));
  }
}
