package dev.hindsight.autograd;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** The mean over axes, which stay with extent 1; no axes means all. */
final class Mean extends Op {
  private final Shape xShape;

  private Mean(Variable x) {
    super(x);
    xShape = x.shape();
  }

  static Variable apply(Variable x, int... axes) {
    Tensor out = TensorOps.reduce(ReduceOp.MEAN, x.tensor(), axes);
    return records(x) ? new Mean(x).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    double share = (double) dOut.tensor().size() / xShape.size();
    return gradients(dOut.times(share).expand(xShape));
  }
}
