package dev.hindsight.tests.oracle;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Layout;
import dev.hindsight.gradcheck.TensorSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoublePredicate;
import java.util.function.Predicate;
import java.util.stream.DoubleStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** The numbers and functions of {@link SpecialValuesTest}, and what is known to differ. */
final class SpecialValues {
  /** The same in both types; 88, 105 and their like are about where exponentials end in F32. */
  private static final double[] MAGNITUDES = {
    0, 0.5, 1, 2, 3, 6, 9, 20, 88, 90, 105, 700, 720, 1e-30, 1e30, 1e-40, 1e-45, Float.MAX_VALUE
  };

  /** Floats. */
  private static final double[] FLOATS =
      DoubleStream.concat(
              DoubleStream.of(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY),
              Arrays.stream(MAGNITUDES).flatMap(x -> DoubleStream.of(x, -x)))
          .map(x -> (float) x)
          .toArray();

  /** What F64 holds besides. */
  private static final double[] DOUBLES = {
    1e-310, -1e-310, 1e300, -1e300, Double.MIN_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE
  };

  /**
   * A place where libtorch and we differ, and on purpose.
   *
   * @param op the function, with its argument
   * @param what {@code value} or {@code gradient i}
   * @param type where: null for both types
   * @param backend null for all
   * @param at of which inputs
   * @param ours of what we give there (a gradient for the cotangent 1)
   */
  record Difference(
      String op,
      String what,
      @Nullable DType type,
      @Nullable String backend,
      Predicate<double[]> at,
      DoublePredicate ours,
      String why) {
    Difference in(DType only) {
      return new Difference(op, what, only, backend, at, ours, why);
    }

    Difference on(String only) {
      return new Difference(op, what, type, only, at, ours, why);
    }

    boolean isOn(String backend, DType dtype) {
      return (type == null || type == dtype)
          && (this.backend == null || this.backend.equals(backend));
    }

    boolean isOurs(double value) {
      return ours.test(value);
    }

    @Override
    public String toString() {
      return op + " " + what + ": " + why;
    }
  }

  private static final double INFINITY = Double.POSITIVE_INFINITY;
  private static final Predicate<double[]> NAN = x -> Double.isNaN(x[0]);
  private static final Predicate<double[]> ZERO = x -> x[0] == 0;
  private static final Predicate<double[]> HIGHEST = x -> x[0] == INFINITY;
  private static final Predicate<double[]> LOWEST = x -> x[0] == -INFINITY;
  private static final Predicate<double[]> INFINITE = x -> Double.isInfinite(x[0]);
  private static final Predicate<double[]> HUGE = x -> Math.abs(x[0]) > 1e12;
  private static final Predicate<double[]> LARGEST = x -> Math.abs(x[0]) == Float.MAX_VALUE;
  private static final Predicate<double[]> ONE_NAN = x -> Double.isNaN(x[0]) || Double.isNaN(x[1]);
  private static final Predicate<double[]> ZEROS = x -> x[0] == 0 && x[1] == 0;
  private static final DoublePredicate IS_NAN = Double::isNaN;
  private static final DoublePredicate IS_ZERO = y -> y == 0;
  private static final DoublePredicate IS_STEP = y -> y == 0 || y == 1;
  private static final DoublePredicate IS_FINITE = Double::isFinite;
  private static final DoublePredicate IS_INFINITE = Double::isInfinite;

  private static final String LIMIT = "the limit; libtorch multiplies an infinity by 0";
  private static final String ROOT =
      "pow of IEEE 754, where -0 gives 0 and -infinity infinity; libtorch takes a square root";
  private static final String EARLY = "libtorch overflows before a factor brings it back";
  private static final String NEITHER =
      "NaN wins against nothing; libtorch passes the whole gradient to both";

  /** Where both are right, or one gives up earlier. */
  static final List<Difference> DIFFERENCES =
      List.of(
          of("abs", "gradient 0", NAN, IS_NAN, "NaN has no sign; libtorch takes 0"),
          of("sign", "value", NAN, IS_NAN, "NaN has no sign; libtorch takes 0"),
          of("sign", "value", ZERO, IS_ZERO, "a zero keeps its sign; libtorch gives +0"),
          of("relu", "value", ZERO, IS_ZERO, "max(-0, 0) may be either; libtorch gives -0"),
          of("relu", "gradient 0", NAN, IS_ZERO, "0 where not above 0; libtorch where not below"),
          of("square", "gradient 0", LARGEST, IS_FINITE, EARLY).in(DType.F32).on("reference"),
          of("silu", "value", LOWEST, IS_ZERO, LIMIT),
          of("silu", "gradient 0", INFINITE, IS_STEP, LIMIT),
          of("gelu", "value", LOWEST, IS_ZERO, LIMIT),
          of("gelu", "value", HIGHEST, IS_INFINITE, LIMIT).in(DType.F32),
          of("gelu", "value", LARGEST, IS_FINITE, EARLY).in(DType.F32),
          of("gelu", "gradient 0", INFINITE, IS_STEP, LIMIT),
          of("geluTanh", "value", LOWEST, IS_ZERO, LIMIT),
          of("geluTanh", "gradient 0", HUGE, IS_STEP, LIMIT),
          of("pow(-0.5)", "value", LOWEST, IS_ZERO, ROOT),
          of("pow(0.5)", "value", LOWEST, IS_INFINITE, ROOT),
          of("pow(0.5)", "value", ZERO, IS_ZERO, ROOT),
          of("pow(0.5)", "gradient 0", LOWEST, IS_ZERO, ROOT),
          of("pow(1.5)", "gradient 0", LOWEST, IS_INFINITE, ROOT),
          of("pow(2.0)", "gradient 0", LARGEST, IS_FINITE, EARLY).in(DType.F32),
          of("maximum", "value", ZEROS, IS_ZERO, "equal zeros: either sign is right"),
          of("minimum", "value", ZEROS, IS_ZERO, "equal zeros: either sign is right"),
          of("maximum", "gradient 0", ONE_NAN, IS_ZERO, NEITHER),
          of("maximum", "gradient 1", ONE_NAN, IS_ZERO, NEITHER),
          of("minimum", "gradient 0", ONE_NAN, IS_ZERO, NEITHER),
          of("minimum", "gradient 1", ONE_NAN, IS_ZERO, NEITHER),
          of(
              "div",
              "gradient 1",
              x -> Math.abs(x[1]) < Float.MIN_NORMAL,
              y -> !Double.isFinite(y),
              "1 / divisor overflows where the slope does not"),
          of(
              "power",
              "gradient 0",
              x -> x[1] == 0 && !(Math.abs(x[0]) >= Float.MIN_NORMAL),
              IS_NAN,
              "b a^(b - 1) for b = 0, where a^-1 is no number; libtorch takes 0"));

