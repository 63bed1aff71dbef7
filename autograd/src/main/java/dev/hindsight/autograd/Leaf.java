package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import org.jspecify.annotations.Nullable;

/**
 * A variable that the user made and wants the gradient of. The gradient's buffer is persistent, is
 * taken once, and is kept when the gradient is cleared: a training step allocates nothing.
 */
final class Leaf extends Node {
  /** Writes or adds a contribution to a buffer of the leaf's shape. */
  @FunctionalInterface
  interface Contribution {
    void to(Tensor buffer, boolean add);
  }

  private final Tensor tensor;
  private @Nullable Tensor buffer;
  private boolean present;

  Leaf(Tensor tensor, long sequence) {
    super(sequence);
    this.tensor = tensor;
  }

  @Nullable Tensor gradient() {
    return present ? buffer : null;
  }

  void clear() {
    present = false;
  }

  void accumulate(Tensor gradient) {
    if (!gradient.shape().equals(tensor.shape())) {
      throw new IllegalStateException(
          "backward: a leaf of shape "
              + tensor.shape()
              + " was given a gradient of shape "
              + gradient.shape());
    }
    Tensor to = buffer();
    if (present) {
      TensorOps.addScaled(gradient, 1, to);
    } else {
      TensorOps.copy(gradient, to);
    }
    present = true;
  }

  /** Lets an op compute its contribution where it is wanted. */
  void accumulate(Contribution contribution) {
    contribution.to(buffer(), present);
    present = true;
  }

  private Tensor buffer() {
    Tensor b = buffer;
    if (b == null) {
      b =
          Workspace.outside(
              () -> TensorOps.empty(tensor.backend(), tensor.dtype(), tensor.shape()));
      buffer = b;
    }
    return b;
  }
}
