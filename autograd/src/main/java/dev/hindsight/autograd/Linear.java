package dev.hindsight.autograd;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import org.jspecify.annotations.Nullable;

/**
 * {@code activation(x weight^T + bias) + residual}: {@code x [..., in]}, {@code weight [out, in]};
 * what is null is left out. One node and one pass over the result where the parts would take four,
 * with the same bits; and a weight that is a leaf gets its gradient added in place.
 */
final class Linear extends Op {
  private final Saved x;
  private final Saved weight;
  private final @Nullable Saved bias;
  private final @Nullable UnaryOp activation;

  /** What the activation was applied to. */
  private final @Nullable Saved before;

  /** The activation's value, where the output is it. */
  private final @Nullable Saved active;

  /** The places of bias and residual among the inputs. */
  private final int biasAt;

  private final int residualAt;
  private final int inputs;

  private Linear(
      Variable x,
      Variable weight,
      @Nullable Variable bias,
      @Nullable UnaryOp activation,
      @Nullable Variable residual,
      LayerOps.Linear y,
      Variable... present) {
    super(present);
    this.x = save(x);
    this.weight = save(weight);
    this.bias = bias == null ? null : save(bias);
    this.activation = activation;
    this.before = y.before() == null ? null : save(y.before());
    this.active = activation == null || residual != null ? null : saveOutput(y.out());
    this.biasAt = bias == null ? -1 : 2;
    this.residualAt = residual == null ? -1 : bias == null ? 2 : 3;
    this.inputs = present.length;
  }

  static Variable apply(Variable x, Variable weight) {
    return apply(x, weight, null, null, null);
  }

  static Variable apply(
      Variable x,
      Variable weight,
      @Nullable Variable bias,
      @Nullable UnaryOp activation,
      @Nullable Variable residual) {
    if (weight.tensor().rank() != 2 || x.tensor().rank() < 1 || x.dim(-1) != weight.dim(1)) {
      throw new IllegalArgumentException(
          "linear: "
              + x.tensor()
              + " needs a weight [out, "
              + (x.tensor().rank() == 0 ? "in" : x.dim(-1))
              + "], got "
              + weight.tensor());
    }
    if (activation != null && !isSupported(activation)) {
      throw new IllegalArgumentException(
          "linear: the activation is one of RELU, SILU, GELU and GELU_TANH, got "
              + activation
              + "; apply others to the result");
    }
    if (x.tensor().rank() != 2) {
      int rows = Math.toIntExact(x.shape().drop(-1).size());
      Variable more = residual == null ? null : residual.reshape(rows, weight.dim(0));
      return apply(x.reshape(rows, x.dim(-1)), weight, bias, activation, more)
          .reshape(x.shape().with(-1, weight.dim(0)));
    }
    Variable[] present = present(x, weight, bias, residual);
    boolean records = records(present);
    LayerOps.Linear y =
        LayerOps.linear(
            x.tensor(),
            weight.tensor(),
            bias == null ? null : bias.tensor(),
            activation,
            residual == null ? null : residual.tensor(),
            records);
    return records
        ? new Linear(x, weight, bias, activation, residual, y, present).output(y.out())
        : Variable.result(y.out());
  }

  private static Variable[] present(
      Variable x, Variable weight, @Nullable Variable bias, @Nullable Variable residual) {
    if (bias == null) {
      return residual == null ? new Variable[] {x, weight} : new Variable[] {x, weight, residual};
    }
    return residual == null
        ? new Variable[] {x, weight, bias}
        : new Variable[] {x, weight, bias, residual};
  }

  private static boolean isSupported(UnaryOp activation) {
    return switch (activation) {
      case RELU, SILU, GELU, GELU_TANH -> true;
      default -> false;
    };
  }

  /** With a residual one gradient is {@code dOut} itself. */
  @Override
  boolean givesNewTensors() {
    return residualAt < 0;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    @Nullable Variable[] gradients = new @Nullable Variable[inputs];
    if (residualAt >= 0 && needs(residualAt)) {
      gradients[residualAt] = dOut;
    }
    Variable dSum = activation == null ? dOut : throughActivation(activation, dOut);
    Tensor arrived = arrivedGradient(0);
    if (arrived != null) {
      TensorOps.matmul(dSum.tensor(), weight.tensor(), arrived, true);
    } else if (needs(0)) {
      gradients[0] = dSum.matmul(weight.variable());
    }
    Leaf leaf = accumulatingLeaf(1);
    if (leaf != null) {
      Tensor transposed = dSum.tensor().transpose(0, 1);
      leaf.accumulate((to, add) -> TensorOps.matmul(transposed, x.tensor(), to, add));
    } else if (needs(1)) {
      gradients[1] = dSum.transpose(0, 1).matmul(x.variable());
    }
    if (bias != null && needs(biasAt)) {
      gradients[biasAt] = dSum.sumTo(bias.tensor().shape());
    }
    return gradients;
  }

  /** The gradient of what the activation was applied to. */
  private Variable throughActivation(UnaryOp function, Variable dOut) {
    if (!Autograd.isRecording()) {
      Tensor z = before.tensor();
      Tensor y = active == null ? TensorOps.unary(function, z) : active.tensor();
      return Variable.result(TensorOps.unaryBackward(function, z, y, dOut.tensor()));
    }
    Variable z = x.variable().linear(weight.variable());
    z = bias == null ? z : z.add(bias.variable());
    Variable slope =
        switch (function) {
          case RELU -> Relu.slope(z);
          case SILU -> Silu.slope(z, z.silu());
          case GELU -> Gelu.slope(z);
          case GELU_TANH -> GeluTanh.slope(z);
          default -> throw new AssertionError(function);
        };
    return dOut.mul(slope);
  }
}
