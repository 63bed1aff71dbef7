package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** The k largest of the last axis, descending; the gradient goes back to where they were. */
final class TopK extends Op {
  private final Saved indices;
  private final int extent;

  private TopK(Variable x, Tensor indices) {
    super(x);
    this.indices = save(indices);
    extent = x.dim(-1);
  }

  static Variable.TopK apply(Variable x, int k) {
    TensorOps.TopK y = TensorOps.topK(x.tensor(), k);
    Variable values =
        records(x) ? new TopK(x, y.indices()).output(y.values()) : Variable.result(y.values());
    return new Variable.TopK(values, y.indices());
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.scatterAddLast(indices.tensor(), extent));
  }
}