  private static Difference of(
      String op, String what, Predicate<double[]> at, DoublePredicate ours, String why) {
    return new Difference(op, what, null, null, at, ours, why);
  }

  private SpecialValues() {}

  static @Nullable Difference find(
      String op, String what, String backend, DType dtype, double... x) {
    for (Difference d : DIFFERENCES) {
      if (d.op.equals(op) && d.what.equals(what) && d.isOn(backend, dtype) && d.at.test(x)) {
        return d;
      }
    }
    return null;
  }

  /** One case a function: all values, or all pairs of them. */
  static List<OracleCase> cases(DType dtype) {
    double[] values =
        dtype == DType.F32
            ? FLOATS
            : DoubleStream.concat(Arrays.stream(FLOATS), Arrays.stream(DOUBLES)).toArray();
    List<OracleCase> cases = new ArrayList<>();
    TensorSample x = sample(values);
    for (ElementwiseOracle.Unary f : ElementwiseOracle.functions()) {
      cases.add(
          OracleCase.call(f.name(), x)
              .ours(v -> f.ours().apply(v[0]))
              .torch(t -> f.torch().apply(t[0]))
              .within(f.bound()));
    }
    cases.add(ElementwiseOracle.erf(OracleCase.call("erf", x)));
    ScalarOptional low = new ScalarOptional(new Scalar(-1.0));
    ScalarOptional high = new ScalarOptional(new Scalar(1.0));
    cases.add(
        OracleCase.call("clamp(-1, 1)", x)
            .ours(v -> v[0].clamp(-1, 1))
            .torch(t -> t[0].clamp(low, high))
            .within(Bound.elementwise()));
    for (double exponent : new double[] {-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3}) {
      Scalar theirs = new Scalar(exponent);
      cases.add(
          OracleCase.call("pow(" + exponent + ")", x)
              .ours(v -> v[0].pow(exponent))
              .torch(t -> t[0].pow(theirs))
              .within(Bound.elementwise()));
    }
    cases.addAll(pairs(values));
    return cases;
  }

  private static List<OracleCase> pairs(double... values) {
    int n = values.length;
    double[] a = new double[n * n];
    double[] b = new double[n * n];
    for (int i = 0; i < n * n; i++) {
      a[i] = values[i / n];
      b[i] = values[i % n];
    }
    TensorSample[] x = {sample(a), sample(b)};
    return List.of(
        OracleCase.call("add", x)
            .ours(v -> v[0].add(v[1]))
            .torch(t -> t[0].add(t[1]))
            .within(Bound.sums()),
        OracleCase.call("sub", x)
            .ours(v -> v[0].sub(v[1]))
            .torch(t -> t[0].sub(t[1]))
            .within(Bound.sums(t -> t[0].add(t[1]))),
        OracleCase.call("mul", x)
            .ours(v -> v[0].mul(v[1]))
            .torch(t -> t[0].mul(t[1]))
            .within(Bound.sums()),
        OracleCase.call("div", x)
            .ours(v -> v[0].div(v[1]))
            .torch(t -> t[0].div(t[1]))
            .within(Bound.sums()),
        OracleCase.call("maximum", x)
            .ours(v -> v[0].maximum(v[1]))
            .torch(t -> torch.maximum(t[0], t[1]))
            .within(Bound.moved()),
        OracleCase.call("minimum", x)
            .ours(v -> v[0].minimum(v[1]))
            .torch(t -> torch.minimum(t[0], t[1]))
            .within(Bound.moved()),
        OracleCase.call("power", x)
            .ours(v -> v[0].pow(v[1]))
            .torch(t -> t[0].pow(t[1]))
            .within(Bound.relative(0)));
  }

  private static TensorSample sample(double... values) {
    return new TensorSample(Shape.of(values.length), Layout.CONTIGUOUS, values);
  }
}
