package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code out[..., k] = x[..., index[..., k]]}. */
final class GatherLast extends Op {
  private final Saved index;
  private final int extent;

  private GatherLast(Variable x, Tensor index) {
    super(x);
    this.index = save(index);
    extent = x.dim(-1);
  }

  static Variable apply(Variable x, Tensor index) {
    Tensor out = TensorOps.gatherLast(x.tensor(), index);
    return records(x) ? new GatherLast(x, index).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.scatterAddLast(index.tensor(), extent));
  }
}
