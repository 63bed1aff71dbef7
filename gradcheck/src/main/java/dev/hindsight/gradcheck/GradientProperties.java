package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Functional;
import dev.hindsight.autograd.GradCheck;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What must hold for every case of every op; each property throws an {@link AssertionError} that
 * says what did not. Checks against differences are F64, on any backend that computes it.
 */
public final class GradientProperties {
  /** Half the distance between 1 and the next float. */
  private static final double FLOAT_ROUNDING = 0x1p-24;

  /** Half the distance between 1 and the next double. */
  private static final double DOUBLE_ROUNDING = 0x1p-53;

  private GradientProperties() {}

  /**
   * Every property below that fits the op's order, in F64 and F32: what a test of one op calls.
   *
   * @param backend computes F64, too: {@code Backends.get("reference")}, or a CPU backend
   */
  public static void all(OpCase c, Backend backend) {
    firstOrder(c, backend);
    if (c.spec().order() > 1) {
      innerProduct(c, backend);
      secondOrder(c, backend);
    }
    for (DType dtype : new DType[] {DType.F64, DType.F32}) {
      fusedEqualsComposed(c, backend, dtype);
      twinAgrees(c, backend, dtype);
      everyInputAlone(c, backend, dtype);
      linearInCotangent(c, backend, dtype);
    }
  }

  /** The gradient agrees with central differences, element by element. */
  public static void firstOrder(OpCase c, Backend backend) {
    check(c, backend).firstOrder();
  }

  /** The inner-product identity holds, with and without a graph of the gradient. */
  public static void innerProduct(OpCase c, Backend backend) {
    check(c, backend).innerProduct();
  }

  /** The gradient of the gradient agrees with central differences. */
  public static void secondOrder(OpCase c, Backend backend) {
    check(c, backend).secondOrder();
  }

  private static GradCheck check(OpCase c, Backend backend) {
    return GradCheck.of(c.call(), c.function(), c.tensors(backend, DType.F64)).withSeed(c.seed());
  }

  /**
   * The backward pass that runs without a graph (fused primitives) and the one that makes a graph
   * (composed ops) agree in {@code dtype}, and F32 agrees with F64.
   *
   * <p>The bound: no element depends on more than some 48 roundings (the longest sum), and no
   * intermediate is larger than some five times the largest of 1, the values and the gradients. So
   * results differ by less than {@code 256 u} of that largest, u being the unit roundoff: 1.5e-5 in
   * F32, 3e-14 in F64. (The worst of 300 cases of each op came to 20 u.)
   */
  public static void fusedEqualsComposed(OpCase c, Backend backend, DType dtype) {
    Pass fused = Pass.run(c.function(), c.tensors(backend, dtype), c.seed(), false);
    Pass composed = Pass.run(c.function(), c.tensors(backend, dtype), c.seed(), true);
    compare(c, "fused against composed " + dtype, fused, composed, dtype);
    if (dtype == DType.F32) {
      Pass exact = Pass.run(c.function(), c.tensors(backend, DType.F64), c.seed(), false);
      compare(c, "F32 against F64", fused, exact, dtype);
    }
  }

  /** Value and gradients agree with those of the twin, within the same bound. */
  public static void twinAgrees(OpCase c, Backend backend, DType dtype) {
    Function<Variable[], Variable> twin = c.twin();
    if (twin == null) {
      return;
    }
    Pass op = Pass.run(c.function(), c.tensors(backend, dtype), c.seed(), false);
    Pass other = Pass.run(twin, c.tensors(backend, dtype), c.seed(), false);
    compare(c, "op against its twin " + dtype, op, other, dtype);
  }

  /** The vector-Jacobian product is linear: that of {@code 2 w - v / 2} is the same of the two. */
  public static void linearInCotangent(OpCase c, Backend backend, DType dtype) {
    Functional.Vjp vjp = Functional.vjp(c.function(), c.tensors(backend, dtype));
    Tensor w = Pass.cotangent(vjp.value(), c.seed());
    Tensor v = Pass.cotangent(vjp.value(), c.seed() + 1);
    Tensor both = TensorOps.affine(w, 2, 0);
    TensorOps.addScaled(v, -0.5, both);
    Tensor[] left = vjp.apply(both);
    Tensor[] ofW = vjp.apply(w);
    Tensor[] ofV = vjp.apply(v);
    for (int i = 0; i < left.length; i++) {
      Tensor right = TensorOps.affine(ofW[i], 2, 0);
      TensorOps.addScaled(ofV[i], -0.5, right);
      double largest = Math.max(1, Math.max(2 * largest(ofW[i]), largest(ofV[i])));
      compare(
          c,
          "linear in the cotangent " + dtype + ": gradient of input " + i,
          left[i],
          right,
          256 * rounding(dtype) * largest);
    }
  }

