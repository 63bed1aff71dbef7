package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A value {@code y = f(x)} and the gradients of {@code sum(w * y)} for random cotangents w.
 *
 * @param gradients one an input; zeros where the value does not depend on it
 */
record Pass(Shape shape, double[] value, double[][] gradients) {

  /** Ours, on the inputs as the case lays them out in memory. */
  static Pass ours(OracleCase c, Backend backend, DType dtype) {
    Variable[] x = new Variable[c.inputs().size()];
    for (int i = 0; i < x.length; i++) {
      x[i] = Variable.leaf(c.inputs().get(i).tensor(backend, dtype));
    }
    Variable y = c.ours().apply(x);
    double[] w = cotangents(c, Math.toIntExact(y.shape().size()));
    Tensor seed = TensorOps.cast(Tensor.of(backend, y.shape(), w), dtype);
    Variable[] g =
        Autograd.gradient(y, x, Variable.constant(seed), false, false, Autograd.Unreached.ZERO);
    double[][] gradients = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      gradients[i] = g[i].tensor().toDoubles();
    }
    return new Pass(y.shape(), y.tensor().toDoubles(), gradients);
  }

  /** libtorch's. */
  static Pass torch(OracleCase c, ScalarType dtype) {
    return torch(c, c.torch(), dtype, x -> x, w -> w);
  }

  /**
   * Another function of libtorch's on the case's inputs, which go through {@code onInputs} first,
   * as the cotangents go through {@code onCotangents}.
   */
  static Pass torch(
      OracleCase c,
      Function<org.bytedeco.pytorch.Tensor[], org.bytedeco.pytorch.Tensor> function,
      ScalarType dtype,
      DoubleUnaryOperator onInputs,
      DoubleUnaryOperator onCotangents) {
    List<org.bytedeco.pytorch.Tensor> leaves =
        c.inputs().stream()
            .map(x -> Torch.leaf(Torch.map(x.values(), onInputs), x.shape(), dtype))
            .toList();
    org.bytedeco.pytorch.Tensor y =
        function.apply(leaves.toArray(org.bytedeco.pytorch.Tensor[]::new));
    double[] w = Torch.map(cotangents(c, Math.toIntExact(y.numel())), onCotangents);
    Shape shape = Torch.shape(y);
    if (y.requires_grad()) {
      y.mul(Torch.tensor(w, shape, dtype)).sum().backward();
    }
    double[][] gradients = new double[leaves.size()][];
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] = Torch.gradient(leaves.get(i));
    }
    return new Pass(shape, Torch.values(y), gradients);
  }

  /** Between -1 and 1; a float holds them exactly. */
  static double[] cotangents(OracleCase c, int count) {
    Philox random = new Philox(c.seed(), 1);
    double[] w = new double[count];
    for (int i = 0; i < count; i++) {
      w[i] = random.nextFloat() * 2 - 1;
    }
    return w;
  }

  /** The largest magnitude of a value or a gradient. */
  double largest() {
    double largest = largest(value);
    for (double[] g : gradients) {
      largest = Math.max(largest, largest(g));
    }
    return largest;
  }

  private static double largest(double[] values) {
    double largest = 0;
    for (double v : values) {
      largest = Math.max(largest, Math.abs(v));
    }
    return largest;
  }
}
