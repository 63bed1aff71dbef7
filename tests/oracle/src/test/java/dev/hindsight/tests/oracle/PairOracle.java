package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.ShapePair;
import dev.hindsight.gradcheck.TensorSample;
import java.util.List;
import java.util.function.BinaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Functions of two operands with broadcasting. */
final class PairOracle {
  private PairOracle() {}

  static List<OracleOp> all() {
    Bound sums = Bound.sums();
    return List.of(
        pair("add", Variable::add, Tensor::add, sums),
        pair("sub", Variable::sub, Tensor::sub, Bound.sums(t -> t[0].add(t[1]))),
        pair("mul", Variable::mul, Tensor::mul, sums),
        new OracleOp("div", PairOracle::div),
        // equal elements share the gradient on both sides
        pair("minimum", Variable::minimum, torch::minimum, Bound.moved()),
        pair("maximum", Variable::maximum, torch::maximum, Bound.moved()),
        new OracleOp("power", PairOracle::power),
        new OracleOp("swiglu", PairOracle::swiglu),
        new OracleOp("where", PairOracle::where));
  }

  private static OracleOp pair(
      String name, BinaryOperator<Variable> ours, BinaryOperator<Tensor> theirs, Bound bound) {
    return new OracleOp(
        name,
        d -> {
          ShapePair shapes = Cases.broadcastable(d);
          return OracleCase.call(
                  d, name, Cases.kinked(d, shapes.first()), Cases.kinked(d, shapes.second()))
              .ours(v -> ours.apply(v[0], v[1]))
              .torch(t -> theirs.apply(t[0], t[1]))
              .within(bound);
        });
  }

  /** Divisors of either sign, away from 0. */
  private static OracleCase div(Draw d) {
    ShapePair shapes = Cases.broadcastable(d);
    Domain divisor = d.oneIn(2) ? Domain.POSITIVE : Domain.between(-4, -0.25);
    return OracleCase.call(
            d, "div", Cases.real(d, shapes.first()), Cases.tensor(d, shapes.second(), divisor))
        .ours(v -> v[0].div(v[1]))
        .torch(t -> t[0].div(t[1]))
        .within(Bound.sums());
  }

  /** Zeros among the bases, with exponents of 0 and above: 0^0 is 1. */
  private static OracleCase power(Draw d) {
    ShapePair shapes = Cases.broadcastable(d);
    boolean zeros = d.oneIn(3);
    TensorSample drawn = Cases.tensor(d, shapes.first(), Domain.POSITIVE);
    double[] bases = Torch.map(drawn.values(), x -> zeros && d.oneIn(4) ? 0 : x);
    Domain exponents = zeros ? Domain.between(1, 3) : Domain.between(-2, 2);
    TensorSample exponent = Cases.tensor(d, shapes.second(), exponents);
    double[] whole = Torch.map(exponent.values(), x -> zeros && d.oneIn(3) ? d.between(0, 2) : x);
    return OracleCase.call(
            d,
            "power",
            new TensorSample(shapes.first(), drawn.layout(), bases),
            new TensorSample(shapes.second(), exponent.layout(), whole))
        .ours(v -> v[0].pow(v[1]))
        .torch(t -> t[0].pow(t[1]))
        .within(
            Bound.slopes(
                t -> {
                  Tensor zero = t[0].eq(new Scalar(0.0));
                  Tensor base = t[0].masked_fill(zero, new Scalar(1.0)).detach();
                  Tensor power = t[0].pow(t[1].sub(new Scalar(1.0))).mul(t[1]).abs();
                  Tensor infinite = power.isfinite().logical_not();
                  Tensor slope = power.masked_fill(infinite, new Scalar(0.0));
                  Tensor log = base.log().mul(t[0].pow(t[1])).abs();
                  return t[0].mul(slope.detach()).add(t[1].mul(log.detach()));
                }));
  }

  /** The gate's derivative cancels near -1.28, so the largest number counts: 2 times 8 u for it. */
  private static OracleCase swiglu(Draw d) {
    Shape shape = Cases.shape(d);
    return OracleCase.call(d, "swiglu", Cases.real(d, shape), Cases.real(d, shape))
        .ours(v -> v[0].swiglu(v[1]))
        .torch(t -> torch.silu(t[0]).mul(t[1]))
        .within(Bound.composed(16));
  }

  private static OracleCase where(Draw d) {
    ShapePair shapes = Cases.broadcastable(d);
    Shape both = Shape.broadcast("where", shapes.first(), shapes.second());
    TensorSample drawn = d.tensor(d.broadcastableTo(both), Domain.between(-1, 1));
    // whatever is not 0 is true
    double[] condition = Torch.map(drawn.values(), x -> x < 0 ? 0 : x);
    Shape shape = drawn.shape();
    return OracleCase.call(
            d,
            "where(condition " + shape + ")",
            Cases.real(d, shapes.first()),
            Cases.real(d, shapes.second()))
        .ours(
            v ->
                Variable.where(
                    new TensorSample(shape, drawn.layout(), condition)
                        .tensor(v[0].tensor().backend(), v[0].tensor().dtype()),
                    v[0],
                    v[1]))
        .torch(
            t ->
                torch.where(
                    Torch.tensor(condition, shape, ScalarType.Double).ne(new Scalar(0.0)),
                    t[0],
                    t[1]))
        .within(Bound.moved());
  }
}
