package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code out[n, :] = table[ids[n], :]}: an embedding. */
final class GatherRows extends Op {
  private final Saved ids;
  private final int rows;

  private GatherRows(Variable table, Tensor ids) {
    super(table);
    this.ids = save(ids);
    rows = table.dim(0);
  }

  static Variable apply(Variable table, Tensor ids) {
    Tensor out = TensorOps.gatherRows(table.tensor(), ids);
    return records(table) ? new GatherRows(table, ids).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Leaf leaf = accumulatingLeaf(0);
    if (leaf != null) { // no table of zeros for a few rows
      leaf.accumulate(
          (to, add) -> {
            if (!add) {
              TensorOps.fill(to, 0);
            }
            TensorOps.scatterAddRows(dOut.tensor(), ids.tensor(), to);
          });
      return gradients(null);
    }
    return gradients(dOut.scatterAddRows(ids.tensor(), rows));
  }
}
