package dev.hindsight.tests.conformance;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One call of a kernel on the backend under test and of its twin on the truth. Operands that are
 * only read must not change, and nothing outside a destination may be written.
 */
final class Trial {
  /** Gives the tensor of the side that is being computed. */
  @FunctionalInterface
  interface Side {
    Tensor of(Operand operand);
  }

  /** The kernel, written once for both sides. */
  @FunctionalInterface
  interface Kernel {
    void run(Backend backend, Side at);
  }

  /** The absolute error that element {@code i} may have, whose true value is {@code want}. */
  @FunctionalInterface
  interface Bound {
    double at(int i, double want);
  }

  private final Subject subject;
  private final String label;
  private final List<Operand> inputs = new ArrayList<>();
  private final List<Operand> outputs = new ArrayList<>();

  Trial(Subject subject, String label, Object... arguments) {
    this.subject = subject;
    this.label = subject + ": " + String.format(java.util.Locale.ROOT, label, arguments);
  }

  /** An operand that is read. */
  Operand in(Shape shape, Layout layout, double... values) {
    Operand operand = Operand.read(subject.backend(), subject.dtype(), shape, layout, values);
    inputs.add(operand);
    return operand;
  }

  /** A contiguous operand that is read. */
  Operand in(Shape shape, double... values) {
    return in(shape, Layout.CONTIGUOUS, values);
  }

  /** Indices that are read. */
  Operand indices(Shape shape, Layout layout, int... values) {
    double[] wide = Arrays.stream(values).asDoubleStream().toArray();
    Operand operand = Operand.read(subject.backend(), DType.I32, shape, layout, wide);
    inputs.add(operand);
    return operand;
  }

  /** A destination that comes with values. */
  Operand inOut(Shape shape, Layout layout, double... values) {
    Operand operand = Operand.written(subject.backend(), subject.dtype(), shape, layout, values);
    outputs.add(operand);
    return operand;
  }

  /** A contiguous destination that is not aligned and comes full of NaN. */
  Operand out(Shape shape) {
    double[] poison = new double[Math.toIntExact(shape.size())];
    Arrays.fill(poison, Double.NaN);
    return inOut(shape, Layout.OFFSET, poison);
  }

  /** A contiguous destination of indices. */
  Operand indicesOut(Shape shape) {
    double[] poison = new double[Math.toIntExact(shape.size())];
    Arrays.fill(poison, Integer.MIN_VALUE);
    Operand operand = Operand.written(subject.backend(), DType.I32, shape, Layout.OFFSET, poison);
    outputs.add(operand);
    return operand;
  }

  /** Computes both sides and checks that memory around them is as it was. */
  Trial run(Kernel kernel) {
    kernel.run(subject.backend(), Operand::subject);
    kernel.run(Subject.TRUTH, Operand::truth);
    inputs.forEach(x -> x.assertUntouched(label));
    outputs.forEach(y -> y.assertGuardsUntouched(label));
    return this;
  }

  /** Same bits as the truth rounded to the type under test; any NaN is NaN. */
  Trial exact(Operand y) {
    double[] got = y.got();
    double[] want = y.want();
    for (int i = 0; i < want.length; i++) {
      double rounded = subject.round(want[i]);
      if (Double.compare(got[i], rounded) != 0) {
        throw new AssertionError(
            label + ": element " + i + " is " + got[i] + ", expected exactly " + rounded);
      }
    }
    return this;
  }

  /** Errors up to the bound; what overflows or is NaN must do so too. */
  Trial within(Operand y, Bound bound) {
    double[] got = y.got();
    double[] want = y.want();
    for (int i = 0; i < want.length; i++) {
      double allowed = bound.at(i, want[i]) + 4 * subject.tiny();
      if (!close(got[i], want[i], allowed)) {
        throw new AssertionError(
            label
                + String.format(
                    java.util.Locale.ROOT,
                    ": element %d of %s is %.9g, expected %.9g within %.3g; the error is %.3g",
                    i,
                    y.shape(),
                    got[i],
                    want[i],
                    allowed,
                    Math.abs(got[i] - want[i])));
      }
    }
    return this;
  }

  private boolean close(double got, double want, double allowed) {
    if (Double.isNaN(want) || Double.isNaN(got)) {
      return Double.isNaN(want) && Double.isNaN(got);
    }
    double largest = subject.dtype() == DType.F32 ? Float.MAX_VALUE : Double.MAX_VALUE;
    if (Math.abs(got) > largest || Math.abs(want) > largest) {
      // An infinity, or so near to overflow that the bound allows for it.
      return got == want
          || (Math.signum(got) == Math.signum(want)
              && Math.min(Math.abs(got), Math.abs(want)) >= largest - allowed);
    }
    return Math.abs(got - want) <= allowed;
  }
}
