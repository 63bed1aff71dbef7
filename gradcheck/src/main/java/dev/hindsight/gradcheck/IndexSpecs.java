package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.Arrays;
import java.util.List;

/** Gathering, scattering and selection by rank. */
final class IndexSpecs {
  private static final Domain REAL = Domain.REAL;

  private IndexSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        OpSpec.of("gatherRows", REAL.toString(), IndexSpecs::gatherRows),
        OpSpec.of("embedding", REAL.toString(), IndexSpecs::embedding),
        OpSpec.of("scatterAddRows", REAL.toString(), IndexSpecs::scatterAddRows),
        OpSpec.of("gatherLast", REAL.toString(), IndexSpecs::gatherLast),
        OpSpec.of("scatterAddLast", REAL.toString(), IndexSpecs::scatterAddLast),
        OpSpec.of("topK", REAL.withDistinctValues().toString(), IndexSpecs::topK));
  }

  private static OpSpec.Inputs gatherRows(Draw d) {
    int rows = d.extent();
    int[] ids = d.indices(d.between(0, 2 * d.size()), rows);
    return OpSpec.call(
            "gatherRows(" + Arrays.toString(ids) + ")",
            d.tensor(Shape.of(rows, d.extentOrZero()), REAL))
        .is(v -> v[0].gatherRows(Constants.indices(v[0], Shape.of(ids.length), ids)))
        .sameAs(v -> Constants.oneHot(v[0], ids, rows).matmul(v[0]));
  }

  private static OpSpec.Inputs embedding(Draw d) {
    int rows = d.extent();
    Shape shape = d.shape(0, 2, true);
    int[] ids = d.indices(Math.toIntExact(shape.size()), rows);
    int width = d.extentOrZero();
    return OpSpec.call(
            "embedding(" + shape + " " + Arrays.toString(ids) + ")",
            d.tensor(Shape.of(rows, width), REAL))
        .is(v -> v[0].embedding(Constants.indices(v[0], shape, ids)))
        .sameAs(
            v ->
                Constants.oneHot(v[0], ids, rows)
                    .matmul(v[0])
                    .reshape(shape.insert(shape.rank(), width)));
  }

  private static OpSpec.Inputs scatterAddRows(Draw d) {
    int rows = d.extent();
    int[] ids = d.indices(d.between(0, 2 * d.size()), rows);
    return OpSpec.call(
            "scatterAddRows(" + Arrays.toString(ids) + ", " + rows + ")",
            d.tensor(Shape.of(ids.length, d.extentOrZero()), REAL))
        .is(v -> v[0].scatterAddRows(Constants.indices(v[0], Shape.of(ids.length), ids), rows))
        .sameAs(v -> Constants.oneHot(v[0], ids, rows).transpose(0, 1).matmul(v[0]));
  }

  private static OpSpec.Inputs gatherLast(Draw d) {
    Shape lead = d.shape(0, 2, true);
    int extent = d.extent();
    int k = d.between(0, d.size());
    Shape shape = lead.insert(lead.rank(), k);
    int[] ids = d.indices((int) shape.size(), extent);
    return OpSpec.call(
            "gatherLast(" + shape + " " + Arrays.toString(ids) + ")",
            d.tensor(lead.insert(lead.rank(), extent), REAL))
        .is(v -> v[0].gatherLast(Constants.indices(v[0], shape, ids)))
        .sameAs(
            v -> {
              Shape pairs = shape.insert(shape.rank(), extent);
              Variable chosen = Constants.oneHot(v[0], ids, extent).reshape(pairs);
              return chosen.mul(v[0].unsqueeze(-2)).sum(-1).squeeze(-1);
            });
  }

  private static OpSpec.Inputs scatterAddLast(Draw d) {
    Shape lead = d.shape(0, 2, true);
    int extent = d.extent();
    Shape shape = lead.insert(lead.rank(), d.between(0, d.size()));
    int[] ids = d.indices((int) shape.size(), extent);
    return OpSpec.call(
            "scatterAddLast(" + Arrays.toString(ids) + ", " + extent + ")", d.tensor(shape, REAL))
        .is(v -> v[0].scatterAddLast(Constants.indices(v[0], shape, ids), extent))
        .sameAs(
            v -> {
              Shape pairs = shape.insert(shape.rank(), extent);
              Variable chosen = Constants.oneHot(v[0], ids, extent).reshape(pairs);
              return chosen.mul(v[0].unsqueeze(-1)).sum(-2).squeeze(-2);
            });
  }

  private static OpSpec.Inputs topK(Draw d) {
    Shape lead = d.shape(0, 2, true);
    int extent = d.extent();
    int k = d.between(0, extent);
    TensorSample x = d.tensor(lead.insert(lead.rank(), extent), REAL.withDistinctValues());
    return OpSpec.call("topK(" + k + ")", x)
        .is(v -> v[0].topK(k).values())
        .sameAs(v -> v[0].gatherLast(sorted(v[0], k)));
  }

  /** The indices of the k largest of each row, by a sort in plain Java. */
  static Tensor sorted(Variable x, int k) {
    int extent = x.dim(-1);
    double[] values = x.tensor().toDoubles();
    int rows = extent == 0 ? 0 : values.length / extent;
    int[] indices = new int[rows * k];
    for (int row = 0; row < rows; row++) {
      int start = row * extent;
      Integer[] order = new Integer[extent];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, (i, j) -> Double.compare(values[start + j], values[start + i]));
      for (int i = 0; i < k; i++) {
        indices[row * k + i] = order[i];
      }
    }
    return Constants.indices(x, x.shape().with(-1, k), indices);
  }
}
