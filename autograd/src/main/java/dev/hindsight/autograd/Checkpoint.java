package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A function whose inside was not recorded. In the backward pass it is computed again, recorded,
 * and takes this node's place: what it records feeds the same nodes in the same order as if it had
 * been recorded at first, hence the same bits.
 */
final class Checkpoint extends Op {
  private final Function<Variable[], Variable> function;
  private final Saved[] inputs;

  private Checkpoint(Function<Variable[], Variable> function, Variable[] inputs) {
    super(inputs);
    this.function = function;
    this.inputs = new Saved[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      this.inputs[i] = save(inputs[i]);
    }
  }

  static Variable apply(Function<Variable[], Variable> function, Variable... inputs) {
    if (!Autograd.isRecording()) {
      return function.apply(inputs.clone());
    }
    Tensor out;
    try (var _ = Autograd.noGrad()) {
      out = function.apply(inputs.clone()).tensor();
    }
    out.storage().pin(); // the function may have given what somebody else reads
    // recorded even when no input needs a gradient: the function may read leaves
    return new Checkpoint(function, inputs).output(out);
  }

  /** The function applied once more, recorded, connected to the inputs as they were. */
  Variable again() {
    Variable[] variables = new Variable[inputs.length];
    for (int i = 0; i < variables.length; i++) {
      variables[i] = inputs[i].variable();
    }
    Autograd.State state = Autograd.state();
    boolean recording = state.recording;
    state.recording = true;
    try {
      Variable y = function.apply(variables);
      if (!y.shape().equals(shape())) {
        throw new IllegalStateException(
            "checkpoint: the function gave shape "
                + shape()
                + " first and "
                + y.shape()
                + " in the backward pass; it must compute the same again");
      }
      return y;
    } finally {
      state.recording = recording;
    }
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    throw new IllegalStateException("checkpoint: the walk expands it");
  }
}
