package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;

/** Reductions over some axes, or over all to a scalar. */
final class ReductionOracle {
  /** Our op over some axes, which stay with extent 1. */
  interface OverAxes {
    Variable apply(Variable x, int... axes);
  }

  /** PyTorch's, with {@code keepdim}. */
  interface OverDims {
    Tensor apply(Tensor x, long[] dims);
  }

  private ReductionOracle() {}

  static List<OracleOp> all() {
    ScalarTypeOptional same = new ScalarTypeOptional();
    return List.of(
        reduction(
            "sum", true, Variable::sum, Variable::sum, (x, a) -> x.sum(a, true, same), sums()),
        reduction(
            "mean", false, Variable::mean, Variable::mean, (x, a) -> x.mean(a, true, same), sums()),
        // equal extremes share the gradient on both sides
        reduction(
            "max", false, Variable::max, Variable::max, (x, a) -> x.amax(a, true), Bound.moved()),
        reduction(
            "min", false, Variable::min, Variable::min, (x, a) -> x.amin(a, true), Bound.moved()),
        // differences from the maximum, up to 6, and a library's exp and log: 2 * 6 + 2 * 8 u
        reduction(
            "logSumExp",
            false,
            Variable::logSumExp,
            Variable::logSumExp,
            (x, a) -> x.logsumexp(a, true),
            Bound.composed(28)),
        new OracleOp("sumTo", ReductionOracle::sumTo));
  }

  private static Bound sums() {
    return Bound.sums();
  }

  static OracleOp reduction(
      String name,
      boolean emptyAllowed,
      UnaryOperator<Variable> toScalar,
      OverAxes ours,
      OverDims theirs,
      Bound bound) {
    return new OracleOp(
        name,
        d -> {
          Shape shape = Cases.shape(d, 0, 4, emptyAllowed);
          TensorSample x = Cases.kinked(d, shape);
          if (shape.rank() == 0 || d.oneIn(4)) {
            long[] all = LongStream.range(0, shape.rank()).toArray();
            return OracleCase.call(d, name + "()", x)
                .ours(v -> toScalar.apply(v[0]))
                .torch(t -> theirs.apply(t[0], all).reshape(new long[0]))
                .within(bound);
          }
          int[] axes = d.axes(shape);
          return OracleCase.call(d, name + "(axes " + Arrays.toString(axes) + ")", x)
              .ours(v -> ours.apply(v[0], axes))
              .torch(t -> theirs.apply(t[0], Torch.longs(axes)))
              .within(bound);
        });
  }

  private static OracleCase sumTo(Draw d) {
    Shape shape = Cases.shape(d);
    Shape target = d.broadcastableTo(shape);
    return OracleCase.call(d, "sumTo(" + target + ")", Cases.tensor(d, shape, Domain.REAL))
        .ours(v -> v[0].sumTo(target))
        .torch(t -> t[0].sum_to_size(Torch.longs(target)))
        .within(Bound.sums());
  }
}
