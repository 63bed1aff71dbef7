package dev.hindsight.gradcheck;

import static dev.hindsight.gradcheck.OpSpec.unary;

import dev.hindsight.autograd.Variable;
import java.util.List;

/** Functions of one operand, element by element. */
final class ElementwiseSpecs {
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final Domain SMOOTH = Domain.REAL;
  private static final Domain KINKED = Domain.REAL.awayFromKinks();

  private ElementwiseSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        unary("neg", SMOOTH, Variable::neg, x -> x.times(-1)),
        unary("abs", KINKED, Variable::abs, x -> x.square().sqrt()),
        unary("sign", KINKED, Variable::sign, x -> x.div(x.abs())),
        unary("square", SMOOTH, Variable::square, x -> x.mul(x)),
        unary("sqrt", Domain.POSITIVE, Variable::sqrt, x -> x.pow(0.5)),
        unary("rsqrt", Domain.POSITIVE, Variable::rsqrt, x -> x.sqrt().reciprocal()),
        unary(
            "reciprocal",
            Domain.POSITIVE,
            Variable::reciprocal,
            x -> Constants.scalar(x, 1).div(x)),
        unary("exp", SMOOTH, Variable::exp, x -> x.expm1().plus(1)),
        unary("log", Domain.POSITIVE, Variable::log, x -> x.plus(-1).log1p()),
        unary("log1p", Domain.between(-0.75, 3), Variable::log1p, x -> x.plus(1).log()),
        unary("expm1", SMOOTH, Variable::expm1, x -> x.exp().plus(-1)),
        unary("sin", SMOOTH, Variable::sin, x -> x.plus(-Math.PI / 2).cos()),
        unary("cos", SMOOTH, Variable::cos, x -> x.plus(Math.PI / 2).sin()),
        unary("tanh", SMOOTH, Variable::tanh, x -> x.times(2).sigmoid().affine(2, -1)),
        unary("sigmoid", SMOOTH, Variable::sigmoid, x -> x.neg().exp().plus(1).reciprocal()),
        OpSpec.of("erf", "1/4 < |x| < 3", ElementwiseSpecs::erf),
        unary("relu", KINKED, Variable::relu, x -> x.maximum(Constants.scalar(x, 0))),
        unary("softplus", SMOOTH, Variable::softplus, x -> x.exp().log1p()),
        unary("silu", SMOOTH, Variable::silu, x -> x.mul(x.sigmoid())),
        unary(
            "gelu", SMOOTH, Variable::gelu, x -> x.mul(x.times(SQRT_HALF).erf().affine(0.5, 0.5))),
        unary("geluTanh", SMOOTH, Variable::geluTanh, ElementwiseSpecs::geluThroughTanh),
        unary("plus", SMOOTH, x -> x.plus(0.75), x -> x.add(Constants.scalar(x, 0.75))),
        unary("times", SMOOTH, x -> x.times(-1.5), x -> x.mul(Constants.scalar(x, -1.5))),
        unary("affine", SMOOTH, x -> x.affine(-1.5, 2), x -> x.times(-1.5).plus(2)),
        OpSpec.of(
            "clamp",
            KINKED + ", bounds on the grid",
            d -> {
              double low = d.between(-8, 4) / 4.0;
              double high = low + d.between(0, 6) / 4.0;
              return OpSpec.call("clamp(" + low + ", " + high + ")", d.tensor(d.shape(), KINKED))
                  .is(v -> v[0].clamp(low, high))
                  .sameAs(
                      v ->
                          v[0].maximum(Constants.scalar(v[0], low))
                              .minimum(Constants.scalar(v[0], high)));
            }),
        OpSpec.of(
            "pow",
            "positive; all reals where the exponent is a natural number",
            ElementwiseSpecs::pow));
  }

  private static OpSpec.Inputs pow(Draw d) {
    double exponent = d.pick(-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0);
    boolean natural = exponent >= 0 && exponent == Math.rint(exponent);
    TensorSample x = d.tensor(d.shape(), natural ? Domain.REAL : Domain.POSITIVE);
    return OpSpec.call("pow(" + exponent + ")", x)
        .is(v -> v[0].pow(exponent))
        .sameAs(
            v -> {
              if (!natural) {
                return v[0].log().times(exponent).exp();
              }
              Variable product = v[0].affine(0, 1);
              for (int i = 0; i < exponent; i++) {
                product = product.mul(v[0]);
              }
              return product;
            });
  }

  /** {@code gelu(z) = z (1 + erf(z / sqrt 2)) / 2}, solved for erf: exact away from 0 only. */
  private static OpSpec.Inputs erf(Draw d) {
    Domain domain = d.oneIn(2) ? Domain.between(0.25, 3) : Domain.between(-3, -0.25);
    return OpSpec.call("erf", d.tensor(d.shape(), domain))
        .is(v -> v[0].erf())
        .sameAs(
            v -> {
              Variable z = v[0].times(1 / SQRT_HALF);
              return z.gelu().div(z).affine(2, -1);
            });
  }

  private static Variable geluThroughTanh(Variable x) {
    Variable inner = x.add(x.pow(3).times(0.044715)).times(Math.sqrt(2 / Math.PI));
    return x.times(0.5).mul(inner.tanh().plus(1));
  }
}
