package dev.hindsight.tests.conformance;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Functions of one operand and their gradients, within {@link UnaryBounds}. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class UnaryConformanceTest {
  @Parameter Subject subject;

  /** Where the function is defined: logarithms and roots take magnitudes. */
  private static double[] within(UnaryOp op, double[] values) {
    double[] x = values.clone();
    for (int i = 0; i < x.length; i++) {
      switch (op) {
        case SQRT, RSQRT, LOG -> x[i] = Math.abs(x[i]);
        case LOG1P -> x[i] = x[i] <= -1 ? -1 / (x[i] - 1) : x[i];
        default -> {}
      }
    }
    return x;
  }

  private Trial.Bound bound(UnaryOp op, double[] x) {
    return (i, y) -> UnaryBounds.value(op, x[i], y, subject.roundoff());
  }

  @Test
  @Covers("unary")
  void everyMagnitude() {
    for (UnaryOp op : UnaryOp.values()) {
      double[] x = within(op, Values.magnitudes(4097, 20));
      Trial trial = new Trial(subject, "%s", op);
      Operand in = trial.in(Shape.of(x.length), x);
      Operand out = trial.out(Shape.of(x.length));
      trial.run((b, at) -> b.unary(op, at.of(in), at.of(out))).within(out, bound(op, x));
    }
  }

  /** Where most of a network's numbers are, and where polynomials and tables change pieces. */
  @Test
  @Covers("unary")
  void everyPlaceAroundZero() {
    for (UnaryOp op : UnaryOp.values()) {
      double[] x = within(op, Values.uniform(op.ordinal(), 20_001, -12, 12));
      Trial trial = new Trial(subject, "%s", op);
      Operand in = trial.in(Shape.of(x.length), x);
      Operand out = trial.out(Shape.of(x.length));
      trial.run((b, at) -> b.unary(op, at.of(in), at.of(out))).within(out, bound(op, x));
    }
  }

  /** NaN, infinities, zeros, denormals, and the edge of overflow. */
  @Test
  @Covers("unary")
  void specialValues() {
    for (UnaryOp op : UnaryOp.values()) {
      double[] x = Values.SPECIAL.clone();
      for (int i = 0; i < x.length; i++) {
        // The argument reduction of float sine for huge x is nobody's promise.
        boolean periodic = op == UnaryOp.SIN || op == UnaryOp.COS;
        x[i] = periodic && Double.isFinite(x[i]) && Math.abs(x[i]) > 1e6 ? 1 : (float) x[i];
      }
      for (int repeat : new int[] {1, 3}) {
        // Three times over, so that each value meets the vector loop and the remainder.
        double[] all = new double[repeat * x.length];
        for (int i = 0; i < all.length; i++) {
          all[i] = x[i % x.length];
        }
        Trial trial = new Trial(subject, "%s of special values", op);
        Operand in = trial.in(Shape.of(all.length), all);
        Operand out = trial.out(Shape.of(all.length));
        trial.run((b, at) -> b.unary(op, at.of(in), at.of(out))).within(out, bound(op, all));
      }
    }
  }

  @Test
  @Covers("unary")
  void everySizeAndLayout() {
    for (UnaryOp op : UnaryOp.values()) {
      for (int size : Values.LANE_BOUNDARIES) {
        for (Layout layout : Layout.values()) {
          Shape shape = Shape.of(2, size);
          double[] x = within(op, Values.uniform(size, shape));
          Trial trial = new Trial(subject, "%s of %s %s", op, layout, shape);
          Operand in = trial.in(shape, layout, x);
          Operand out = trial.out(shape);
          trial.run((b, at) -> b.unary(op, at.of(in), at.of(out))).within(out, bound(op, x));
        }
      }
    }
  }

  @Test
  @Covers("unary")
  void overwritesItsOperand() {
    for (UnaryOp op : UnaryOp.values()) {
      Shape shape = Shape.of(133);
      double[] x = within(op, Values.uniform(1, shape));
      Trial trial = new Trial(subject, "%s in place", op);
      Operand both = trial.inOut(shape, Layout.OFFSET, x);
      trial.run((b, at) -> b.unary(op, at.of(both), at.of(both))).within(both, bound(op, x));
    }
  }

  @Test
  @Covers("unaryBackward")
  void gradients() {
    for (UnaryOp op : UnaryOp.values()) {
      for (int size : new int[] {1, 7, 8, 17, 64, 65, 2001}) {
        for (Layout layout : new Layout[] {Layout.CONTIGUOUS, Layout.PADDED_ROWS}) {
          Shape shape = Shape.of(2, size);
          double[] x = within(op, Values.uniform(size, shape.size(), -9, 9));
          gradient(op, layout, shape, x, Values.uniform(size + 1, shape), false);
          gradient(op, layout, shape, x, Values.uniform(size + 1, shape), true);
        }
      }
    }
  }

  private void gradient(
      UnaryOp op, Layout layout, Shape shape, double[] x, double[] dy, boolean inPlace) {
    Trial trial = new Trial(subject, "%s backward of %s %s", op, layout, shape);
    Operand xs = trial.in(shape, layout, x);
    double[] ones = new double[x.length];
    java.util.Arrays.fill(ones, 1);
    Tensor y = dev.hindsight.engine.TensorOps.unary(op, xs.truth());
    Operand ys = trial.in(shape, layout, y.toDoubles());
    double[] slope =
        dev.hindsight.engine.TensorOps.unaryBackward(
                op, xs.truth(), ys.truth(), Tensor.of(Subject.TRUTH, shape, ones))
            .toDoubles();
    Operand dys = inPlace ? trial.inOut(shape, Layout.OFFSET, dy) : trial.in(shape, layout, dy);
    Operand dxs = inPlace ? dys : trial.out(shape);
    trial
        .run((b, at) -> b.unaryBackward(op, at.of(xs), at.of(ys), at.of(dys), at.of(dxs)))
        .within(
            dxs,
            (i, want) ->
                subject.roundoff() * Math.abs(want)
                    + Math.abs(dy[i])
                        * UnaryBounds.derivative(op, x[i], slope[i], subject.roundoff()));
  }
}
