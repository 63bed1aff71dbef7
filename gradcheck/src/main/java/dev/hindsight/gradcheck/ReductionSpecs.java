package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Reductions over some axes, or over all to a scalar. */
final class ReductionSpecs {
  private ReductionSpecs() {}

  private interface OverAxes {
    Variable apply(Variable x, int... axes);
  }

  static List<OpSpec> all() {
    Domain distinct = Domain.REAL.withDistinctValues();
    return List.of(
        reduction("sum", Domain.REAL, true, Variable::sum, Variable::sum, ReductionSpecs::summed),
        reduction(
            "mean",
            Domain.REAL,
            false,
            Variable::mean,
            Variable::mean,
            (x, axes) -> x.sum(axes).times(1.0 / count(x, axes))),
        reduction(
            "max",
            distinct,
            false,
            Variable::max,
            Variable::max,
            (x, axes) -> x.neg().min(axes).neg()),
        reduction(
            "min",
            distinct,
            false,
            Variable::min,
            Variable::min,
            (x, axes) -> x.neg().max(axes).neg()),
        reduction(
            "logSumExp",
            Domain.REAL,
            false,
            Variable::logSumExp,
            Variable::logSumExp,
            (x, axes) -> x.exp().sum(axes).log()),
        OpSpec.of(
            "sumTo",
            Domain.REAL.toString(),
            d -> {
              Shape shape = d.shape();
              Shape target = d.broadcastableTo(shape);
              return OpSpec.call("sumTo(" + target + ")", d.tensor(shape, Domain.REAL))
                  .is(v -> v[0].sumTo(target))
                  .sameAs(v -> summedTo(v[0], target));
            }));
  }

  private static OpSpec reduction(
      String name,
      Domain domain,
      boolean emptyAllowed,
      UnaryOperator<Variable> toScalar,
      OverAxes op,
      OverAxes twin) {
    return OpSpec.of(
        name,
        domain.toString(),
        d -> {
          Shape shape = d.shape(0, 4, emptyAllowed);
          TensorSample x = d.tensor(shape, domain);
          if (shape.rank() == 0 || d.oneIn(4)) {
            int[] all = IntStream.range(0, shape.rank()).toArray();
            return OpSpec.call(name + "()", x)
                .is(v -> toScalar.apply(v[0]))
                .sameAs(v -> twin.apply(v[0].unsqueeze(0), shifted(all)).reshape(Shape.SCALAR));
          }
          int[] axes = d.axes(shape);
          return OpSpec.call(name + "(axes " + Arrays.toString(axes) + ")", x)
              .is(v -> op.apply(v[0], axes))
              .sameAs(v -> twin.apply(v[0], axes));
        });
  }

  /** All axes of a tensor that was given another axis in front; never the empty list. */
  private static int[] shifted(int[] axes) {
    return IntStream.rangeClosed(0, axes.length).toArray();
  }

  /** A sum as a product with ones, an axis at a time. */
  private static Variable summed(Variable x, int... axes) {
    Variable sum = x;
    for (int axis : axes) {
      int extent = sum.dim(axis);
      Variable last = sum.transpose(axis, -1);
      Variable rows = last.reshape(Math.toIntExact(last.shape().drop(-1).size()), extent);
      Variable ones = Constants.full(x, Shape.of(extent, 1), 1);
      sum = rows.matmul(ones).reshape(last.shape().with(-1, 1)).transpose(axis, -1);
    }
    return sum;
  }

  private static Variable summedTo(Variable x, Shape target) {
    int lead = x.shape().rank() - target.rank();
    Variable sum = x;
    for (int i = 0; i < x.shape().rank(); i++) {
      if (i < lead || target.dim(i - lead) == 1) {
        sum = sum.sum(i);
      }
    }
    return sum.reshape(target);
  }

  private static double count(Variable x, int... axes) {
    double n = 1;
    for (int axis : axes) {
      n *= x.dim(axis);
    }
    return n;
  }
}
