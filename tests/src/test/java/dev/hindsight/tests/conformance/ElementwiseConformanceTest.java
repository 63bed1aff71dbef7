package dev.hindsight.tests.conformance;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Functions of two and three operands, with broadcasting, in place and over special values. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class ElementwiseConformanceTest {
  @Parameter Subject subject;

  /** One rounding is exact against the truth rounded; a power keeps within 4 ulp. */
  private void check(Trial trial, BinaryOp op, Operand out) {
    if (op == BinaryOp.POW) {
      trial.within(out, (i, want) -> 8 * subject.roundoff() * Math.abs(want));
    } else {
      trial.exact(out);
    }
  }

  private static double[] positive(BinaryOp op, double[] values) {
    if (op == BinaryOp.POW) {
      for (int i = 0; i < values.length; i++) {
        values[i] = Math.abs(values[i]);
      }
    }
    return values;
  }

  @Test
  @Covers("binary")
  void everySizeAndLayout() {
    for (BinaryOp op : BinaryOp.values()) {
      for (int size : Values.LANE_BOUNDARIES) {
        for (Layout layout : Layout.values()) {
          Shape shape = Shape.of(3, size);
          Trial trial = new Trial(subject, "%s of %s %s", op, layout, shape);
          Operand a = trial.in(shape, layout, positive(op, Values.uniform(size, shape)));
          Operand b = trial.in(shape, Layout.CONTIGUOUS, Values.uniform(size + 1, shape));
          Operand out = trial.out(shape);
          trial.run((k, at) -> k.binary(op, at.of(a), at.of(b), at.of(out)));
          check(trial, op, out);
        }
      }
    }
  }

  /** Rows, columns and scalars against a matrix, from either side. */
  @Test
  @Covers("binary")
  void broadcasts() {
    for (BinaryOp op : BinaryOp.values()) {
      for (int size : new int[] {1, 7, 16, 33}) {
        Shape whole = Shape.of(2, 3, size);
        for (Shape part :
            new Shape[] {Shape.of(size), Shape.of(3, 1), Shape.SCALAR, Shape.of(2, 1, size)}) {
          for (boolean left : new boolean[] {true, false}) {
            Trial trial = new Trial(subject, "%s of %s and %s", op, part, whole);
            Operand small =
                trial
                    .in(part, Layout.OFFSET, positive(op, Values.uniform(3, part)))
                    .view(t -> t.expand(whole));
            Operand large = trial.in(whole, positive(op, Values.uniform(4, whole)));
            Operand out = trial.out(whole);
            Operand a = left ? small : large;
            Operand b = left ? large : small;
            trial.run((k, at) -> k.binary(op, at.of(a), at.of(b), at.of(out)));
            check(trial, op, out);
          }
        }
      }
    }
  }

  /** Every special value against every other: NaN, infinities, signed zeros, denormals. */
  @Test
  @Covers("binary")
  void specialValues() {
    int n = Values.SPECIAL.length;
    Shape table = Shape.of(n, n);
    for (BinaryOp op : BinaryOp.values()) {
      Trial trial = new Trial(subject, "%s of special values", op);
      Operand a = trial.in(Shape.of(n, 1), Values.SPECIAL).view(t -> t.expand(table));
      Operand b = trial.in(Shape.of(n), Values.SPECIAL).view(t -> t.expand(table));
      Operand out = trial.out(table);
      trial.run((k, at) -> k.binary(op, at.of(a), at.of(b), at.of(out)));
      check(trial, op, out);
    }
  }

  @Test
  @Covers("binary")
  void overwritesEitherOperand() {
    Shape shape = Shape.of(133);
    for (BinaryOp op : BinaryOp.values()) {
      Trial first = new Trial(subject, "%s over its first operand", op);
      Operand a = first.inOut(shape, Layout.OFFSET, positive(op, Values.uniform(1, shape)));
      Operand b = first.in(shape, Values.uniform(2, shape));
      first.run((k, at) -> k.binary(op, at.of(a), at.of(b), at.of(a)));
      check(first, op, a);
      Trial second = new Trial(subject, "%s over its second operand", op);
      Operand c = second.in(shape, positive(op, Values.uniform(1, shape)));
      Operand d = second.inOut(shape, Layout.OFFSET, Values.uniform(2, shape));
      second.run((k, at) -> k.binary(op, at.of(c), at.of(d), at.of(d)));
      check(second, op, d);
    }
  }

  /** The scalars may be rounded to the type first: a factor, a product and a sum, 1 u each. */
  @Test
  @Covers("affine")
  void affine() {
    for (int size : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(2, size);
        double[] x = Values.uniform(size, shape);
        Trial trial = new Trial(subject, "affine of %s %s", layout, shape);
        Operand in = trial.in(shape, layout, x);
        Operand out = trial.out(shape);
        trial
            .run((b, at) -> b.affine(at.of(in), 0.1, -0.7, at.of(out)))
            .within(out, (i, w) -> 3 * subject.roundoff() * (Math.abs(0.1 * x[i]) + 0.7));
        Trial place = new Trial(subject, "affine in place of %s", shape);
        Operand both = place.inOut(shape, Layout.OFFSET, x);
        place // a power of two and a sum that is exact
            .run((b, at) -> b.affine(at.of(both), -0.5, 0, at.of(both)))
            .exact(both);
      }
    }
  }

  @Test
  @Covers("clamp")
  void clamp() {
    for (int size : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(2, size);
        Trial trial = new Trial(subject, "clamp of %s %s", layout, shape);
        Operand in = trial.in(shape, layout, Values.uniform(size, shape));
        Operand out = trial.out(shape);
        trial.run((b, at) -> b.clamp(at.of(in), -0.5, 1.25, at.of(out))).exact(out);
      }
    }
    double inf = Double.POSITIVE_INFINITY;
    for (double[] range : new double[][] {{-1, 1}, {0, inf}, {-inf, 0}, {-inf, inf}}) {
      Trial trial = new Trial(subject, "clamp of special values to [%s, %s]", range[0], range[1]);
      Operand both = trial.inOut(Shape.of(Values.SPECIAL.length), Layout.OFFSET, Values.SPECIAL);
      trial.run((b, at) -> b.clamp(at.of(both), range[0], range[1], at.of(both))).exact(both);
    }
  }

  @Test
  @Covers("where")
  void where() {
    for (int size : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(3, size);
        double[] condition = Values.uniform(size, shape.size(), -1, 2);
        for (int i = 0; i < condition.length; i++) {
          condition[i] = Math.floor(condition[i]); // -1, 0 or 1
        }
        double[] picked = Values.uniform(1, shape);
        for (int i = 0; i < picked.length; i++) {
          picked[i] = Values.SPECIAL[i % Values.SPECIAL.length];
        }
        Trial trial = new Trial(subject, "where of %s %s", layout, shape);
        Operand c = trial.in(shape, layout, condition);
        Operand a = trial.in(shape, layout, picked);
        Operand b =
            trial.in(Shape.of(size), Values.uniform(2, size, 0, 1)).view(t -> t.expand(shape));
        Operand out = trial.out(shape);
        trial.run((k, at) -> k.where(at.of(c), at.of(a), at.of(b), at.of(out))).exact(out);
      }
    }
  }

  /** {@code out + x scale}: the scale, the product and the sum are rounded. */
  @Test
  @Covers("addScaled")
  void addScaled() {
    for (int size : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(3, size);
        double[] x = Values.uniform(size, shape);
        double[] former = Values.uniform(size + 1, shape);
        Trial trial = new Trial(subject, "addScaled of %s %s", layout, shape);
        Operand in = trial.in(shape, layout, x);
        Operand out = trial.inOut(shape, Layout.OFFSET, former);
        trial
            .run((b, at) -> b.addScaled(at.of(in), 0.3, at.of(out)))
            .within(out, (i, w) -> subject.roundoff() * (Math.abs(w) + 3 * Math.abs(0.3 * x[i])));
        Trial plain = new Trial(subject, "addScaled by 1 of %s %s", layout, shape);
        Operand again = plain.in(shape, layout, x);
        Operand sum = plain.inOut(shape, Layout.CONTIGUOUS, former);
        plain.run((b, at) -> b.addScaled(at.of(again), 1, at.of(sum))).exact(sum);
      }
    }
  }

  @Test
  @Covers("lerp")
  void lerp() {
    for (int size : Values.LANE_BOUNDARIES) {
      Shape shape = Shape.of(3, size);
      double[] x = Values.uniform(size, shape);
      double[] former = Values.uniform(size + 1, shape);
      for (double rate : new double[] {0, 0.05, 1}) {
        Trial trial = new Trial(subject, "lerp of %s by %s", shape, rate);
        Operand in = trial.in(shape, x);
        Operand out = trial.inOut(shape, Layout.OFFSET, former);
        trial
            .run((b, at) -> b.lerp(at.of(in), rate, at.of(out)))
            .within(
                out,
                (i, w) ->
                    subject.roundoff()
                        * (Math.abs(w) + 4 * rate * (Math.abs(x[i]) + Math.abs(former[i]))));
      }
    }
  }

  @Test
  @Covers("swiglu")
  void swiglu() {
    for (int size : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(2, size);
        Trial trial = new Trial(subject, "swiglu of %s %s", layout, shape);
        Operand gate = trial.in(shape, layout, Values.uniform(size, shape.size(), -20, 20));
        Operand up = trial.in(shape, layout, Values.uniform(size + 1, shape));
        Operand out = trial.out(shape);
        trial
            .run((b, at) -> b.swiglu(at.of(gate), at.of(up), at.of(out)))
            .within(out, (i, want) -> 10 * subject.roundoff() * Math.abs(want));
      }
    }
  }

  /** silu' = s + g s (1 - s) with s = sigmoid(g): its terms are bounded by 1 and 0.3. */
  @Test
  @Covers("swigluBackward")
  void swigluBackward() {
    for (int size : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(2, size);
        double[] u = Values.uniform(size + 1, shape);
        double[] d = Values.uniform(size + 2, shape);
        Trial trial = new Trial(subject, "swiglu backward of %s %s", layout, shape);
        Operand gate = trial.in(shape, layout, Values.uniform(size, shape.size(), -20, 20));
        Operand up = trial.in(shape, layout, u);
        Operand dy = trial.in(shape, layout, d);
        Operand dGate = trial.out(shape);
        Operand dUp = trial.out(shape);
        trial
            .run(
                (b, at) ->
                    b.swigluBackward(at.of(gate), at.of(up), at.of(dy), at.of(dGate), at.of(dUp)))
            .within(
                dGate,
                (i, want) -> subject.roundoff() * (3 * Math.abs(want) + 12 * Math.abs(d[i] * u[i])))
            .within(dUp, (i, want) -> 10 * subject.roundoff() * Math.abs(want));
      }
    }
  }
}