  /**
   * {@code f(change(x)) = undo(f(x))}, in value and in gradient by x, within the bound of {@link
   * #fusedEqualsComposed}: a symmetry of the op.
   *
   * @param what for the message, as in {@code shifted by 2}
   * @param change made of differentiable ops
   * @param undo made of differentiable ops
   */
  public static void symmetric(
      OpCase c,
      Backend backend,
      DType dtype,
      String what,
      UnaryOperator<Variable[]> change,
      UnaryOperator<Variable> undo) {
    Tensor[] inputs = c.tensors(backend, dtype);
    Pass changed = Pass.run(v -> c.function().apply(change.apply(v)), inputs, c.seed(), false);
    Pass plain = Pass.run(v -> undo.apply(c.function().apply(v)), inputs, c.seed(), false);
    compare(c, what + " " + dtype, changed, plain, dtype);
  }

  /** The op does not notice one number added to a row of its first input: softmax, layer norm. */
  public static void shiftInvariant(OpCase c, Backend backend, DType dtype) {
    double shift = 1 + new Philox(c.seed(), 2).nextInt(4);
    symmetric(
        c,
        backend,
        dtype,
        "shifted by " + shift,
        v -> {
          Variable[] x = v.clone();
          x[0] = x[0].plus(shift);
          return x;
        },
        y -> y);
  }

  /**
   * The op treats every entry of axis 0 alike: entries of the named inputs in another order give
   * the output's in that order. Batches of rows, if no row looks at another.
   *
   * @param inputs those whose axis 0 is the batch
   */
  public static void batchPermutable(OpCase c, Backend backend, DType dtype, int... inputs) {
    int rows = c.inputs().get(inputs[0]).shape().dim(0);
    int[] order = new Philox(c.seed(), 3).permutation(rows);
    Tensor ids = Tensor.of(backend, Shape.of(rows), order);
    symmetric(
        c,
        backend,
        dtype,
        "batch in the order " + Arrays.toString(order),
        v -> {
          Variable[] x = v.clone();
          for (int i : inputs) {
            x[i] = x[i].indexSelect(0, ids);
          }
          return x;
        },
        y -> y.indexSelect(0, ids));
  }

  /**
   * An input has the same gradient, to the bit, when it alone needs one: with the others constant,
   * with and without a graph of the gradient, and when its leaf adds up what arrives instead of a
   * walk that brings it back. A second backward pass doubles it, within the bound of {@link
   * #fusedEqualsComposed}.
   */
  public static void everyInputAlone(OpCase c, Backend backend, DType dtype) {
    Tensor[] inputs = c.tensors(backend, dtype);
    Pass all = Pass.run(c.function(), inputs, c.seed(), false);
    Pass withGraph = Pass.run(c.function(), inputs, c.seed(), true);
    for (int i = 0; i < inputs.length; i++) {
      Variable[] x = new Variable[inputs.length];
      for (int j = 0; j < x.length; j++) {
        x[j] = j == i ? Variable.leaf(inputs[j]) : Variable.constant(inputs[j]);
      }
      Tensor once = all.gradients[i];
      String what = "input " + i + " alone " + dtype;
      Tensor alone = Pass.of(c.function(), x, i, c.seed(), true);
      compare(c, what + ", with a graph", withGraph.gradients[i], alone, 0);
      compare(c, what, once, accumulated(c, x, i), 0);
      double allowed = 256 * rounding(dtype) * Math.max(1, 2 * largest(once));
      Tensor twice = TensorOps.affine(once, 2, 0);
      compare(c, what + ", twice", twice, accumulated(c, x, i), allowed);
    }
  }

