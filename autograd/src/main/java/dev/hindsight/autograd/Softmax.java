package dev.hindsight.autograd;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** Softmax over the last axis. */
final class Softmax extends Op {
  private final Saved y;

  private Softmax(Variable x, Tensor y) {
    super(x);
    this.y = saveOutput(y);
  }

  static Variable apply(Variable x) {
    Tensor y = LayerOps.softmax(x.tensor());
    return records(x) ? new Softmax(x, y).output(y) : Variable.result(y);
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    if (!Autograd.isRecording()) {
      return gradients(Variable.result(LayerOps.softmaxBackward(y.tensor(), dOut.tensor())));
    }
    Variable p = y.variable();
    return gradients(p.mul(dOut.sub(p.mul(dOut).sum(-1))));
  }
}
