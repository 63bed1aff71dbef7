package dev.hindsight.autograd;

import dev.hindsight.autograd.Autograd.Unreached;
import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of functions rather than of graphs: a function of variables and the tensors to take
 * it at give tensors. The function may read other leaves; they count as constants here.
 *
 * <pre>{@code
 * Tensor[] dx = Functional.grad(v -> v[0].square().sum(), x); // 2 x
 * }</pre>
 *
 * <p>A function whose derivative is to be differentiated again is written with {@link
 * Autograd#gradient(Variable, Variable[], Tensor, boolean)}. Recording is on inside, whatever the
 * thread's mode is. Where a result does not depend on an input, derivatives are zeros.
 */
public final class Functional {
  private Functional() {}

  /**
   * A value and the gradients.
   *
   * @param gradients one an input, of its shape
   */
  public record ValueAndGrad(Tensor value, Tensor[] gradients) {}

  /** A value and its derivative along some direction, of the value's shape. */
  public record Jvp(Tensor value, Tensor derivative) {}

  /** A value, and the map from its cotangents to those of the inputs: {@code w -> J^T w}. */
  public static final class Vjp {
    private final Variable output;
    private final Variable[] inputs;

    private Vjp(Variable output, Variable[] inputs) {
      this.output = output;
      this.inputs = inputs;
    }

    /** The function's value. */
    public Tensor value() {
      return output.tensor();
    }

    /**
     * {@code J^T w}, one tensor an input. May be called again: the graph stays.
     *
     * @param cotangent w, of the value's shape and type
     */
    public Tensor[] apply(Tensor cotangent) {
      Tensor y = output.tensor();
      if (!cotangent.shape().equals(y.shape()) || cotangent.dtype() != y.dtype()) {
        throw new IllegalArgumentException(
            "vjp: the cotangent is " + cotangent + ", but the function's value is " + y);
      }
      Variable w = Variable.constant(cotangent);
      return tensors(gradients(output, inputs, w, true, false), cotangent);
    }
  }

  /**
   * The gradients of a function whose value is one number.
   *
   * @throws IllegalArgumentException when its value has another number of elements
   */
  public static Tensor[] grad(Function<Variable[], Variable> function, Tensor... at) {
    return valueAndGrad("grad", function, at).gradients;
  }

  /** The value of a function, one number, and its gradients. */
  public static ValueAndGrad valueAndGrad(Function<Variable[], Variable> function, Tensor... at) {
    return valueAndGrad("valueAndGrad", function, at);
  }

  private static ValueAndGrad valueAndGrad(
      String operation, Function<Variable[], Variable> function, Tensor... at) {
    return recording(
        () -> {
          Variable[] x = leaves(operation, at);
          Variable y = function.apply(x);
          requireScalar(operation, y);
          return new ValueAndGrad(y.tensor(), tensors(gradients(y, x, null, false, false)));
        });
  }

  /** The value of a function of any shape, and its vector-Jacobian product. */
  public static Vjp vjp(Function<Variable[], Variable> function, Tensor... at) {
    return recording(
        () -> {
          Variable[] x = leaves("vjp", at);
          return new Vjp(function.apply(x), x);
        });
  }

  /**
   * The value of a function of any shape and the Jacobian-vector product {@code J u}: the
   * derivative along {@code directions}. Computed as the vjp of the vjp, which is linear in its
   * cotangent, so the function's ops must be second-order.
   *
   * @param directions u, one an input, of its shape and type
   */
  public static Jvp jvp(Function<Variable[], Variable> function, Tensor[] at, Tensor[] directions) {
    requireFits("jvp", at, directions);
    return recording(
        () -> {
          Variable[] x = leaves("jvp", at);
          Variable y = function.apply(x);
          Variable w = Variable.leaf(zerosLike(y.tensor()));
          Variable projected = dot(gradients(y, x, w, true, true), directions);
          Variable[] pushed = gradients(projected, new Variable[] {w}, null, false, false);
          return new Jvp(y.tensor(), pushed[0].tensor());
        });
  }

  /**
   * The product of the Hessian of a function whose value is one number with {@code directions}: the
   * gradient of the derivative along them. One pass more than a gradient; the Hessian is never
   * held.
   *
   * @param directions one an input, of its shape and type
   */
  public static Tensor[] hessianVectorProduct(
      Function<Variable[], Variable> function, Tensor[] at, Tensor[] directions) {
    requireFits("hessianVectorProduct", at, directions);
    return recording(
        () -> {
          Variable[] x = leaves("hessianVectorProduct", at);
          Variable y = function.apply(x);
          requireScalar("hessianVectorProduct", y);
          Variable projected = dot(gradients(y, x, null, true, true), directions);
          return tensors(gradients(projected, x, null, false, false));
        });
  }

  private static <T> T recording(Supplier<T> action) {
    Autograd.State state = Autograd.state();
    boolean former = state.recording;
    state.recording = true;
    try {
      return action.get();
    } finally {
      state.recording = former;
    }
  }

  private static Variable[] gradients(
      Variable y, Variable[] x, @Nullable Variable seed, boolean retain, boolean createGraph) {
    return Autograd.gradient(y, x, seed, retain, createGraph, Unreached.ZERO);
  }

  /** {@code sum over inputs of <gradient, direction>}. */
  private static Variable dot(Variable[] gradients, Tensor[] directions) {
    Variable sum = gradients[0].mul(Variable.constant(directions[0])).sum();
    for (int i = 1; i < gradients.length; i++) {
      sum = sum.add(gradients[i].mul(Variable.constant(directions[i])).sum());
    }
    return sum;
  }

  private static Variable[] leaves(String operation, Tensor[] at) {
    if (at.length == 0) {
      throw new IllegalArgumentException(
          operation + ": no inputs were given; pass the tensors to take the derivative at");
    }
    return Arrays.stream(at).map(Variable::leaf).toArray(Variable[]::new);
  }

  /** Tensors that share no memory with each other or with {@code taken}, as gradients may. */
  private static Tensor[] tensors(Variable[] variables, Tensor... taken) {
    Set<Storage> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Tensor t : taken) {
      seen.add(t.storage());
    }
    Tensor[] tensors = new Tensor[variables.length];
    for (int i = 0; i < tensors.length; i++) {
      Tensor t = variables[i].tensor();
      tensors[i] = seen.add(t.storage()) ? t : TensorOps.copyOf(t);
    }
    return tensors;
  }

  private static Tensor zerosLike(Tensor t) {
    return TensorOps.zeros(t.backend(), t.dtype(), t.shape());
  }

  private static void requireScalar(String operation, Variable y) {
    if (y.tensor().size() != 1) {
      throw new IllegalArgumentException(
          operation
              + ": the function's value has shape "
              + y.shape()
              + ", expected one number; reduce it with sum() or mean(), or use vjp");
    }
  }

  private static void requireFits(String operation, Tensor[] at, Tensor[] directions) {
    boolean fits = at.length == directions.length;
    for (int i = 0; fits && i < at.length; i++) {
      fits = at[i].shape().equals(directions[i].shape()) && at[i].dtype() == directions[i].dtype();
    }
    if (!fits) {
      throw new IllegalArgumentException(
          operation
              + ": directions "
              + Arrays.toString(directions)
              + " do not fit inputs "
              + Arrays.toString(at)
              + "; one an input is needed, of its shape and type");
    }
  }
}