  /** The gradient of leaf {@code i} after one more backward pass. */
  private static Tensor accumulated(OpCase c, Variable[] x, int i) {
    Variable y = c.function().apply(x);
    if (y.requiresGradient()) {
      y.backward(Pass.cotangent(y.tensor(), c.seed()));
    }
    Tensor g = x[i].gradient();
    Tensor t = x[i].tensor();
    return g != null ? g : TensorOps.zeros(t.backend(), t.dtype(), t.shape());
  }

  /** A value and the gradients of its product with random cotangents. */
  private record Pass(Tensor value, Tensor[] gradients) {
    static Pass run(
        Function<Variable[], Variable> function, Tensor[] inputs, long seed, boolean createGraph) {
      Variable[] x = new Variable[inputs.length];
      for (int i = 0; i < x.length; i++) {
        x[i] = Variable.leaf(inputs[i]);
      }
      Variable y = function.apply(x);
      Tensor w = cotangent(y.tensor(), seed);
      Variable[] g =
          Autograd.gradient(
              y, x, Variable.constant(w), createGraph, createGraph, Autograd.Unreached.ZERO);
      return new Pass(y.tensor(), Arrays.stream(g).map(Variable::tensor).toArray(Tensor[]::new));
    }

    /** The gradient of one of the variables. */
    static Tensor of(
        Function<Variable[], Variable> function,
        Variable[] x,
        int i,
        long seed,
        boolean createGraph) {
      Variable y = function.apply(x);
      Variable w = Variable.constant(cotangent(y.tensor(), seed));
      Variable[] at = {x[i]};
      return Autograd.gradient(y, at, w, createGraph, createGraph, Autograd.Unreached.ZERO)[0]
          .tensor();
    }

    private static Tensor cotangent(Tensor y, long seed) {
      Philox random = new Philox(seed, 1);
      double[] w = new double[Math.toIntExact(y.size())];
      for (int i = 0; i < w.length; i++) {
        w[i] = random.nextFloat() * 2 - 1;
      }
      return TensorOps.cast(Tensor.of(y.backend(), y.shape(), w), y.dtype());
    }
  }

  private static void compare(OpCase c, String what, Pass a, Pass b, DType dtype) {
    double largest = 1;
    for (Pass pass : new Pass[] {a, b}) {
      largest = Math.max(largest, largest(pass.value));
      for (Tensor g : pass.gradients) {
        largest = Math.max(largest, largest(g));
      }
    }
    double allowed = 256 * rounding(dtype) * largest;
    compare(c, what + ": value", a.value, b.value, allowed);
    for (int i = 0; i < a.gradients.length; i++) {
      compare(c, what + ": gradient of input " + i, a.gradients[i], b.gradients[i], allowed);
    }
  }

  private static double rounding(DType dtype) {
    return dtype == DType.F32 ? FLOAT_ROUNDING : DOUBLE_ROUNDING;
  }

  private static double largest(Tensor t) {
    double largest = 0;
    for (double x : t.toDoubles()) {
      largest = Math.max(largest, Math.abs(x));
    }
    return largest;
  }

  private static void compare(OpCase c, String what, Tensor a, Tensor b, double allowed) {
    if (!a.shape().equals(b.shape())) {
      throw new AssertionError(c + ": " + what + ": shapes " + a.shape() + " and " + b.shape());
    }
    double[] x = a.toDoubles();
    double[] y = b.toDoubles();
    @Nullable Integer worst = null;
    for (int i = 0; i < x.length; i++) {
      double difference = Math.abs(x[i] - y[i]);
      if (!(difference <= allowed)
          && (worst == null || !(difference <= Math.abs(x[worst] - y[worst])))) {
        worst = i;
      }
    }
    if (worst != null) {
      throw new AssertionError(
          String.format(
              Locale.ROOT,
              "%s: %s: element %s is %s and %s, %.1e allowed; %s",
              c.call(),
              what,
              Arrays.toString(position(a.shape(), worst)),
              x[worst],
              y[worst],
              allowed,
              c));
    }
  }

  private static int[] position(Shape shape, int flat) {
    int[] index = new int[shape.rank()];
    int rest = flat;
    for (int axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape.dim(axis);
      rest /= shape.dim(axis);
    }
    return index;
  }
}
