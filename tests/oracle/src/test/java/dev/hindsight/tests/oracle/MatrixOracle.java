package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** Matrix products. */
final class MatrixOracle {
  private MatrixOracle() {}

  static List<OracleOp> all() {
    return List.of(
        new OracleOp("matmul", MatrixOracle::matmul), new OracleOp("linear", MatrixOracle::linear));
  }

  private static OracleCase matmul(Draw d) {
    Shape batch = d.oneIn(4) ? Shape.of(2, d.between(1, 2)) : d.shape(0, 1, true);
    Shape a = d.oneIn(2) ? batch : d.broadcastableTo(batch);
    Shape b = d.oneIn(2) ? batch : d.broadcastableTo(batch);
    int m = d.oneIn(16) ? 0 : Cases.side(d);
    int k = d.oneIn(16) ? 0 : Cases.side(d);
    int n = d.oneIn(16) ? 0 : Cases.side(d);
    return OracleCase.call(
            d, "matmul", Cases.real(d, matrix(a, m, k)), Cases.real(d, matrix(b, k, n)))
        .ours(v -> v[0].matmul(v[1]))
        .torch(t -> t[0].matmul(t[1]))
        .within(Bound.sums());
  }

  private static Shape matrix(Shape batch, int rows, int columns) {
    return batch.insert(batch.rank(), rows).insert(batch.rank() + 1, columns);
  }

  /** With and without each of bias, activation and residual. */
  private static OracleCase linear(Draw d) {
    UnaryOp activation =
        d.pick(null, null, UnaryOp.RELU, UnaryOp.SILU, UnaryOp.GELU, UnaryOp.GELU_TANH);
    // Short sums of numbers on the grid are exact: both sides meet RELU's kink on the same side.
    boolean exact = activation == UnaryOp.RELU;
    int in = exact ? d.extent() : Cases.side(d);
    int out = d.oneIn(16) ? 0 : Cases.side(d);
    Shape lead = d.shape(0, 2, true);
    boolean biased = d.oneIn(2);
    boolean added = d.oneIn(2);
    List<Shape> shapes = new ArrayList<>();
    shapes.add(lead.insert(lead.rank(), in));
    shapes.add(Shape.of(out, in));
    if (biased) {
      shapes.add(Shape.of(out));
    }
    if (added) {
      shapes.add(lead.insert(lead.rank(), out));
    }
    TensorSample[] inputs =
        shapes.stream()
            .map(s -> exact ? d.tensor(s, Domain.REAL) : Cases.real(d, s))
            .toArray(TensorSample[]::new);
    return OracleCase.call(
            d,
            "linear(" + activation + (biased ? ", bias" : "") + (added ? ", residual)" : ")"),
            inputs)
        .ours(
            v -> {
              Variable bias = biased ? v[2] : null;
              Variable residual = added ? v[v.length - 1] : null;
              return bias == null && activation == null && residual == null
                  ? v[0].linear(v[1])
                  : v[0].linear(v[1], bias, activation, residual);
            })
        .torch(t -> linear(t, biased, activation, added))
        .within(
            activation == null
                ? Bound.sums()
                : Bound.activated(t -> linear(t, biased, null, added)));
  }

  private static Tensor linear(
      Tensor[] t, boolean biased, @Nullable UnaryOp activation, boolean added) {
    Tensor sum = torch.linear(t[0], t[1]);
    Tensor y = activated(biased ? sum.add(t[2]) : sum, activation);
    return added ? y.add(t[t.length - 1]) : y;
  }

  private static Tensor activated(Tensor x, @Nullable UnaryOp activation) {
    return switch (activation) {
      case null -> x;
      case RELU -> x.relu();
      case SILU -> torch.silu(x);
      case GELU -> torch.gelu(x);
      case GELU_TANH -> torch.gelu(x, "tanh");
      default -> throw new AssertionError(activation);
    };
  }
}
