package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Products, moments, norms, running sums, and where the largest is. */
final class StatisticsSpecs {
  private static final Domain REAL = Domain.REAL;

  /** The product of 48 of these stays below 5e4. */
  private static final Domain NEAR_ONE = Domain.between(-1.25, 1.25);

  private StatisticsSpecs() {}

  private interface OverAxes {
    Variable apply(Variable x, int... axes);
  }

  static List<OpSpec> all() {
    return List.of(
        OpSpec.of("prod", NEAR_ONE + ", zeros among them", StatisticsSpecs::prod),
        OpSpec.of("var", "spread over [-3, 3.5)", d -> moment(d, false)),
        OpSpec.of("std", "spread over [-3, 3.5)", d -> moment(d, true)),
        OpSpec.of("norm", "1/4 <= |x| < 3", StatisticsSpecs::norm),
        OpSpec.of("cumsum", REAL.toString(), StatisticsSpecs::cumsum),
        OpSpec.of("argmax", REAL.withDistinctValues().toString(), StatisticsSpecs::argmax)
            .notDifferentiable());
  }

  /** Over some axes, or over all to a scalar. */
  private static OpSpec.Inputs over(
      Draw d, String call, TensorSample x, OverAxes op, OverAxes twin) {
    Shape shape = x.shape();
    if (shape.rank() == 0 || d.oneIn(4)) {
      int[] all = IntStream.range(0, shape.rank()).toArray();
      return OpSpec.call(call + ")", x)
          .is(v -> op.apply(v[0]))
          .sameAs(v -> twin.apply(v[0], all).reshape(Shape.SCALAR));
    }
    int[] axes = d.axes(shape);
    return OpSpec.call(call + " axes " + Arrays.toString(axes) + ")", x)
        .is(v -> op.apply(v[0], axes))
        .sameAs(v -> twin.apply(v[0], axes));
  }

  private static OpSpec.Inputs prod(Draw d) {
    Shape shape = d.oneIn(8) ? Shape.of(d.between(9, 48)) : d.shape(); // long: a deep tree
    double[] values = NEAR_ONE.values(d, Math.toIntExact(shape.size()));
    for (int i = 0; i < values.length; i++) {
      values[i] = d.oneIn(6) ? 0 : values[i];
    }
    TensorSample x = new TensorSample(shape, d.layout(), values);
    return over(
        d,
        "prod(",
        x,
        (v, axes) -> axes.length == 0 ? v.prod() : v.prod(axes),
        (v, axes) -> {
          Variable y = v;
          for (int axis : axes) {
            Variable product = Constants.full(v, y.shape().with(axis, 1), 1);
            for (int i = 0; i < y.dim(axis); i++) {
              product = product.mul(y.slice(axis, i, i + 1));
            }
            y = product;
          }
          return y;
        });
  }

  /**
   * Variances of equal values have no square root that can be differentiated: values are spread.
   */
  private static OpSpec.Inputs moment(Draw d, boolean root) {
    Shape shape = d.shape(1, 4, false).with(-1, d.between(2, 3));
    int correction = d.between(0, 1);
    double[] values = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      // multiples of the golden ratio keep their distance on the circle
      values[i] = Math.rint((i * 0.6180339887 % 1 * 6 - 3) * 512) / 512 + d.between(0, 255) / 512.0;
    }
    TensorSample x = new TensorSample(shape, d.layout(), values);
    int axis = d.oneIn(2) ? -1 : shape.rank() - 1;
    int[] axes =
        d.oneIn(3)
            ? new int[0]
            : shape.rank() > 1 && d.oneIn(2) ? new int[] {0, axis} : new int[] {axis};
    String call = (root ? "std(" : "var(") + correction + ", axes " + Arrays.toString(axes) + ")";
    return OpSpec.call(call, x)
        .is(v -> root ? v[0].std(correction, axes) : v[0].var(correction, axes))
        .sameAs(
            v -> {
              int[] all = axes.length > 0 ? axes : IntStream.range(0, shape.rank()).toArray();
              double n = IntStream.of(all).mapToDouble(v[0]::dim).reduce(1, (a, b) -> a * b);
              Variable mean = v[0].sum(all).times(1 / n);
              Variable y = v[0].square().sum(all).times(1 / n).sub(mean.square());
              y = y.times(n / (n - correction));
              y = root ? y.pow(0.5) : y;
              return axes.length > 0 ? y : y.reshape(Shape.SCALAR);
            });
  }

  private static OpSpec.Inputs norm(Draw d) {
    double p = d.pick(1.0, 1.5, 2.0, 2.0, 3.0, Double.POSITIVE_INFINITY);
    Domain domain = d.oneIn(2) ? Domain.between(0.25, 3) : Domain.between(-3, -0.25);
    domain = p == Double.POSITIVE_INFINITY ? domain.withDistinctValues() : domain;
    TensorSample x = d.tensor(d.shape(0, 4, false), domain);
    return over(
        d,
        "norm(" + p,
        x,
        (v, axes) -> v.norm(p, axes),
        (v, axes) -> {
          if (p == Double.POSITIVE_INFINITY) {
            return axes.length == 0 ? v.abs() : v.square().max(axes).sqrt();
          }
          Variable powers = v.square().log().times(p / 2).exp();
          return (axes.length == 0 ? powers : powers.sum(axes)).log().times(1 / p).exp();
        });
  }

  private static OpSpec.Inputs cumsum(Draw d) {
    Shape shape =
        d.oneIn(8) ? Shape.of(d.between(9, 48)) : d.shape(1, 4, true); // long: many passes
    int axis = d.axis(shape);
    return OpSpec.call("cumsum(" + axis + ")", d.tensor(shape, REAL))
        .is(v -> v[0].cumsum(axis))
        .sameAs(
            v -> {
              Variable sum = Constants.full(v[0], shape.with(axis, 1), 0);
              Variable all = v[0].slice(axis, 0, 0);
              for (int i = 0; i < shape.dim(axis); i++) {
                sum = sum.add(v[0].slice(axis, i, i + 1));
                all = Variable.concat(axis, all, sum);
              }
              return all;
            });
  }

  private static OpSpec.Inputs argmax(Draw d) {
    Shape shape = d.shape(1, 4, false);
    int axis = d.axis(shape);
    return OpSpec.call("argmax(" + axis + ")", d.tensor(shape, REAL.withDistinctValues()))
        .is(v -> Variable.constant(TensorOps.cast(v[0].argmax(axis), v[0].tensor().dtype())))
        .sameAs(
            v -> {
              // the sum of i where element i equals the largest
              Variable places = Constants.full(v[0], shape.with(axis, 1), 0);
              Variable largest = v[0].detach().max(axis);
              for (int i = 0; i < shape.dim(axis); i++) {
                Variable here = v[0].detach().slice(axis, i, i + 1);
                places = places.add(here.sub(largest).sign().plus(1).times(i));
              }
              return places;
            });
  }
}
