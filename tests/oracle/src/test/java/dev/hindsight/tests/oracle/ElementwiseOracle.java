package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Functions of one operand, element by element. */
final class ElementwiseOracle {
  /** A function without other arguments, which special values are tried on, too. */
  record Unary(
      String name,
      Domain domain,
      UnaryOperator<Variable> ours,
      UnaryOperator<Tensor> torch,
      Bound bound) {}

  private static final Domain REAL = Domain.REAL;
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

  private ElementwiseOracle() {}

  static List<OracleOp> all() {
    List<OracleOp> all = new ArrayList<>();
    for (Unary f : functions()) {
      all.add(new OracleOp(f.name, d -> unary(d, f)));
    }
    all.add(
        new OracleOp("erf", d -> erf(OracleCase.call(d, "erf", Cases.real(d, Cases.shape(d))))));
    all.add(new OracleOp("plus", d -> affine(d, "plus", false, true)));
    all.add(new OracleOp("times", d -> affine(d, "times", true, false)));
    all.add(new OracleOp("affine", d -> affine(d, "affine", true, true)));
    all.add(new OracleOp("clamp", ElementwiseOracle::clamp));
    all.add(new OracleOp("pow", ElementwiseOracle::pow));
    return all;
  }

  /** The floors are what cancels: 1 - tanh^2, 1 + erf and the like, where they are used at all. */
  static List<Unary> functions() {
    Bound plain = Bound.elementwise();
    Bound slopeOfOne = Bound.elementwise(x -> 0, x -> 1);
    Bound gate = Bound.elementwise(Math::abs, x -> 1 + Math.abs(x));
    return List.of(
        new Unary("neg", REAL, Variable::neg, Tensor::neg, Bound.moved()),
        new Unary("abs", REAL, Variable::abs, Tensor::abs, plain),
        new Unary("sign", REAL, Variable::sign, Tensor::sign, Bound.moved()),
        new Unary("square", REAL, Variable::square, Tensor::square, plain),
        new Unary("sqrt", Domain.POSITIVE, Variable::sqrt, Tensor::sqrt, plain),
        new Unary("rsqrt", Domain.POSITIVE, Variable::rsqrt, Tensor::rsqrt, plain),
        new Unary("reciprocal", Domain.POSITIVE, Variable::reciprocal, Tensor::reciprocal, plain),
        new Unary("exp", REAL, Variable::exp, Tensor::exp, plain),
        new Unary("log", Domain.POSITIVE, Variable::log, Tensor::log, plain),
        new Unary("log1p", Domain.between(-0.75, 3), Variable::log1p, Tensor::log1p, plain),
        new Unary("expm1", REAL, Variable::expm1, Tensor::expm1, slopeOfOne),
        new Unary("sin", Domain.between(-100, 100), Variable::sin, Tensor::sin, plain),
        new Unary("cos", Domain.between(-100, 100), Variable::cos, Tensor::cos, plain),
        new Unary("tanh", REAL, Variable::tanh, Tensor::tanh, slopeOfOne),
        new Unary("sigmoid", REAL, Variable::sigmoid, Tensor::sigmoid, slopeOfOne),
        new Unary("relu", REAL, Variable::relu, Tensor::relu, Bound.moved()),
        new Unary("softplus", REAL, Variable::softplus, torch::softplus, slopeOfOne),
        new Unary("silu", REAL, Variable::silu, torch::silu, gate),
        new Unary("gelu", REAL, Variable::gelu, torch::gelu, gate),
        new Unary("geluTanh", REAL, Variable::geluTanh, x -> torch.gelu(x, "tanh"), gate));
  }

  private static OracleCase unary(Draw d, Unary f) {
    Shape shape = Cases.shape(d);
    boolean real = f.domain.equals(REAL);
    return OracleCase.call(
            d, f.name, real ? Cases.kinked(d, shape) : Cases.tensor(d, shape, f.domain))
        .ours(v -> f.ours.apply(v[0]))
        .torch(t -> f.torch.apply(t[0]))
        .within(f.bound);
  }

  /**
   * The slope's exp(-x^2) is as exact as x^2 is: a relative x^2 u. libtorch's vectorised F32 error
   * function is formula 7.1.26 of Abramowitz and Stegun: 1.5e-7 off, also near 0, where that is
   * more than the value; and it is computed from numbers near 1, with a few u of those.
   */
  static OracleCase erf(OracleCase c) {
    return c.ours(v -> v[0].erf())
        .torch(t -> t[0].erf())
        .within(Bound.elementwise(x -> 0, x -> x * x * TWO_OVER_SQRT_PI * Math.exp(-x * x)))
        .whereLibTorchIsOffBy(1.5e-7 + 8 * 0x1p-24);
  }

  /** Also with numbers that F32 does not hold: both sides round them the same way or nearly. */
  private static OracleCase affine(Draw d, String name, boolean scaled, boolean shifted) {
    double scale = scaled ? d.pick(-1.5, 0.0, 0.1, 1 / 3.0) : 1;
    double shift = shifted ? d.pick(0.75, 0.0, -0.1, 2 / 3.0) : 0;
    TensorSample x = Cases.real(d, Cases.shape(d));
    return OracleCase.call(d, name + "(" + scale + ", " + shift + ")", x)
        .ours(
            v ->
                !scaled
                    ? v[0].plus(shift)
                    : shifted ? v[0].affine(scale, shift) : v[0].times(scale))
        .torch(t -> t[0].mul(new Scalar(scale)).add(new Scalar(shift)))
        .within(
            Bound.elementwise(z -> Math.abs(z * scale) + Math.abs(shift), z -> Math.abs(scale)));
  }

  /** Bounds that values meet exactly, there the gradient passes; and bounds that F32 rounds. */
  private static OracleCase clamp(Draw d) {
    double low = d.between(-4, 2) / (d.oneIn(3) ? 5.0 : 2.0);
    double high = low + d.between(0, 4) / 2.0;
    return OracleCase.call(d, "clamp(" + low + ", " + high + ")", Cases.kinked(d, Cases.shape(d)))
        .ours(v -> v[0].clamp(low, high))
        .torch(
            t ->
                t[0].clamp(
                    new ScalarOptional(new Scalar(low)), new ScalarOptional(new Scalar(high))))
        .within(Bound.elementwise());
  }

  private static OracleCase pow(Draw d) {
    double exponent = d.pick(-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 0.3);
    boolean whole = exponent == Math.rint(exponent);
    Domain domain = whole && exponent >= 0 ? REAL : Domain.POSITIVE;
    domain = whole && exponent < 0 && d.oneIn(2) ? Domain.between(-4, -0.25) : domain;
    TensorSample x = Cases.tensor(d, Cases.shape(d), domain);
    return OracleCase.call(d, "pow(" + exponent + ")", x)
        .ours(v -> v[0].pow(exponent))
        .torch(t -> t[0].pow(new Scalar(exponent)))
        .within(Bound.elementwise());
  }
}
