package dev.hindsight.tests.oracle;

import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.global.torch;

/** Gathering, scattering and selection by rank. */
final class IndexOracle {
  private IndexOracle() {}

  static List<OracleOp> all() {
    return List.of(
        new OracleOp("gatherRows", IndexOracle::gatherRows),
        new OracleOp("embedding", IndexOracle::embedding),
        new OracleOp("scatterAddRows", IndexOracle::scatterAddRows),
        new OracleOp("gatherLast", IndexOracle::gatherLast),
        new OracleOp("scatterAddLast", IndexOracle::scatterAddLast),
        new OracleOp("topK", IndexOracle::topK));
  }

  private static OracleCase gatherRows(Draw d) {
    int rows = Cases.side(d);
    int[] ids = d.indices(d.between(0, 2 * rows), rows);
    return OracleCase.call(
            d,
            "gatherRows(" + Arrays.toString(ids) + ")",
            Cases.real(d, Shape.of(rows, d.oneIn(16) ? 0 : Cases.side(d))))
        .ours(v -> v[0].gatherRows(Cases.ids(v[0], ids)))
        .torch(t -> torch.embedding(t[0], Torch.ids(ids)))
        .within(Bound.moved());
  }

  private static OracleCase embedding(Draw d) {
    int rows = Cases.side(d);
    Shape shape = d.shape(0, 3, true);
    int[] ids = d.indices(Math.toIntExact(shape.size()), rows);
    return OracleCase.call(
            d,
            "embedding(" + shape + " " + Arrays.toString(ids) + ")",
            Cases.real(d, Shape.of(rows, d.oneIn(16) ? 0 : Cases.side(d))))
        .ours(v -> v[0].embedding(Cases.ids(v[0], shape, ids)))
        .torch(t -> torch.embedding(t[0], Torch.ids(shape, ids)))
        .within(Bound.moved());
  }

  private static OracleCase scatterAddRows(Draw d) {
    int rows = Cases.side(d);
    int[] ids = d.indices(d.between(0, 2 * rows), rows);
    int width = d.oneIn(16) ? 0 : Cases.side(d);
    return OracleCase.call(
            d,
            "scatterAddRows(" + Arrays.toString(ids) + ", " + rows + ")",
            Cases.real(d, Shape.of(ids.length, width)))
        .ours(v -> v[0].scatterAddRows(Cases.ids(v[0], ids), rows))
        .torch(t -> Torch.zeros(t[0], rows, width).index_add(0, Torch.ids(ids), t[0]))
        .within(Bound.sums());
  }

  private static OracleCase gatherLast(Draw d) {
    Shape lead = d.shape(0, 2, true);
    int extent = Cases.side(d);
    Shape shape = lead.insert(lead.rank(), d.between(0, Cases.side(d)));
    int[] ids = d.indices((int) shape.size(), extent);
    return OracleCase.call(
            d,
            "gatherLast(" + shape + " " + Arrays.toString(ids) + ")",
            Cases.real(d, lead.insert(lead.rank(), extent)))
        .ours(v -> v[0].gatherLast(Cases.ids(v[0], shape, ids)))
        .torch(t -> t[0].gather(-1, Torch.ids(shape, ids)))
        .within(Bound.moved());
  }

  private static OracleCase scatterAddLast(Draw d) {
    Shape lead = d.shape(0, 2, true);
    int extent = Cases.side(d);
    Shape shape = lead.insert(lead.rank(), d.between(0, Cases.side(d)));
    int[] ids = d.indices((int) shape.size(), extent);
    Shape out = lead.insert(lead.rank(), extent);
    return OracleCase.call(
            d, "scatterAddLast(" + Arrays.toString(ids) + ", " + extent + ")", Cases.real(d, shape))
        .ours(v -> v[0].scatterAddLast(Cases.ids(v[0], shape, ids), extent))
        .torch(
            t -> Torch.zeros(t[0], Torch.longs(out)).scatter_add(-1, Torch.ids(shape, ids), t[0]))
        .within(Bound.sums());
  }

  /** No ties: which of equals is taken PyTorch leaves open, and so is where the gradient goes. */
  private static OracleCase topK(Draw d) {
    Shape lead = d.shape(0, 2, true);
    int extent = Cases.side(d);
    int k = d.between(0, extent);
    Domain distinct = Domain.REAL.withDistinctValues();
    TensorSample x = Cases.tensor(d, lead.insert(lead.rank(), extent), distinct);
    return OracleCase.call(d, "topK(" + k + ")", x)
        .ours(v -> v[0].topK(k).values())
        .torch(t -> t[0].topk(k, -1, true, true).get0())
        .within(Bound.moved());
  }
}
