package dev.hindsight.gradcheck;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.Arrays;

/** A drawn tensor, as data: a property makes it real on a backend and in a type of its choice. */
public final class TensorSample {
  private final Shape shape;
  private final Layout layout;
  private final double[] values;

  /** A sample with these elements in row-major order. */
  public TensorSample(Shape shape, Layout layout, double... values) {
    if (shape.size() != values.length) {
      throw new IllegalArgumentException(
          "tensor sample: shape "
              + shape
              + " needs "
              + shape.size()
              + " values, got "
              + values.length);
    }
    this.shape = shape;
    this.layout = layout;
    this.values = values.clone();
  }

  public Shape shape() {
    return shape;
  }

  public Layout layout() {
    return layout;
  }

  /** The elements in row-major order. */
  public double[] values() {
    return values.clone();
  }

  /** A new tensor with these elements, laid out as this sample says. */
  public Tensor tensor(Backend backend, DType dtype) {
    return layout.tensor(backend, dtype, shape, values);
  }

  /** As in {@code [2, 2] TRANSPOSED {1.0, 0.25, -0.5, 2.0}}. */
  @Override
  public String toString() {
    String elements = Arrays.toString(values);
    return shape
        + (layout == Layout.CONTIGUOUS ? "" : " " + layout)
        + " {"
        + elements.substring(1, elements.length() - 1)
        + "}";
  }
}
