package dev.hindsight.autograd;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/**
 * {@code (x - mean) rstd weight + bias} with {@code rstd = 1 / sqrt(variance + epsilon)} over the
 * last axis (Ba, Kiros and Hinton, 2016): {@code x [..., D]}, {@code weight, bias [D]}.
 */
final class LayerNorm extends Op {
  private final Saved x;
  private final Saved weight;
  private final Saved mean;
  private final Saved rstd;
  private final double epsilon;

  private LayerNorm(
      Variable x, Variable weight, Variable bias, LayerOps.LayerNorm y, double epsilon) {
    super(x, weight, bias);
    this.x = save(x);
    this.weight = save(weight);
    this.mean = save(y.mean());
    this.rstd = save(y.rstd());
    this.epsilon = epsilon;
  }

  static Variable apply(Variable x, Variable weight, Variable bias, double epsilon) {
    if (x.tensor().rank() != 2 && x.tensor().rank() > 0) {
      int rows = Math.toIntExact(x.shape().drop(-1).size());
      return apply(x.reshape(rows, x.dim(-1)), weight, bias, epsilon).reshape(x.shape());
    }
    LayerOps.LayerNorm y = LayerOps.layerNorm(x.tensor(), weight.tensor(), bias.tensor(), epsilon);
    return records(x, weight, bias)
        ? new LayerNorm(x, weight, bias, y, epsilon).output(y.out())
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
    Tensor db = needs(2) ? TensorOps.empty(t.backend(), t.dtype(), w.shape()) : null;
    LayerOps.layerNormBackward(
        t, w, new LayerOps.LayerNorm(t, mean.tensor(), rstd.tensor()), dOut, dx, dw, db);
    return gradients(
        dx == null ? null : Variable.result(dx),
        dw == null ? null : Variable.result(dw),
        db == null ? null : Variable.result(db));
  }

  private @Nullable Variable[] composed(Variable dOut) {
    Variable input = x.variable();
    Variable centred = input.sub(input.mean(-1));
    Variable r = centred.square().mean(-1).plus(epsilon).rsqrt();
    Variable normal = centred.mul(r);
    Variable w = weight.variable();
    Variable dNormal = dOut.mul(w);
    Variable projected = normal.mul(dNormal.mul(normal).mean(-1));
    return gradients(
        needs(0) ? r.mul(dNormal.sub(dNormal.mean(-1)).sub(projected)) : null,
        needs(1) ? dOut.mul(normal).sumTo(w.shape()) : null,
        needs(2) ? dOut.sumTo(w.shape()) : null);
  }
}
