package dev.hindsight.autograd;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/**
 * The maximum over axes, which stay with extent 1; no axes means all. Equals share the gradient.
 */
final class Max extends Op {
  private final Saved x;
  private final Saved y;
  private final int[] axes;

  private Max(Variable x, Tensor y, int[] axes) {
    super(x);
    this.x = save(x);
    this.y = saveOutput(y);
    this.axes = axes;
  }

  static Variable apply(Variable x, int... axes) {
    Tensor y = TensorOps.reduce(ReduceOp.MAX, x.tensor(), axes);
    return records(x) ? new Max(x, y, axes).output(y) : Variable.result(y);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Tensor shares = Masks.shares(x.tensor(), y.tensor(), axes);
    return gradients(dOut.mul(Variable.result(shares)));
  }
}
