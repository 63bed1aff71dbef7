package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One random case of an op: inputs, the op with its other arguments bound, and, where there is one,
 * its twin: the same function said in other ops.
 *
 * @param call the op and its arguments, as in {@code sum(axes 0, -1)}
 * @param seed for what the check itself draws
 */
public record OpCase(
    OpSpec spec,
    String call,
    List<TensorSample> inputs,
    Function<Variable[], Variable> function,
    @Nullable Function<Variable[], Variable> twin,
    long seed) {

  /** The inputs on a backend. */
  public Tensor[] tensors(Backend backend, DType dtype) {
    Tensor[] tensors = new Tensor[inputs.size()];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] = inputs.get(i).tensor(backend, dtype);
    }
    return tensors;
  }

  /** As in {@code softmax() of [2, 3] {...}}: what jqwik prints of a case that fails. */
  @Override
  public String toString() {
    return call + " of " + inputs + ", seed " + seed;
  }
}
