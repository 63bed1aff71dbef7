package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Products, moments, norms, running sums, and where the largest is. */
final class StatisticsOracle {
  private StatisticsOracle() {}

  static List<OracleOp> all() {
    return List.of(
        new OracleOp("prod", StatisticsOracle::prod),
        new OracleOp("var", d -> moment(d, false)),
        new OracleOp("std", d -> moment(d, true)),
        new OracleOp("norm", StatisticsOracle::norm),
        new OracleOp("cumsum", StatisticsOracle::cumsum),
        new OracleOp("argmax", StatisticsOracle::argmax));
  }

  /** Both sides over some axes, or over all to a scalar. */
  private static OracleCase over(
      Draw d,
      String call,
      TensorSample x,
      ReductionOracle.OverAxes ours,
      ReductionOracle.OverDims theirs) {
    Shape shape = x.shape();
    if (shape.rank() == 0 || d.oneIn(4)) {
      long[] all = LongStream.range(0, shape.rank()).toArray();
      return OracleCase.call(d, call + ")", x)
          .ours(v -> ours.apply(v[0]))
          .torch(t -> theirs.apply(t[0], all).reshape(new long[0]));
    }
    int[] axes = d.axes(shape);
    return OracleCase.call(d, call + ", axes " + Arrays.toString(axes) + ")", x)
        .ours(v -> ours.apply(v[0], axes))
        .torch(t -> theirs.apply(t[0], Torch.longs(axes)));
  }

  /** Zeros among the factors; the product of 48 others stays below 5e4. PyTorch takes an axis. */
  private static OracleCase prod(Draw d) {
    Shape shape = d.shape();
    TensorSample drawn = Cases.tensor(d, shape, Domain.between(-1.25, 1.25));
    double[] values = Torch.map(drawn.values(), v -> d.oneIn(6) ? 0 : v);
    return over(
            d,
            "prod(",
            new TensorSample(shape, drawn.layout(), values),
            (v, axes) -> axes.length == 0 ? v.prod() : v.prod(axes),
            (x, dims) -> {
              Tensor y = x;
              for (long dim : dims) {
                y = y.prod(dim, true, new ScalarTypeOptional());
              }
              return y;
            })
        .within(Bound.relative(0));
  }

  /**
   * The mean is off by n roundings of numbers below 3, and so are differences from it, whose
   * squares are summed. The square root's slope is the inverse deviation, which {@code slope}
   * bounds.
   */
  private static OracleCase moment(Draw d, boolean root) {
    Shape shape = Cases.shape(d, 1, 4, false).with(-1, d.between(2, 5));
    int correction = d.between(0, 1);
    // the slope of the deviation of equal numbers has no bound: none are equal
    TensorSample x = Cases.tensor(d, shape, Domain.REAL.withDistinctValues());
    int last = d.oneIn(2) ? -1 : shape.rank() - 1;
    int[] axes =
        d.oneIn(3)
            ? new int[0]
            : shape.rank() > 1 && d.oneIn(2) ? new int[] {0, last} : new int[] {last};
    long[] dims = axes.length > 0 ? Torch.longs(axes) : LongStream.range(0, shape.rank()).toArray();
    ScalarOptional correctionThere = new ScalarOptional(new Scalar((double) correction));
    double steepest = root ? DecoderOracle.steepest(x, 0, true) : 1;
    return OracleCase.call(
            d, (root ? "std(" : "var(") + correction + ", axes " + Arrays.toString(axes) + ")", x)
        .ours(v -> root ? v[0].std(correction, axes) : v[0].var(correction, axes))
        .torch(
            t -> {
              Tensor y =
                  root
                      ? torch.std(t[0], dims, correctionThere, true)
                      : torch.var(t[0], dims, correctionThere, true);
              return axes.length > 0 ? y : y.reshape(new long[0]);
            })
        .within(Bound.composed(24, 9 * steepest));
  }

  /**
   * Zeros among the elements, and all of them zero: there the gradient is 0. Where 1/p is rounded,
   * the power loses a relative {@code |ln sum| u}: below 64 u, as no element is below 1e-9.
   */
  private static OracleCase norm(Draw d) {
    double p = d.pick(1.0, 1.5, 2.0, 2.0, 3.0, Double.POSITIVE_INFINITY);
    double power = p == 1.5 || p == 3 ? 64 : 0;
    TensorSample x = Cases.real(d, Cases.shape(d, 0, 4, false));
    boolean zero = d.oneIn(6);
    double[] values = Torch.map(x.values(), v -> zero || d.oneIn(6) ? 0 : v);
    return over(
            d,
            "norm(" + p,
            new TensorSample(x.shape(), x.layout(), values),
            (v, axes) -> v.norm(p, axes),
            (t, dims) ->
                torch.linalg_vector_norm(t, new Scalar(p), dims, true, new ScalarTypeOptional()))
        .within(Bound.relative(power));
  }

  private static OracleCase cumsum(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, true);
    int axis = d.axis(shape);
    return OracleCase.call(d, "cumsum(" + axis + ")", Cases.real(d, shape))
        .ours(v -> v[0].cumsum(axis))
        .torch(t -> t[0].cumsum(axis))
        .within(Bound.sums());
  }

  /** The first of equals on both sides. */
  private static OracleCase argmax(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, false);
    int axis = d.axis(shape);
    return OracleCase.call(d, "argmax(" + axis + ")", Cases.kinked(d, shape))
        .ours(v -> Variable.constant(TensorOps.cast(v[0].argmax(axis), v[0].tensor().dtype())))
        .torch(t -> t[0].argmax(new LongOptional(axis), true))
        .within(Bound.moved());
  }
}
