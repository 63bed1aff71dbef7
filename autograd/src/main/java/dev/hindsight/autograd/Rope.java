package dev.hindsight.autograd;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding (Su et al., 2021) in the half-rotation form: {@code x [N, heads,
 * headDim]}, {@code positions [N]}. A rotation: its transpose turns back.
 */
final class Rope extends Op {
  private final Saved positions;
  private final double theta;
  private final boolean inverse;

  private Rope(Variable x, Tensor positions, double theta, boolean inverse) {
    super(x);
    this.positions = save(positions);
    this.theta = theta;
    this.inverse = inverse;
  }

  static Variable apply(Variable x, Tensor positions, double theta, boolean inverse) {
    Tensor out = LayerOps.rope(x.tensor(), positions, theta, inverse);
    return records(x) ? new Rope(x, positions, theta, inverse).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(apply(dOut, positions.tensor(), theta, !inverse));
  }
}
