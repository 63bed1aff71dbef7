package dev.hindsight.autograd;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;

/** Tensors of ones and zeros that say where a piecewise function is on which piece. */
final class Masks {
  private Masks() {}

  /** 1 where {@code x > bound}. */
  static Tensor greater(Tensor x, double bound) {
    return TensorOps.binary(BinaryOp.GREATER, x, scalar(x, bound));
  }

  /** 1 where {@code x == value}. */
  static Tensor equal(Tensor x, double value) {
    return TensorOps.binary(BinaryOp.EQUAL, x, scalar(x, value));
  }

  /** 1 where {@code low <= x <= high}. */
  static Tensor within(Tensor x, double low, double high) {
    return TensorOps.mul(
        TensorOps.binary(BinaryOp.GREATER_EQUAL, x, scalar(x, low)),
        TensorOps.binary(BinaryOp.LESS_EQUAL, x, scalar(x, high)));
  }

  /** 1 where {@code op(a, b)} holds, a half where they are equal. */
  static Tensor wins(BinaryOp op, Tensor a, Tensor b) {
    return TensorOps.add(
        TensorOps.binary(op, a, b),
        TensorOps.affine(TensorOps.binary(BinaryOp.EQUAL, a, b), 0.5, 0));
  }

  /** 1 where {@code x} is the extreme {@code y} of its group, divided by how many are. */
  static Tensor shares(Tensor x, Tensor y, int[] axes) {
    Tensor is = TensorOps.binary(BinaryOp.EQUAL, x, y);
    return TensorOps.div(is, TensorOps.reduce(ReduceOp.SUM, is, axes));
  }

  /** A constant of x's backend and type. */
  static Tensor tensor(Tensor x, Shape shape, double... values) {
    if (x.dtype() == DType.F64) {
      return Tensor.of(x.backend(), shape, values);
    }
    float[] rounded = new float[values.length]; // a backend need not have F64
    for (int i = 0; i < values.length; i++) {
      rounded[i] = (float) values[i];
    }
    return TensorOps.cast(Tensor.of(x.backend(), shape, rounded), x.dtype());
  }

  /** A constant of x's type that broadcasts to anything. */
  static Tensor scalar(Tensor x, double value) {
    return TensorOps.full(x.backend(), x.dtype(), Shape.SCALAR, value);
  }
}
