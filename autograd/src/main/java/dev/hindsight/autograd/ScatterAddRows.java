package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code out[ids[n], :] += x[n, :]} over zeros: the transpose of {@link GatherRows}. */
final class ScatterAddRows extends Op {
  private final Saved ids;

  private ScatterAddRows(Variable x, Tensor ids) {
    super(x);
    this.ids = save(ids);
  }

  static Variable apply(Variable x, Tensor ids, int rows) {
    Tensor t = x.tensor();
    if (t.rank() != 2) {
      throw new IllegalArgumentException("scatterAddRows: expected rank 2, got " + t);
    }
    Tensor out = TensorOps.zeros(t.backend(), t.dtype(), t.shape().with(0, rows));
    TensorOps.scatterAddRows(t, ids, out);
    return records(x) ? new ScatterAddRows(x, ids).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(dOut.gatherRows(ids.tensor()));
  }
}
