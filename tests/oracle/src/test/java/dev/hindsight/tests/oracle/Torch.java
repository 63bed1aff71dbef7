package dev.hindsight.tests.oracle;

import dev.hindsight.engine.Shape;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** libtorch's tensors from Java's arrays and back, and what all tables of ops share. */
final class Torch {
  static {
    // the tensors are small, and threads that wait for work take the time of those that have some
    torch.set_num_threads(1);
  }

  private Torch() {}

  /** A tensor with these elements in row-major order. */
  static Tensor tensor(double[] values, Shape shape, ScalarType dtype) {
    return values.length == 0
        ? torch.zeros(longs(shape), new TensorOptions(dtype))
        : Tensor.create(values, values.length).to(dtype).reshape(longs(shape));
  }

  /** A tensor that receives a gradient. */
  static Tensor leaf(double[] values, Shape shape, ScalarType dtype) {
    Tensor leaf = tensor(values, shape, dtype).detach();
    leaf.set_requires_grad(true);
    return leaf;
  }

  /** Indices, which are of 64 bits there. */
  static Tensor ids(Shape shape, int... values) {
    long[] wide = Arrays.stream(values).asLongStream().toArray();
    return wide.length == 0
        ? torch.zeros(longs(shape), new TensorOptions(ScalarType.Long))
        : Tensor.create(wide, wide.length).reshape(longs(shape));
  }

  /** {@code [N]} indices. */
  static Tensor ids(int... values) {
    return ids(Shape.of(values.length), values);
  }

  /** A constant of the type of another tensor. */
  static Tensor constant(Tensor like, Shape shape, double... values) {
    return tensor(values, shape, like.scalar_type());
  }

  /** Zeros of the type of another tensor. */
  static Tensor zeros(Tensor like, long... shape) {
    return torch.zeros(shape, new TensorOptions(like.scalar_type()));
  }

  /** The elements in row-major order. */
  static double[] values(Tensor t) {
    double[] values = new double[Math.toIntExact(t.numel())];
    if (values.length > 0) {
      DoubleBuffer buffer = t.detach().to(ScalarType.Double).contiguous().createBuffer();
      buffer.get(values);
    }
    return values;
  }

  /** What has arrived at a leaf; zeros if nothing has. */
  static double[] gradient(Tensor leaf) {
    Tensor g = leaf.grad();
    return g.defined() ? values(g) : new double[Math.toIntExact(leaf.numel())];
  }

  static Shape shape(Tensor t) {
    return Shape.of(Arrays.stream(t.shape()).mapToInt(Math::toIntExact).toArray());
  }

  static long[] longs(Shape shape) {
    return IntStream.range(0, shape.rank()).mapToLong(shape::dim).toArray();
  }

  static long[] longs(int... values) {
    return Arrays.stream(values).asLongStream().toArray();
  }

  static Tensor concat(int axis, Tensor... parts) {
    return torch.cat(new TensorVector(parts), axis);
  }

  static double[] map(double[] values, DoubleUnaryOperator function) {
    return Arrays.stream(values).map(function).toArray();
  }
}
