package dev.hindsight.autograd;

import dev.hindsight.autograd.Autograd.Unreached;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;

/**
 * Checks the gradients of a function of F64 tensors against its own values.
 *
 * <pre>{@code
 * GradCheck.of("cube", x -> x[0].mul(x[0]).mul(x[0]), Tensor.of(cpu, Shape.of(3), 1.0, -2.0, 0.5))
 *     .all();
 * }</pre>
 *
 * <p>The output, of any shape, is weighed with random cotangents w, so that every check is about
 * one number {@code L = <w, f(x)>}. Numbers are differentiated by the five-point stencil with step
 * h = 2^-12: its error is {@code h^4 / 30} times the fifth derivative (some 1e-16 of it) plus
 * rounding of some {@code 1e-12 |L|}. Inputs must stay {@code 2h}, 5e-4, away from kinks. The given
 * tensors may be strided views; differences are taken on contiguous copies, which therefore must
 * give the same values.
 *
 * <p>Each check throws an {@link AssertionError} that names the worst element, its shapes and
 * strides, the analytic and the numeric value, and the seed.
 */
public final class GradCheck {
  private static final double STEP = 0x1p-12;

  private final String name;
  private final Function<Variable[], Variable> function;
  private final Tensor[] inputs;
  private final long seed;

  private GradCheck(
      String name, Function<Variable[], Variable> function, Tensor[] inputs, long seed) {
    this.name = name;
    this.function = function;
    this.inputs = inputs;
    this.seed = seed;
  }

  /**
   * A check of {@code function} at {@code inputs}, all of them F64.
   *
   * @param name what messages call the function
   * @param function must compute the same each time, from its inputs and constants
   */
  public static GradCheck of(
      String name, Function<Variable[], Variable> function, Tensor... inputs) {
    if (inputs.length == 0) {
      throw new IllegalArgumentException("gradcheck of " + name + ": no inputs given");
    }
    for (Tensor t : inputs) {
      if (t.dtype() != DType.F64) {
        throw new IllegalArgumentException(
            "gradcheck of " + name + ": differences need F64, got " + t);
      }
    }
    return new GradCheck(name, function, inputs.clone(), 0);
  }

  /** The same check with other random cotangents and directions; 0 at first. */
  public GradCheck withSeed(long seed) {
    return new GradCheck(name, function, inputs, seed);
  }

  /** {@link #firstOrder}, {@link #innerProduct} and {@link #secondOrder}. */
  public void all() {
    firstOrder();
    innerProduct();
    secondOrder();
  }

  /** The gradient of L against differences of L: within 1e-6 relative plus 1e-8 absolute. */
  public void firstOrder() {
    Tensor[] gradients = gradient(inputs);
    compare("gradient", gradients, this::weighedOutput, 1e-6, 1e-8);
  }

  /**
   * The inner-product identity {@code <w, J u> = <J^T w, u>} for random directions u, within 1e-10
   * of the sum of magnitudes. {@code J u} comes from differentiating {@code J^T w} by w, so this
   * compares the backward pass that makes a graph with the one that does not; {@code J u} itself
   * must agree with differences of f along u, within 1e-6 relative plus 1e-8 absolute.
   */
  public void innerProduct() {
    Tensor[] gradients = gradient(inputs);
    Tensor[] directions = directions();
    double left = 0;
    double magnitude = 0;
    for (int i = 0; i < inputs.length; i++) {
      double[] g = gradients[i].toDoubles();
      double[] u = directions[i].toDoubles();
      for (int j = 0; j < g.length; j++) {
        left += g[j] * u[j];
        magnitude += Math.abs(g[j] * u[j]);
      }
    }
    Variable[] x = leaves(inputs);
    Variable out = function.apply(x);
    Variable w = Variable.leaf(cotangent(out.tensor()));
    Variable projected = project(out, x, w, directions);
    Tensor pushed =
        projected.requiresGradient()
            ? Autograd.gradient(projected, new Variable[] {w}, null, false, false, Unreached.ZERO)[
                0]
                .tensor()
            : zerosLike(out.tensor());
    double[] weights = w.tensor().toDoubles();
    double[] derivative = pushed.toDoubles();
    double right = 0;
    for (int j = 0; j < weights.length; j++) {
      right += weights[j] * derivative[j];
      magnitude += Math.abs(weights[j] * derivative[j]);
    }
    if (!(Math.abs(left - right) <= 1e-10 * magnitude + 1e-14)) {
      throw new AssertionError(
          "gradcheck of "
              + name
              + ": inner products differ: <J^T w, u> = "
              + left
              + " without a graph, <w, J u> = "
              + right
              + " through the graph of the gradient; "
              + describe());
    }
    compareAlong(pushed, directions);
  }

