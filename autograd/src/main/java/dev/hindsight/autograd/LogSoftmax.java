package dev.hindsight.autograd;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** Log-softmax over the last axis. */
final class LogSoftmax extends Op {
  private final Saved y;

  private LogSoftmax(Variable x, Tensor y) {
    super(x);
    this.y = saveOutput(y);
  }

  static Variable apply(Variable x) {
    Tensor y = LayerOps.logSoftmax(x.tensor());
    return records(x) ? new LogSoftmax(x, y).output(y) : Variable.result(y);
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    if (!Autograd.isRecording()) {
      return gradients(Variable.result(LayerOps.logSoftmaxBackward(y.tensor(), dOut.tensor())));
    }
    return gradients(dOut.sub(y.variable().exp().mul(dOut.sum(-1))));
  }
}
