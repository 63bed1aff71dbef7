package dev.hindsight.autograd;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/**
 * The minimum over axes, which stay with extent 1; no axes means all. Equals share the gradient.
 */
final class Min extends Op {
  private final Saved x;
  private final Saved y;
  private final int[] axes;

  private Min(Variable x, Tensor y, int[] axes) {
    super(x);
    this.x = save(x);
    this.y = saveOutput(y);
    this.axes = axes;
  }

  static Variable apply(Variable x, int... axes) {
    Tensor y = TensorOps.reduce(ReduceOp.MIN, x.tensor(), axes);
    return records(x) ? new Min(x, y, axes).output(y) : Variable.result(y);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Tensor shares = Masks.shares(x.tensor(), y.tensor(), axes);
    return gradients(dOut.mul(Variable.result(shares)));
  }
}
