package dev.hindsight.autograd;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/**
 * {@code x rstd weight} with {@code rstd = 1 / sqrt(mean(x^2) + epsilon)} over the last axis (Zhang
 * and Sennrich, 2019): {@code x [..., D]}, {@code weight [D]}.
 */
final class RmsNorm extends Op {
  private final Saved x;
  private final Saved weight;
  private final Saved rstd;
  private final double epsilon;

  private RmsNorm(Variable x, Variable weight, Tensor rstd, double epsilon) {
    super(x, weight);
    this.x = save(x);
    this.weight = save(weight);
    this.rstd = save(rstd);
    this.epsilon = epsilon;
  }

  static Variable apply(Variable x, Variable weight, double epsilon) {
    if (x.tensor().rank() != 2 && x.tensor().rank() > 0) {
      int rows = Math.toIntExact(x.shape().drop(-1).size());
      return apply(x.reshape(rows, x.dim(-1)), weight, epsilon).reshape(x.shape());
    }
    LayerOps.RmsNorm y = LayerOps.rmsNorm(x.tensor(), weight.tensor(), epsilon);
    return records(x, weight)
        ? new RmsNorm(x, weight, y.rstd(), epsilon).output(y.out())
        : Variable.result(y.out());
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    return Autograd.isRecording() ? composed(dOut) : fused(dOut.tensor());
  }

  private @Nullable Variable[] fused(Tensor dOut) {
    Tensor t = x.tensor();
    Tensor w = weight.tensor();
    Tensor dx = needs(0) ? TensorOps.empty(t.backend(), t.dtype(), t.shape()) : null;
    Tensor dw = needs(1) ? TensorOps.empty(t.backend(), t.dtype(), w.shape()) : null;
    LayerOps.rmsNormBackward(t, w, rstd.tensor(), dOut, dx, dw);
    return gradients(
        dx == null ? null : Variable.result(dx), dw == null ? null : Variable.result(dw));
  }

  private @Nullable Variable[] composed(Variable dOut) {
    Variable input = x.variable();
    Variable r = input.square().mean(-1).plus(epsilon).rsqrt();
    Variable normal = input.mul(r);
    Variable dNormal = dOut.mul(weight.variable());
    return gradients(
        needs(0) ? r.mul(dNormal.sub(normal.mul(dNormal.mul(normal).mean(-1)))) : null,
        needs(1) ? dOut.mul(normal).sumTo(weight.variable().shape()) : null);
  }
}