  /**
   * The gradient of {@code <u, gradient of L>} for random directions u, against differences of it:
   * within 1e-5 relative plus 1e-7 absolute.
   */
  public void secondOrder() {
    Tensor[] directions = directions();
    Variable[] x = leaves(inputs);
    Variable out = function.apply(x);
    Variable w = Variable.constant(cotangent(out.tensor()));
    Variable projected = project(out, x, w, directions);
    Tensor[] second = new Tensor[inputs.length];
    Variable[] found =
        projected.requiresGradient()
            ? Autograd.gradient(projected, x, null, false, false, Unreached.ZERO)
            : null;
    for (int i = 0; i < second.length; i++) {
      second[i] = found == null ? zerosLike(inputs[i]) : found[i].tensor();
    }
    compare("second-order gradient", second, at -> dot(gradient(at), directions), 1e-5, 1e-7);
  }

  /** {@code sum over inputs of <gradient, direction>}, part of a graph. */
  private static Variable project(Variable out, Variable[] x, Variable w, Tensor[] directions) {
    Variable[] g = Autograd.gradient(out, x, w, true, true, Unreached.ZERO);
    Variable sum = g[0].mul(Variable.constant(directions[0])).sum();
    for (int i = 1; i < g.length; i++) {
      sum = sum.add(g[i].mul(Variable.constant(directions[i])).sum());
    }
    return sum;
  }

  private Tensor[] gradient(Tensor[] at) {
    Variable[] x = leaves(at);
    Variable out = function.apply(x);
    Variable w = Variable.constant(cotangent(out.tensor()));
    Variable[] g = Autograd.gradient(out, x, w, false, false, Unreached.ZERO);
    Tensor[] gradients = new Tensor[g.length];
    for (int i = 0; i < g.length; i++) {
      gradients[i] = g[i].tensor();
      if (!gradients[i].shape().equals(at[i].shape())) {
        throw new AssertionError(
            "gradcheck of "
                + name
                + ": gradient "
                + i
                + " is "
                + gradients[i]
                + ", the input "
                + at[i]
                + "; a gradient has its input's shape (an input that was broadcast: sumTo)");
      }
    }
    return gradients;
  }

  private double weighedOutput(Tensor[] at) {
    try (var _ = Autograd.noGrad()) {
      Tensor out = function.apply(constants(at)).tensor();
      return dot(new Tensor[] {cotangent(out)}, new Tensor[] {out});
    }
  }

  private interface Scalar {
    double at(Tensor[] inputs);
  }

  private void compare(
      String what, Tensor[] analytic, Scalar scalar, double relative, double absolute) {
    double worstExcess = 1;
    String worst = null;
    int wrong = 0;
    for (int i = 0; i < inputs.length; i++) {
      double[] values = inputs[i].toDoubles();
      double[] given = analytic[i].toDoubles();
      Tensor[] at = inputs.clone();
      for (int j = 0; j < values.length; j++) {
        double numeric = difference(at, i, values, j, scalar);
        double excess = Math.abs(given[j] - numeric) / (absolute + relative * Math.abs(numeric));
        if (!(excess <= 1)) {
          wrong++;
          if (worst == null || !(excess <= worstExcess)) {
            worstExcess = excess;
            worst =
                String.format(
                    Locale.ROOT,
                    "input %d, element %s = %s: analytic %s, numeric %s (allowed %.0e relative, %.0e"
                        + " absolute)",
                    i,
                    index(inputs[i].shape(), j),
                    values[j],
                    given[j],
                    numeric,
                    relative,
                    absolute);
          }
        }
      }
    }
    if (worst != null) {
      throw new AssertionError(
          "gradcheck of "
              + name
              + ": "
              + what
              + ": "
              + wrong
              + " elements wrong, worst "
              + worst
              + "; "
              + describe());
    }
  }

