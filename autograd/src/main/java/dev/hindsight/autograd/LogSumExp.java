package dev.hindsight.autograd;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code ln(sum(e^x))} over axes, which stay with extent 1; no axes means all. */
final class LogSumExp extends Op {
  private final Saved x;
  private final Saved y;

  private LogSumExp(Variable x, Tensor y) {
    super(x);
    this.x = save(x);
    this.y = saveOutput(y);
  }

  static Variable apply(Variable x, int... axes) {
    Tensor y = TensorOps.reduce(ReduceOp.LOGSUMEXP, x.tensor(), axes);
    return records(x) ? new LogSumExp(x, y).output(y) : Variable.result(y);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.mul(x.variable().sub(y.variable()).exp()));
  }
}
