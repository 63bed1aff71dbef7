package dev.hindsight.gradcheck;

import static dev.hindsight.gradcheck.OpSpec.binary;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import java.util.List;

/** Functions of two operands with broadcasting. */
final class PairSpecs {
  private PairSpecs() {}

  static List<OpSpec> all() {
    Domain real = Domain.REAL;
    Domain between = real.awayFromKinks(); // never equal to a value on the grid
    return List.of(
        binary("add", real, real, Variable::add, (a, b) -> a.sub(b.neg())),
        binary("sub", real, real, Variable::sub, (a, b) -> a.add(b.neg())),
        binary(
            "mul",
            real,
            real,
            Variable::mul,
            (a, b) -> a.add(b).square().sub(a.sub(b).square()).times(0.25)),
        binary("div", real, Domain.POSITIVE, Variable::div, (a, b) -> a.mul(b.reciprocal())),
        binary(
            "power",
            Domain.POSITIVE,
            Domain.between(-2, 2),
            Variable::pow,
            (a, b) -> a.log().mul(b).exp()),
        binary(
            "minimum",
            real,
            between,
            Variable::minimum,
            (a, b) -> a.add(b).sub(a.sub(b).abs()).times(0.5)),
        binary(
            "maximum",
            real,
            between,
            Variable::maximum,
            (a, b) -> a.add(b).add(a.sub(b).abs()).times(0.5)),
        OpSpec.of("swiglu", real.toString(), PairSpecs::swiglu),
        OpSpec.of("where", real + ", condition 0 or 1", PairSpecs::where));
  }

  private static OpSpec.Inputs swiglu(Draw d) {
    Shape shape = d.shape();
    return OpSpec.call("swiglu", d.tensor(shape, Domain.REAL), d.tensor(shape, Domain.REAL))
        .is(v -> v[0].swiglu(v[1]))
        .sameAs(v -> v[0].mul(v[0].sigmoid()).mul(v[1]));
  }

  private static OpSpec.Inputs where(Draw d) {
    ShapePair shapes = d.broadcastable();
    Shape both = Shape.broadcast("where", shapes.first(), shapes.second());
    Shape shape = d.broadcastableTo(both);
    double[] condition = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < condition.length; i++) {
      condition[i] = d.between(0, 1);
    }
    return OpSpec.call(
            "where(condition " + shape + ")",
            d.tensor(shapes.first(), Domain.REAL),
            d.tensor(shapes.second(), Domain.REAL))
        .is(v -> Variable.where(Constants.tensor(v[0], shape, condition), v[0], v[1]))
        .sameAs(
            v -> {
              Variable c = Constants.of(v[0], shape, condition);
              return c.mul(v[0]).add(c.affine(-1, 1).mul(v[1]));
            });
  }
}
