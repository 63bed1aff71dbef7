package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code out[..., index[..., k]] += x[..., k]} over zeros: the transpose of {@link GatherLast}. */
final class ScatterAddLast extends Op {
  private final Saved index;

  private ScatterAddLast(Variable x, Tensor index) {
    super(x);
    this.index = save(index);
  }

  static Variable apply(Variable x, Tensor index, int extent) {
    Tensor out = TensorOps.scatterAddLast(x.tensor(), index, extent);
    return records(x) ? new ScatterAddLast(x, index).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.gatherLast(index.tensor()));
  }
}