  private static double difference(Tensor[] at, int i, double[] values, int j, Scalar scalar) {
    double x = values[j];
    Tensor former = at[i];
    double[] f = new double[4];
    for (int k = 0; k < 4; k++) {
      values[j] = x + (k < 2 ? k - 2 : k - 1) * STEP;
      at[i] = Tensor.of(former.backend(), former.shape(), values);
      f[k] = scalar.at(at);
    }
    values[j] = x;
    at[i] = former;
    return stencil(f[0], f[1], f[2], f[3]);
  }

  private static double stencil(double m2, double m1, double p1, double p2) {
    return (8 * (p1 - m1) - (p2 - m2)) / (12 * STEP);
  }

  /** Differences of every output element along the directions, against {@code pushed = J u}. */
  private void compareAlong(Tensor pushed, Tensor[] directions) {
    double[][] f = new double[4][];
    try (var _ = Autograd.noGrad()) {
      for (int k = 0; k < 4; k++) {
        Tensor[] at = new Tensor[inputs.length];
        for (int i = 0; i < at.length; i++) {
          at[i] = TensorOps.copyOf(inputs[i]);
          TensorOps.addScaled(directions[i], (k < 2 ? k - 2 : k - 1) * STEP, at[i]);
        }
        f[k] = function.apply(constants(at)).tensor().toDoubles();
      }
    }
    double[] given = pushed.toDoubles();
    for (int j = 0; j < given.length; j++) {
      double numeric = stencil(f[0][j], f[1][j], f[2][j], f[3][j]);
      if (!(Math.abs(given[j] - numeric) <= 1e-8 + 1e-6 * Math.abs(numeric))) {
        throw new AssertionError(
            "gradcheck of "
                + name
                + ": derivative along random directions: output element "
                + index(pushed.shape(), j)
                + ": analytic "
                + given[j]
                + ", numeric "
                + numeric
                + "; "
                + describe());
      }
    }
  }

  private static double dot(Tensor[] a, Tensor[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double[] x = a[i].toDoubles();
      double[] y = b[i].toDoubles();
      for (int j = 0; j < x.length; j++) {
        sum += x[j] * y[j];
      }
    }
    return sum;
  }

  private static Variable[] leaves(Tensor[] at) {
    Variable[] x = new Variable[at.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = Variable.leaf(at[i]);
    }
    return x;
  }

  private static Variable[] constants(Tensor[] at) {
    Variable[] x = new Variable[at.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = Variable.constant(at[i]);
    }
    return x;
  }

  private Tensor cotangent(Tensor out) {
    return random(out.backend(), out.shape(), 0);
  }

  private Tensor[] directions() {
    Tensor[] u = new Tensor[inputs.length];
    for (int i = 0; i < u.length; i++) {
      u[i] = random(inputs[i].backend(), inputs[i].shape(), i + 1);
    }
    return u;
  }

  /** Uniform in (-1, 1): no direction longer than a step, so that kinks stay out of reach. */
  private Tensor random(Backend backend, Shape shape, long stream) {
    Philox philox = new Philox(seed, stream);
    double[] values = new double[Math.toIntExact(shape.size())];
    for (int j = 0; j < values.length; j++) {
      values[j] = 2 * philox.nextDouble() - 1;
    }
    return Tensor.of(backend, shape, values);
  }

  private static Tensor zerosLike(Tensor t) {
    return TensorOps.zeros(t.backend(), t.dtype(), t.shape());
  }

  private static String index(Shape shape, int flat) {
    int[] index = new int[shape.rank()];
    for (int axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = flat % shape.dim(axis);
      flat /= shape.dim(axis);
    }
    return Arrays.toString(index);
  }

  private String describe() {
    StringBuilder text = new StringBuilder("inputs");
    for (Tensor t : inputs) {
      text.append(' ').append(t);
      if (!t.isContiguous()) {
        text.append(" with strides ").append(Arrays.toString(t.strides()));
      }
      if (t.offset() != 0) {
        text.append(" at offset ").append(t.offset());
      }
      text.append(',');
    }
    return text.append(" seed ").append(seed).toString();
  }
}
