package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Reductions over the first, a middle, the last and all axes, in any order of summation. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class ReductionConformanceTest {
  @Parameter Subject subject;

  private static Shape reduced(Shape shape, int... axes) {
    for (int axis : axes) {
      shape = shape.with(axis, 1);
    }
    return shape;
  }

  private void check(ReduceOp op, Layout layout, Shape shape, int... axes) {
    Shape kept = reduced(shape, axes);
    Trial trial =
        new Trial(
            subject, "%s of %s %s over %s", op, layout, shape, java.util.Arrays.toString(axes));
    Operand x = trial.in(shape, layout, Values.uniform(shape.hashCode(), shape));
    Operand out = op == ReduceOp.ARGMAX ? trial.indicesOut(kept) : trial.out(kept);
    trial.run((b, at) -> b.reduce(op, at.of(x), at.of(out)));
    long n = kept.size() == 0 ? 1 : shape.size() / kept.size();
    double u = subject.roundoff();
    // The sum of magnitudes bounds the error of a sum; the other bounds need nothing like it.
    Tensor magnitudes = TensorOps.unary(UnaryOp.ABS, x.truth());
    double[] sums = TensorOps.reduce(ReduceOp.SUM, magnitudes, axes).toDoubles();
    switch (op) {
      case MAX, MIN, ARGMAX -> trial.exact(out);
      case SUM -> trial.within(out, (i, want) -> subject.gamma(n) * sums[i]);
      case MEAN -> trial.within(out, (i, want) -> subject.gamma(n + 2) * sums[i] / n);
      case PROD -> trial.within(out, (i, want) -> subject.gamma(n) * Math.abs(want));
      // exp within 4 ulp of arguments up to 4 that are rounded once, n additions, log, one more.
      case LOGSUMEXP ->
          trial.within(out, (i, want) -> subject.gamma(n + 14) + 8 * u * Math.abs(want));
    }
  }

  @Test
  @Covers("reduce")
  void lastAxisOfEverySize() {
    for (ReduceOp op : ReduceOp.values()) {
      for (int size : Values.LANE_BOUNDARIES) {
        for (Layout layout : Layout.values()) {
          if (size > 0) {
            check(op, layout, Shape.of(3, size), 1);
          }
        }
      }
      check(op, Layout.CONTIGUOUS, Shape.of(2, 5000), 1);
    }
  }

  @Test
  @Covers("reduce")
  void firstAxisOfEverySize() {
    for (ReduceOp op : ReduceOp.values()) {
      for (int size : Values.LANE_BOUNDARIES) {
        for (Layout layout : Layout.values()) {
          check(op, layout, Shape.of(5, size), 0);
        }
      }
      check(op, Layout.CONTIGUOUS, Shape.of(3000, 9), 0);
    }
  }

  @Test
  @Covers("reduce")
  void anyAxes() {
    for (ReduceOp op : ReduceOp.values()) {
      for (Layout layout : Layout.values()) {
        check(op, layout, Shape.of(3, 17, 5), 1);
        check(op, layout, Shape.of(1, 4), 0); // an axis of extent 1 is reduced, too
        if (op != ReduceOp.ARGMAX) {
          check(op, layout, Shape.of(3, 7, 5), 0, 2);
          check(op, layout, Shape.of(3, 7, 5), 0, 1, 2);
          check(op, layout, Shape.of(2, 3, 4, 9), 1, 2);
        }
      }
    }
  }

  @Test
  @Covers("reduce")
  void emptySumsAreTheIdentity() {
    for (ReduceOp op : new ReduceOp[] {ReduceOp.SUM, ReduceOp.PROD, ReduceOp.LOGSUMEXP}) {
      check(op, Layout.CONTIGUOUS, Shape.of(4, 0), 1);
    }
  }

  @Test
  @Covers("reduce")
  void broadcastOperands() {
    Shape shape = Shape.of(6, 33);
    for (ReduceOp op : new ReduceOp[] {ReduceOp.SUM, ReduceOp.MAX}) {
      Trial trial = new Trial(subject, "%s of a broadcast row", op);
      Operand x =
          trial.in(Shape.of(33), Values.uniform(1, Shape.of(33))).view(t -> t.expand(shape));
      Operand out = trial.out(Shape.of(1, 33));
      trial
          .run((b, at) -> b.reduce(op, at.of(x), at.of(out)))
          .within(out, (i, want) -> subject.gamma(6) * Math.abs(want));
    }
  }

  /** The first of equals, wherever vectors begin; a NaN is the largest. */
  @Test
  @Covers("reduce")
  void argmaxTakesTheFirst() {
    for (int size : new int[] {1, 7, 16, 33, 70}) {
      for (int first = 0; first < size; first++) {
        double[] x = new double[size];
        x[first] = 2;
        x[size - 1] = 2;
        x[(first + size) / 2] = 2;
        special(ReduceOp.ARGMAX, x);
        x[first] = Double.NaN;
        special(ReduceOp.ARGMAX, x);
      }
    }
    special(ReduceOp.ARGMAX, 0.0, -0.0, 0.0);
    special(ReduceOp.ARGMAX, -0.0, 0.0);
    special(ReduceOp.ARGMAX, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY);
  }

  @Test
  @Covers("reduce")
  void specialValues() {
    double inf = Double.POSITIVE_INFINITY;
    for (ReduceOp op : ReduceOp.values()) {
      for (int at = 0; at < 37; at++) {
        double[] x = Values.uniform(at, 37, -1, 1);
        for (double v : new double[] {Double.NaN, inf, -inf}) {
          x[at] = v;
          special(op, x);
        }
      }
      special(op, -inf, -inf, -inf);
      special(op, -0.0, -0.0);
    }
    special(ReduceOp.MAX, -0.0, 0.0);
    special(ReduceOp.MIN, 0.0, -0.0);
    special(ReduceOp.LOGSUMEXP, 1000, 1000); // would overflow without the shift
    special(ReduceOp.LOGSUMEXP, -1000, -1000);
  }

  private void special(ReduceOp op, double... x) {
    Trial trial = new Trial(subject, "%s of %s", op, java.util.Arrays.toString(x));
    Operand in = trial.in(Shape.of(x.length), x);
    Operand out = op == ReduceOp.ARGMAX ? trial.indicesOut(Shape.of(1)) : trial.out(Shape.of(1));
    trial
        .run((b, at) -> b.reduce(op, at.of(in), at.of(out)))
        .within(out, (i, want) -> subject.gamma(x.length + 14) * (x.length + Math.abs(want)));
  }

  /** In double whatever the type: the squares of floats are exact there. */
  @Test
  @Covers("sumOfSquares")
  void sumOfSquares() {
    for (int size : new int[] {0, 1, 7, 8, 9, 33, 1000, 100_003}) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(2, size);
        Trial trial = new Trial(subject, "sum of squares of %s", shape);
        Operand x = trial.in(shape, layout, Values.uniform(size, shape));
        double want = Subject.TRUTH.sumOfSquares(x.truth());
        double got = subject.backend().sumOfSquares(x.subject());
        assertThat(got)
            .as("%s: sum of squares of %s %s", subject, layout, shape)
            .isCloseTo(want, within(2 * (shape.size() + 1) * 0x1p-53 * want));
      }
    }
  }
}
