package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import java.util.List;
import java.util.function.BinaryOperator;

/** Functions of two operands with broadcasting. */
final class PairSpecs {
  private PairSpecs() {}

  static List<OpSpec> all() {
    Domain real = Domain.REAL;
    Domain between = real.awayFromKinks(); // never equal to a value on the grid
    return List.of(
        pair("add", real, real, Variable::add, (a, b) -> a.sub(b.neg())),
        pair("sub", real, real, Variable::sub, (a, b) -> a.add(b.neg())),
        pair(
            "mul",
            real,
            real,
            Variable::mul,
            (a, b) -> a.add(b).square().sub(a.sub(b).square()).times(0.25)),
        pair("div", real, Domain.POSITIVE, Variable::div, (a, b) -> a.mul(b.reciprocal())),
        pair(
            "power",
            Domain.POSITIVE,
            Domain.between(-2, 2),
            Variable::pow,
            (a, b) -> a.log().mul(b).exp()),
        pair(
            "minimum",
            real,
            between,
            Variable::minimum,
            (a, b) -> a.add(b).sub(a.sub(b).abs()).times(0.5)),
        pair(
            "maximum",
            real,
            between,
            Variable::maximum,
            (a, b) -> a.add(b).add(a.sub(b).abs()).times(0.5)),
        pair(
            "swiglu",
            real,
            real,
            Variable::swiglu,
            (gate, up) -> gate.mul(gate.sigmoid()).mul(up),
            false),
        OpSpec.of("where", real + ", condition 0 or 1", PairSpecs::where));
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

  private static OpSpec pair(
      String name, Domain a, Domain b, BinaryOperator<Variable> op, BinaryOperator<Variable> twin) {
    return pair(name, a, b, op, twin, true);
  }

  private static OpSpec pair(
      String name,
      Domain a,
      Domain b,
      BinaryOperator<Variable> op,
      BinaryOperator<Variable> twin,
      boolean broadcasts) {
    return OpSpec.of(
        name,
        a.equals(b) ? a.toString() : a + " and " + b,
        d -> {
          Shape same = d.shape();
          ShapePair shapes = broadcasts ? d.broadcastable() : new ShapePair(same, same);
          return OpSpec.call(name, d.tensor(shapes.first(), a), d.tensor(shapes.second(), b))
              .is(v -> op.apply(v[0], v[1]))
              .sameAs(v -> twin.apply(v[0], v[1]));
        });
  }
}
