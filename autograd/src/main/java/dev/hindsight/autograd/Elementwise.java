package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import org.jspecify.annotations.Nullable;

/** What elementwise functions of one operand share: a subclass says what its derivative is. */
abstract class Elementwise extends Op {
  private final UnaryOp function;
  private final Saved x;
  private final Saved y;

  Elementwise(UnaryOp function, Variable x, Tensor y) {
    super(x);
    this.function = function;
    this.x = save(x);
    this.y = saveOutput(y);
  }

  /** The derivative at {@code x}, where {@code y} is the function's value, differentiable. */
  abstract Variable derivative(Variable x, Variable y);

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected final @Nullable Variable[] backward(Variable dOut) {
    if (!Autograd.isRecording()) {
      Tensor dx = TensorOps.unaryBackward(function, x.tensor(), y.tensor(), dOut.tensor());
      return gradients(Variable.result(dx));
    }
    return gradients(dOut.mul(derivative(x.variable(), y.variable())));
  }
}
