package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.UnaryOp;
import java.util.ArrayList;
import java.util.List;

/** Matrix products. */
final class MatrixSpecs {
  private MatrixSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        OpSpec.of("matmul", Domain.REAL.toString(), MatrixSpecs::matmul),
        OpSpec.of("linear", Domain.REAL.toString(), MatrixSpecs::linear));
  }

  /**
   * With and without each of bias, activation and residual. ReLU needs the bias: products are
   * multiples of 1/16 and a bias half-way between two of them keeps 1/32 from the kink, where
   * differences along a direction reach 31/2048 at most.
   */
  private static OpSpec.Inputs linear(Draw d) {
    int in = d.extentOrZero();
    int out = d.extentOrZero();
    Shape lead = d.shape(0, 2, true);
    UnaryOp activation = d.pick(null, UnaryOp.SILU, UnaryOp.GELU, UnaryOp.GELU_TANH, UnaryOp.RELU);
    boolean kinked = activation == UnaryOp.RELU;
    boolean biased = kinked || d.oneIn(2);
    boolean added = d.oneIn(2);
    Shape x = lead.insert(lead.rank(), in);
    Shape weight = Shape.of(out, in);
    List<TensorSample> inputs = new ArrayList<>();
    inputs.add(kinked ? d.steps(x, 4, 0) : d.tensor(x, Domain.REAL));
    inputs.add(kinked ? d.steps(weight, 4, 0) : d.tensor(weight, Domain.REAL));
    if (biased) {
      Shape bias = Shape.of(out);
      inputs.add(kinked ? d.steps(bias, 16, 0.5) : d.tensor(bias, Domain.REAL));
    }
    if (added) {
      inputs.add(d.tensor(lead.insert(lead.rank(), out), Domain.REAL));
    }
    return OpSpec.call(
            "linear(" + activation + (biased ? ", bias" : "") + (added ? ", residual)" : ")"),
            inputs.toArray(TensorSample[]::new))
        .is(
            v -> {
              Variable bias = biased ? v[2] : null;
              Variable residual = added ? v[v.length - 1] : null;
              return bias == null && activation == null && residual == null
                  ? v[0].linear(v[1])
                  : v[0].linear(v[1], bias, activation, residual);
            })
        .sameAs(
            v -> {
              Variable y = v[0].unsqueeze(-2).mul(v[1]).sum(-1).squeeze(-1);
              y = biased ? y.add(v[2]) : y;
              y = activation == null ? y : activated(y, activation);
              return added ? y.add(v[v.length - 1]) : y;
            });
  }

  private static Variable activated(Variable x, UnaryOp activation) {
    return switch (activation) {
      case RELU -> x.relu();
      case SILU -> x.silu();
      case GELU -> x.gelu();
      case GELU_TANH -> x.geluTanh();
      default -> throw new AssertionError(activation);
    };
  }

  private static OpSpec.Inputs matmul(Draw d) {
    ShapePair batch = smallBatches(d);
    int m = d.extentOrZero();
    int k = d.extentOrZero();
    int n = d.extentOrZero();
    return OpSpec.call(
            "matmul",
            d.tensor(matrix(batch.first(), m, k), Domain.REAL),
            d.tensor(matrix(batch.second(), k, n), Domain.REAL))
        .is(v -> v[0].matmul(v[1]))
        .sameAs(MatrixSpecs::product);
  }

  /** {@code sum over k of a[..., m, k, 1] b[..., 1, k, n]}. */
  private static Variable product(Variable[] v) {
    Variable terms = v[0].unsqueeze(-1).mul(v[1].unsqueeze(-3));
    return terms.sum(-2).squeeze(-2);
  }

  private static ShapePair smallBatches(Draw d) {
    Shape target = d.shape(0, 1, false);
    if (d.oneIn(4)) {
      target = Shape.of(2, d.between(1, 2));
    }
    return new ShapePair(
        d.oneIn(2) ? target : d.broadcastableTo(target),
        d.oneIn(2) ? target : d.broadcastableTo(target));
  }

  private static Shape matrix(Shape batch, int rows, int columns) {
    return batch.insert(batch.rank(), rows).insert(batch.rank() + 1, columns);
  }
}
