package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code x scale + shift} with constants. */
final class Affine extends Op {
  private final double scale;

  private Affine(Variable x, double scale) {
    super(x);
    this.scale = scale;
  }

  static Variable apply(Variable x, double scale, double shift) {
    Tensor out = TensorOps.affine(x.tensor(), scale, shift);
    return records(x) ? new Affine(x, scale).output(out) : Variable.result(out);
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return gradients(scale == 1 ? dOut : dOut.times(scale));
  }
}
