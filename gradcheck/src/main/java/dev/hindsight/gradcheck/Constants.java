package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;

/** Constants beside a variable: on its backend and of its type. */
final class Constants {
  private Constants() {}

  static Tensor tensor(Variable like, Shape shape, double... values) {
    return TensorOps.cast(Tensor.of(like.tensor().backend(), shape, values), like.tensor().dtype());
  }

  static Variable of(Variable like, Shape shape, double... values) {
    return Variable.constant(tensor(like, shape, values));
  }

  static Variable scalar(Variable like, double value) {
    return of(like, Shape.SCALAR, value);
  }

  static Variable full(Variable like, Shape shape, double value) {
    double[] values = new double[Math.toIntExact(shape.size())];
    Arrays.fill(values, value);
    return of(like, shape, values);
  }

  static Tensor indices(Variable like, Shape shape, int... values) {
    return Tensor.of(like.tensor().backend(), shape, values);
  }

  /** {@code [count, extent]}: row n is 1 at {@code indices[n]}, 0 where the index is negative. */
  static Variable oneHot(Variable like, int[] indices, int extent) {
    double[] values = new double[indices.length * extent];
    for (int n = 0; n < indices.length; n++) {
      if (indices[n] >= 0) {
        values[n * extent + indices[n]] = 1;
      }
    }
    return of(like, Shape.of(indices.length, extent), values);
  }
}
