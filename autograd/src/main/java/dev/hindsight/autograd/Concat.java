package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** The parts one after another along an axis. Their gradients are views. */
final class Concat extends Op {
  private final int axis;
  private final int[] extents;

  private Concat(int axis, Variable[] parts) {
    super(parts);
    this.axis = axis;
    extents = new int[parts.length];
    for (int i = 0; i < extents.length; i++) {
      extents[i] = parts[i].dim(axis);
    }
  }

  static Variable apply(int axis, Variable... parts) {
    if (parts.length == 0) {
      throw new IllegalArgumentException("concat: no parts given");
    }
    Tensor first = parts[0].tensor();
    int total = 0;
    for (Variable part : parts) {
      if (part.tensor().rank() != first.rank()
          || part.tensor().dtype() != first.dtype()
          || !part.shape().with(axis, 0).equals(first.shape().with(axis, 0))) {
        throw new IllegalArgumentException(
            "concat: " + part.tensor() + " and " + first + " differ in more than axis " + axis);
      }
      total += part.dim(axis);
    }
    Tensor out = TensorOps.empty(first.backend(), first.dtype(), first.shape().with(axis, total));
    int at = 0;
    for (Variable part : parts) {
      int extent = part.dim(axis);
      TensorOps.copy(part.tensor(), out.slice(axis, at, at + extent));
      at += extent;
    }
    return records(parts) ? new Concat(axis, parts).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    @Nullable Variable[] gradients = new Variable[extents.length];
    int at = 0;
    for (int i = 0; i < extents.length; i++) {
      if (needs(i)) {
        gradients[i] = dOut.slice(axis, at, at + extents[i]);
      }
      at += extents[i];
    }
    return gradients;
  }
}
