package dev.hindsight.autograd;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** The sum over axes, which stay with extent 1; no axes means all. */
final class Sum extends Op {
  private final Shape xShape;

  private Sum(Variable x) {
    super(x);
    xShape = x.shape();
  }

  static Variable apply(Variable x, int... axes) {
    Tensor out = TensorOps.reduce(ReduceOp.SUM, x.tensor(), axes);
    return records(x) ? new Sum(x).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.expand(xShape));
  }
}
