package dev.hindsight.autograd;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** {@code a^b}, element by element, both variable; the gradient of b needs a at least 0. */
final class Power extends Op {
  private final Saved a;
  private final Saved b;
  private final Saved y;

  private Power(Variable a, Variable b, Tensor y) {
    super(a, b);
    this.a = save(a);
    this.b = save(b);
    this.y = saveOutput(y);
  }

  static Variable apply(Variable a, Variable b) {
    Tensor y = TensorOps.binary(BinaryOp.POW, a.tensor(), b.tensor());
    return records(a, b) ? new Power(a, b, y).output(y) : Variable.result(y);
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Variable base = a.variable();
    Variable exponent = b.variable();
    Variable dBase = null;
    if (needs(0)) { // at 0^0, 0^-1 would make 0 * infinity
      Tensor both = TensorOps.mul(Masks.equal(base.tensor(), 0), Masks.equal(exponent.tensor(), 0));
      Variable slope = exponent.mul(oneWhere(both, base).pow(exponent.plus(-1)));
      dBase = dOut.mul(slope).sumTo(base.shape());
    }
    Variable dExponent = null;
    if (needs(1)) { // 0^b is 0 or 1 for b from 0 on: the logarithm of 0 is not asked for
      Tensor flat =
          TensorOps.mul(
              Masks.equal(base.tensor(), 0),
              TensorOps.binary(
                  BinaryOp.GREATER_EQUAL, exponent.tensor(), Masks.scalar(exponent.tensor(), 0)));
      Variable slope = y.variable().mul(oneWhere(flat, base).log());
      dExponent = dOut.mul(slope).sumTo(exponent.shape());
    }
    return gradients(dBase, dExponent);
  }

  private static Variable oneWhere(Tensor condition, Variable x) {
    return Variable.where(condition, Variable.result(Masks.scalar(condition, 1)), x);
  }
}
