package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Stands where the graph of a gradient would go on but cannot: an op whose backward pass is fused
 * only. It is an error when somebody differentiates through it, not before.
 */
final class FirstOrderOnly extends Op {
  private final String operation;
  private final String twin;

  private FirstOrderOnly(String operation, String twin, Variable[] inputs) {
    super(inputs);
    this.operation = operation;
    this.twin = twin;
  }

  /** The gradient {@code dx} of {@code operation} as it depends on {@code inputs}. */
  static Variable apply(Tensor dx, String operation, String twin, Variable... inputs) {
    return records(inputs)
        ? new FirstOrderOnly(operation, twin, inputs).output(dx)
        : Variable.result(dx);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    throw new UnsupportedOperationException(
        operation
            + ": the fused op is first-order only, and its gradient was differentiated again; use "
            + twin
            + ", which is second-order");
  }
}
