package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Rearrangements along any axis: stacking, splitting, tiling, turning, sorting, selecting. */
final class ArrangementOracle {
  private ArrangementOracle() {}

  static List<OracleOp> all() {
    return List.of(
        new OracleOp("stack", ArrangementOracle::stack),
        new OracleOp("split", ArrangementOracle::split),
        new OracleOp("repeat", ArrangementOracle::repeat),
        new OracleOp("flip", ArrangementOracle::flip),
        new OracleOp("tril", d -> triangle(d, true)),
        new OracleOp("triu", d -> triangle(d, false)),
        new OracleOp("sort", ArrangementOracle::sort),
        new OracleOp("indexSelect", ArrangementOracle::indexSelect),
        new OracleOp("gather", ArrangementOracle::gather),
        new OracleOp("scatterAdd", ArrangementOracle::scatterAdd));
  }

  private static OracleCase stack(Draw d) {
    Shape shape = Cases.shape(d, 0, 3, true);
    int axis = d.between(-shape.rank() - 1, shape.rank());
    TensorSample[] parts = new TensorSample[d.between(1, 3)];
    Arrays.setAll(parts, i -> Cases.real(d, shape));
    return OracleCase.call(d, "stack(" + axis + ")", parts)
        .ours(v -> Variable.stack(axis, v))
        .torch(t -> torch.stack(new TensorVector(t), axis))
        .within(Bound.moved());
  }

  /** The parts, joined in the opposite order. */
  private static OracleCase split(Draw d) {
    Shape shape = Cases.shape(d, 1, 3, true);
    int axis = d.axis(shape);
    int[] extents = new int[d.between(1, 3)];
    int left = shape.dim(axis);
    for (int i = 0; i < extents.length - 1; i++) {
      extents[i] = d.between(0, left);
      left -= extents[i];
    }
    extents[extents.length - 1] = left;
    return OracleCase.call(
            d, "split(" + axis + ", " + Arrays.toString(extents) + ")", Cases.real(d, shape))
        .ours(
            v -> {
              List<Variable> parts = Arrays.asList(v[0].split(axis, extents));
              return Variable.concat(axis, parts.reversed().toArray(Variable[]::new));
            })
        .torch(
            t -> {
              // PyTorch's split_with_sizes
              TensorVector parts = t[0].split(Torch.longs(extents), axis);
              List<Tensor> list = Arrays.asList(parts.get());
              return Torch.concat(axis, list.reversed().toArray(Tensor[]::new));
            })
        .within(Bound.moved());
  }

  private static OracleCase repeat(Draw d) {
    Shape shape = Cases.shape(d, 0, 3, true);
    int[] times = new int[shape.rank() + d.between(0, 1)];
    Arrays.setAll(times, i -> d.oneIn(8) ? 0 : d.between(1, 3));
    return OracleCase.call(d, "repeat(" + Arrays.toString(times) + ")", Cases.real(d, shape))
        .ours(v -> v[0].repeat(times))
        .torch(t -> t[0].repeat(Torch.longs(times)))
        .within(Bound.moved());
  }

  private static OracleCase flip(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, true);
    int[] axes = d.axes(shape);
    return OracleCase.call(d, "flip(" + Arrays.toString(axes) + ")", Cases.real(d, shape))
        .ours(v -> v[0].flip(axes))
        .torch(t -> t[0].flip(Torch.longs(axes)))
        .within(Bound.moved());
  }

  private static OracleCase triangle(Draw d, boolean lower) {
    Shape shape = Cases.shape(d, 2, 4, true);
    int diagonal = d.between(-3, 3);
    return OracleCase.call(d, (lower ? "tril(" : "triu(") + diagonal + ")", Cases.real(d, shape))
        .ours(v -> lower ? v[0].tril(diagonal) : v[0].triu(diagonal))
        .torch(t -> lower ? t[0].tril(diagonal) : t[0].triu(diagonal))
        .within(Bound.moved());
  }

  /** Values or places; equals keep their order on both sides. */
  private static OracleCase sort(Draw d) {
    Shape shape = d.oneIn(4) ? Cases.rows(d) : Cases.shape(d, 1, 4, true);
    boolean descending = d.oneIn(2);
    boolean places = d.oneIn(3);
    return OracleCase.call(
            d, "sort(" + descending + (places ? ").indices" : ").values"), Cases.kinked(d, shape))
        .ours(
            v -> {
              Variable.Sorted y = v[0].sort(descending);
              return places
                  ? Variable.constant(TensorOps.cast(y.indices(), v[0].tensor().dtype()))
                  : y.values();
            })
        .torch(
            t -> {
              T_TensorTensor_T y = t[0].sort(new BoolOptional(true), -1, descending);
              return places ? y.get1() : y.get0();
            })
        .within(Bound.moved());
  }

  private static OracleCase indexSelect(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, false);
    int axis = d.axis(shape);
    int[] ids = d.indices(d.between(0, 2 * d.size()), shape.dim(axis));
    return OracleCase.call(
            d, "indexSelect(" + axis + ", " + Arrays.toString(ids) + ")", Cases.real(d, shape))
        .ours(v -> v[0].indexSelect(axis, Cases.ids(v[0], ids)))
        .torch(t -> t[0].index_select(axis, Torch.ids(ids)))
        .within(Bound.moved());
  }

  private static OracleCase gather(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, false);
    int axis = d.axis(shape);
    Shape taken = shape.with(axis, d.between(0, 2 * d.size()));
    int[] ids = d.indices(Math.toIntExact(taken.size()), shape.dim(axis));
    return OracleCase.call(
            d,
            "gather(" + axis + ", " + taken + " " + Arrays.toString(ids) + ")",
            Cases.real(d, shape))
        .ours(v -> v[0].gather(axis, Cases.ids(v[0], taken, ids)))
        .torch(t -> t[0].gather(axis, Torch.ids(taken, ids)))
        .within(Bound.moved());
  }

  private static OracleCase scatterAdd(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, false);
    int axis = d.axis(shape);
    Shape taken = shape.with(axis, d.between(0, 2 * d.size()));
    int[] ids = d.indices(Math.toIntExact(taken.size()), shape.dim(axis));
    return OracleCase.call(
            d,
            "scatterAdd(" + axis + ", " + taken + " " + Arrays.toString(ids) + ")",
            Cases.real(d, shape),
            Cases.real(d, taken))
        .ours(v -> v[0].scatterAdd(axis, Cases.ids(v[0], taken, ids), v[1]))
        .torch(t -> t[0].scatter_add(axis, Torch.ids(taken, ids), t[1]))
        .within(Bound.sums());
  }
}
