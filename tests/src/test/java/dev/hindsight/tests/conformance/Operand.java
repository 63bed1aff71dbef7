package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.UnaryOperator;

/**
 * One tensor twice: on the backend under test inside a buffer of poison, and on the reference
 * backend in F64, contiguous. Both hold the same values, rounded to the type under test.
 */
final class Operand {
  private final Tensor subject;
  private final Tensor truth;
  private final Tensor buffer;
  private final byte[] before;

  private Operand(Tensor subject, Tensor truth, Tensor buffer, byte[] before) {
    this.subject = subject;
    this.truth = truth;
    this.buffer = buffer;
    this.before = before;
  }

  /** A tensor that is read: NaN around it, or no index, which shows in a result made of it. */
  static Operand read(Backend backend, DType dtype, Shape shape, Layout layout, double... values) {
    double around = dtype == DType.I32 ? Integer.MIN_VALUE + 7 : Double.NaN;
    return of(backend, dtype, shape, layout, around, values);
  }

  /** A tensor that is written: around it a number that no function in place leaves as it is. */
  static Operand written(
      Backend backend, DType dtype, Shape shape, Layout layout, double... values) {
    return of(backend, dtype, shape, layout, -1234.5, values);
  }

  private static Operand of(
      Backend backend, DType dtype, Shape shape, Layout layout, double around, double... values) {
    assertThat((long) values.length).isEqualTo(shape.size());
    double[] placed = new double[layout.bufferSize(shape)];
    Arrays.fill(placed, around);
    long[] strides = layout.strides(shape);
    for (int i = 0; i < values.length; i++) {
      placed[Math.toIntExact(layout.offset() + position(shape, strides, i))] = values[i];
    }
    Tensor buffer = Tensor.of(Subject.TRUTH, Shape.of(placed.length), placed);
    buffer = TensorOps.cast(buffer, dtype).to(backend);
    Tensor subject = new Tensor(buffer.storage(), dtype, shape, strides, layout.offset());
    Tensor truth = Tensor.of(Subject.TRUTH, shape, values);
    boolean wide = dtype == DType.F32 || dtype == DType.F64;
    // To the type under test and back, so that both start from the same numbers.
    truth = TensorOps.cast(TensorOps.cast(truth, dtype), wide ? DType.F64 : dtype);
    return new Operand(subject, truth, buffer, bytes(buffer));
  }

  /** Where element {@code i} in row-major order lies, counted from the tensor's first. */
  private static long position(Shape shape, long[] strides, int i) {
    long position = 0;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      position += i % shape.dim(axis) * strides[axis];
      i /= shape.dim(axis);
    }
    return position;
  }

  private static byte[] bytes(Tensor buffer) {
    byte[] bytes = new byte[Math.toIntExact(buffer.size() * buffer.dtype().bytes())];
    TensorOps.download(buffer, MemorySegment.ofArray(bytes));
    return bytes;
  }

  /** The same view of both. */
  Operand view(UnaryOperator<Tensor> view) {
    return new Operand(view.apply(subject), view.apply(truth), buffer, before);
  }

  Tensor subject() {
    return subject;
  }

  Tensor truth() {
    return truth;
  }

  Shape shape() {
    return subject.shape();
  }

  /** What the backend under test made of it. */
  double[] got() {
    return subject.toDoubles();
  }

  /** What it should be. */
  double[] want() {
    return truth.toDoubles();
  }

  /** Nothing of the buffer may have changed. */
  void assertUntouched(String label) {
    assertThat(bytes(buffer)).as("%s: an operand that is only read", label).isEqualTo(before);
  }

  /** Nothing of the buffer may have changed outside the tensor. */
  void assertGuardsUntouched(String label) {
    BitSet own = new BitSet();
    long[] strides = subject.strides();
    for (int i = 0; i < subject.size(); i++) {
      own.set(Math.toIntExact(subject.offset() + position(subject.shape(), strides, i)));
    }
    byte[] after = bytes(buffer);
    int width = buffer.dtype().bytes();
    for (int i = 0; i < after.length; i++) {
      if (after[i] != before[i] && !own.get(i / width)) {
        throw new AssertionError(
            label
                + ": wrote outside the destination, at element "
                + (i / width - subject.offset())
                + " counted from its first");
      }
    }
  }
}
