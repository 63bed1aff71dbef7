package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that an op keeps for its backward pass, with its place in the graph. Reading it checks
 * that the graph was not freed and that nobody has written to the memory since.
 */
public final class Saved {
  private final Op op;
  private final @Nullable Node node;
  private final int version;
  final @Nullable Saved next;
  private @Nullable Tensor tensor;

  Saved(Op op, Tensor tensor, @Nullable Node node, @Nullable Saved next) {
    this.op = op;
    this.tensor = tensor;
    this.node = node;
    this.version = tensor.storage().version();
    this.next = next;
    tensor.storage().retain();
  }

  /** The variable, connected to the graph as it was when it was saved. */
  public Variable variable() {
    return new Variable(tensor(), node);
  }

  /** The tensor alone. */
  public Tensor tensor() {
    Tensor t = tensor;
    if (t == null) {
      throw op.freedError();
    }
    int now = t.storage().version();
    if (now != version) {
      throw new IllegalStateException(
          op.name()
              + " backward: a tensor "
              + t
              + " that it saved was changed in place after the forward pass ("
              + (now - version)
              + " writes since); write to a copy (TensorOps.copyOf), or after backward()");
    }
    return t;
  }

  void drop() {
    Tensor t = tensor;
    if (t != null) {
      tensor = null;
      t.storage().release();
    }
  }
}
