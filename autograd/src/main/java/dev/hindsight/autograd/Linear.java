package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/**
 * {@code x weight^T}: {@code x [..., in]}, {@code weight [out, in]}. One node where {@code
 * matmul(transpose)} takes two, and a weight that is a leaf gets its gradient added in place.
 */
final class Linear extends Op {
  private final Saved x;
  private final Saved weight;

  private Linear(Variable x, Variable weight) {
    super(x, weight);
    this.x = save(x);
    this.weight = save(weight);
  }

  static Variable apply(Variable x, Variable weight) {
    if (weight.tensor().rank() != 2 || x.tensor().rank() < 1 || x.dim(-1) != weight.dim(1)) {
      throw new IllegalArgumentException(
          "linear: "
              + x.tensor()
              + " needs a weight [out, "
              + (x.tensor().rank() == 0 ? "in" : x.dim(-1))
              + "], got "
              + weight.tensor());
    }
    if (x.tensor().rank() != 2) {
      int rows = Math.toIntExact(x.shape().drop(-1).size());
      return apply(x.reshape(rows, x.dim(-1)), weight).reshape(x.shape().with(-1, weight.dim(0)));
    }
    Tensor out = TensorOps.matmul(x.tensor(), weight.tensor().transpose(0, 1));
    return records(x, weight) ? new Linear(x, weight).output(out) : Variable.constant(out);
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Variable dx = null;
    Tensor arrived = arrivedGradient(0);
    if (arrived != null) {
      TensorOps.matmul(dOut.tensor(), weight.tensor(), arrived, true);
    } else if (needs(0)) {
      dx = dOut.matmul(weight.variable());
    }
    Leaf leaf = accumulatingLeaf(1);
    if (leaf != null) {
      Tensor transposed = dOut.tensor().transpose(0, 1);
      leaf.accumulate((to, add) -> TensorOps.matmul(transposed, x.tensor(), to, add));
      return gradients(dx, null);
    }
    return gradients(dx, needs(1) ? dOut.transpose(0, 1).matmul(x.variable()) : null);
  }
}
