package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import java.util.List;

/** Matrix products. */
final class MatrixSpecs {
  private MatrixSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        OpSpec.of("matmul", Domain.REAL.toString(), MatrixSpecs::matmul),
        OpSpec.of(
            "linear",
            Domain.REAL.toString(),
            d -> {
              int in = d.extent();
              Shape x = d.shape(0, 2, true);
              return OpSpec.call(
                      "linear",
                      d.tensor(x.insert(x.rank(), in), Domain.REAL),
                      d.tensor(Shape.of(d.extentOrZero(), in), Domain.REAL))
                  .is(v -> v[0].linear(v[1]))
                  .sameAs(v -> v[0].unsqueeze(-2).mul(v[1]).sum(-1).squeeze(-1));
            }));
  }

  private static OpSpec.Inputs matmul(Draw d) {
    ShapePair batch = smallBatches(d);
    int m = d.extentOrZero();
    int k = d.extent();
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
