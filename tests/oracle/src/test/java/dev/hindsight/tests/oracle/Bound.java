package dev.hindsight.tests.oracle;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * How far a right result of a case may lie from the truth: what rounding may do to it. Two right
 * results may be twice as far apart. u is the unit roundoff, 2^-24 in F32 and 2^-53 in F64.
 *
 * <p>A sum of n products in any order is off by at most {@code n u sum|terms|} (Higham, Accuracy
 * and Stability of Numerical Algorithms, 2002, section 3.1). With rounding errors of random sign it
 * is {@code 6 sqrt(n) u sum|terms|} but for odds of 3e-8 (Higham and Mary, A New Approach to
 * Probabilistic Rounding Error Analysis, 2019, theorem 2.4 with lambda 6), and the smaller of the
 * two is taken. n is at most the number of elements of the largest tensor of the case. The sums of
 * magnitudes are libtorch's own op in F64 on the magnitudes of inputs and cotangents.
 */
@FunctionalInterface
interface Bound {
  /** Library functions keep within 4 units in the last place, 8 u. */
  double LIBRARY = 8;

  /**
   * The allowed errors, shaped like a pass.
   *
   * @param exact libtorch's pass in F64
   */
  Pass allowed(OracleCase c, Pass exact, double u);

  /** Elements are moved or chosen, so values are exact; gradients are sums of what went apart. */
  static Bound moved() {
    return (c, exact, u) -> {
      // every derivative has one sign, so magnitudes of cotangents give sums of magnitudes
      Pass sums = Pass.torch(c, c.torch(), ScalarType.Double, x -> x, Math::abs);
      return new Pass(
          exact.shape(), new double[exact.value().length], times(sums, u * roundings(exact)));
    };
  }

  /** Sums of products of inputs with positive signs: the op itself bounds its terms. */
  static Bound sums() {
    return (c, exact, u) -> sums(c.torch()).allowed(c, exact, u);
  }

  /** Sums of products of inputs, some with a minus sign, which {@code magnitudes} leaves out. */
  static Bound sums(Function<Tensor[], Tensor> magnitudes) {
    return (c, exact, u) -> {
      Pass sums = Pass.torch(c, magnitudes, ScalarType.Double, Math::abs, Math::abs);
      double k = u * (roundings(exact) + 2); // a factor or a quotient beside the sum
      return new Pass(exact.shape(), times(sums.value(), k), times(sums, k));
    };
  }

  /** Values and derivatives that are relatively exact, but for a few roundings. */
  static Bound elementwise() {
    return elementwise(x -> 0, x -> 0);
  }

  /**
   * A function of one input, element by element.
   *
   * @param valueFloor of x: the size of what cancels in a usual formula of the value
   * @param slopeFloor the same of the derivative
   */
  static Bound elementwise(DoubleUnaryOperator valueFloor, DoubleUnaryOperator slopeFloor) {
    return (c, exact, u) -> {
      double[] x = c.inputs().get(0).values();
      double[] w = Pass.cotangents(c, x.length);
      double[] value = new double[x.length];
      double[] gradient = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        value[i] = LIBRARY * u * (Math.abs(exact.value()[i]) + valueFloor.applyAsDouble(x[i]));
        // the derivative, times the cotangent, from a rounded value or argument
        gradient[i] =
            (LIBRARY + 4)
                * u
                * (Math.abs(exact.gradients()[0][i])
                    + Math.abs(w[i]) * slopeFloor.applyAsDouble(x[i]));
      }
      return new Pass(exact.shape(), value, new double[][] {gradient});
    };
  }

  /**
   * Products and roots without cancellation: each element has a relative error.
   *
   * @param more u beside those of sums and of one library function
   */
  static Bound relative(double more) {
    return (c, exact, u) -> {
      double k = u * (roundings(exact) + LIBRARY + more);
      return new Pass(exact.shape(), times(exact.value(), k), times(exact, k));
    };
  }

  /**
   * Relatively exact values and slopes, whose products with cotangents are summed where inputs were
   * broadcast.
   *
   * @param magnitudes linear in the inputs, with the magnitudes of the slopes there
   */
  static Bound slopes(Function<Tensor[], Tensor> magnitudes) {
    return (c, exact, u) -> {
      Pass sums = Pass.torch(c, magnitudes, ScalarType.Double, x -> x, Math::abs);
      double k = u * (roundings(exact) + 2 * LIBRARY);
      return new Pass(exact.shape(), times(exact.value(), LIBRARY * u), times(sums, k));
    };
  }

  /**
   * An activation of sums of products. The sums' rounding goes through the slope, below 1.2, in
   * values, and through the slope of the slope, below 1, in gradients; the activation's own error
   * is that of {@link #elementwise} with a floor of its argument.
   *
   * @param magnitudes the sums of products alone
   */
  static Bound activated(Function<Tensor[], Tensor> magnitudes) {
    return (c, exact, u) -> {
      Pass sums = Pass.torch(c, magnitudes, ScalarType.Double, Math::abs, Math::abs);
      double k = roundings(exact) + 2;
      double largest = 0;
      for (double v : sums.value()) {
        largest = Math.max(largest, v);
      }
      return new Pass(
          exact.shape(),
          times(sums.value(), u * (1.2 * k + 2 * LIBRARY)),
          times(sums, u * (1.2 * (k + LIBRARY + 4) + k * largest)));
    };
  }

  /**
   * A composition of sums and library functions: within {@code c + roundings of its longest sum} of
   * the largest number in the case (1, inputs, values, gradients; cotangents are below 1).
   *
   * @param roundings how often the largest number's u comes in besides the sums
   */
  static Bound composed(double roundings) {
    return composed(roundings, 1);
  }

  /** The same where an intermediate result may be larger than all of them. */
  static Bound composed(double roundings, double intermediate) {
    return (c, exact, u) -> {
      double largest = Math.max(intermediate, exact.largest());
      for (var x : c.inputs()) {
        for (double v : x.values()) {
          largest = Math.max(largest, Math.abs(v));
        }
      }
      double allowed = u * (roundings + roundings(exact)) * largest;
      double[] value = new double[exact.value().length];
      Arrays.fill(value, allowed);
      double[][] gradients = new double[exact.gradients().length][];
      for (int i = 0; i < gradients.length; i++) {
        gradients[i] = new double[exact.gradients()[i].length];
        Arrays.fill(gradients[i], allowed);
      }
      return new Pass(exact.shape(), value, gradients);
    };
  }

  private static double roundings(Pass exact) {
    int n = exact.value().length;
    for (double[] g : exact.gradients()) {
      n = Math.max(n, g.length);
    }
    return Math.min(n, 6 * Math.sqrt(n));
  }

  /** Magnitudes times a factor. */
  private static double[] times(double[] values, double factor) {
    return Torch.map(values, v -> Math.abs(v) * factor);
  }

  private static double[][] times(Pass pass, double factor) {
    return Arrays.stream(pass.gradients()).map(g -> times(g, factor)).toArray(double[][]::new);
  }
}
