package dev.hindsight.tests.conformance;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Softmax, its logarithm and cross-entropy. Where x is up to R away from the row's maximum, {@code
 * exp(x - max)} has a relative error of up to {@code (R + 8) u}: the difference is rounded, and exp
 * keeps within 4 ulp.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class SoftmaxConformanceTest {
  private static final double EXP = 8;

  @Parameter Subject subject;

  /** What a bound needs to know of one row. */
  private static double[] row(double[] values, int width, int row) {
    return Arrays.copyOfRange(values, row * width, (row + 1) * width);
  }

  /** How far apart the largest and the smallest of each row are. */
  private static double[] ranges(double[] values, int width) {
    double[] ranges = new double[width == 0 ? 0 : values.length / width];
    for (int n = 0; n < ranges.length; n++) {
      double[] row = row(values, width, n);
      ranges[n] = Arrays.stream(row).max().orElse(0) - Arrays.stream(row).min().orElse(0);
    }
    return ranges;
  }

  @Test
  @Covers({"softmax", "logSoftmax"})
  void everySizeAndLayout() {
    for (int width : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        for (double spread : new double[] {2, 30}) {
          Shape shape = Shape.of(3, width);
          double[] x = Values.uniform(width, shape.size(), -spread, spread);
          check(shape, layout, x);
        }
      }
    }
    check(Shape.of(2, 5000), Layout.CONTIGUOUS, Values.uniform(1, 10_000, -9, 9));
    check(Shape.of(2, 2, 3, 17), Layout.TRANSPOSED, Values.uniform(1, 204, -9, 9));
  }

  private void check(Shape shape, Layout layout, double[] x) {
    int width = shape.dim(-1);
    double[] ranges = ranges(x, width);
    Trial trial = new Trial(subject, "softmax of %s %s", layout, shape);
    Operand in = trial.in(shape, layout, x);
    Operand out = trial.out(shape);
    Operand log = trial.out(shape);
    trial.run((b, at) -> b.softmax(at.of(in), at.of(out)));
    trial.run((b, at) -> b.logSoftmax(at.of(in), at.of(log)));
    trial.within(
        out, (i, want) -> want * subject.gamma(width + 2 * EXP + 2 * ranges[i / width] + 2));
    trial.within(
        log,
        (i, want) ->
            subject.gamma(width + EXP + ranges[i / width] + 2)
                + 8 * subject.roundoff() * Math.abs(want));
  }

  @Test
  @Covers({"softmax", "logSoftmax", "crossEntropy"})
  void specialValues() {
    double inf = Double.POSITIVE_INFINITY;
    for (int width : new int[] {3, 8, 19}) {
      for (double special : new double[] {Double.NaN, inf, -inf, 3e38, -3e38, 1e-44}) {
        for (int place = 0; place < width; place++) {
          double[] x = Values.uniform(place, width, -1, 1);
          x[place] = special;
          if (special == 3e38) {
            Arrays.setAll(x, i -> 3e38 - i * 1e33); // differences that are not small
          }
          double[] rounded =
              Operand.read(
                      subject.backend(), subject.dtype(), Shape.of(width), Layout.CONTIGUOUS, x)
                  .want();
          checkSpecial(Shape.of(1, width), rounded);
        }
      }
      double[] masked = new double[width];
      Arrays.fill(masked, -inf);
      checkSpecial(Shape.of(1, width), masked);
      masked[width / 2] = 3;
      checkSpecial(Shape.of(1, width), masked);
    }
  }

  private void checkSpecial(Shape shape, double[] x) {
    Trial trial = new Trial(subject, "softmax of %s", Arrays.toString(x));
    Operand in = trial.in(shape, x);
    Operand target = trial.indices(Shape.of(1), Layout.CONTIGUOUS, 0);
    Operand out = trial.out(shape);
    Operand log = trial.out(shape);
    Operand loss = trial.out(Shape.of(1));
    Operand lse = trial.out(Shape.of(1));
    trial.run((b, at) -> b.softmax(at.of(in), at.of(out)));
    trial.run((b, at) -> b.logSoftmax(at.of(in), at.of(log)));
    trial.run((b, at) -> b.crossEntropy(at.of(in), at.of(target), at.of(loss), at.of(lse)));
    double u = subject.roundoff();
    trial
        .within(out, (i, want) -> 100 * u)
        .within(log, (i, want) -> 100 * u * (1 + Math.abs(want)))
        .within(lse, (i, want) -> 100 * u * (1 + Math.abs(want)))
        .within(loss, (i, want) -> 100 * u * (1 + Math.abs(want) + Math.abs(x[0])));
  }

  @Test
  @Covers({"softmaxBackward", "logSoftmaxBackward"})
  void gradients() {
    for (int width : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(3, width);
        double[] d = Values.uniform(width + 1, shape);
        Tensor x = Tensor.of(Subject.TRUTH, shape, Values.uniform(width, shape));
        Trial trial = new Trial(subject, "softmax backward of %s %s", layout, shape);
        double[] p = LayerOps.softmax(x).toDoubles();
        Operand y = trial.in(shape, layout, p);
        Operand logY = trial.in(shape, layout, LayerOps.logSoftmax(x).toDoubles());
        Operand dy = trial.in(shape, layout, d);
        Operand dx = trial.out(shape);
        Operand logDx = trial.out(shape);
        trial.run((b, at) -> b.softmaxBackward(at.of(y), at.of(dy), at.of(dx)));
        trial.run((b, at) -> b.logSoftmaxBackward(at.of(logY), at.of(dy), at.of(logDx)));
        double[] sums = new double[3]; // of |dy|
        double[] dots = new double[3]; // of |dy y|
        for (int i = 0; i < d.length; i++) {
          sums[i / width] += Math.abs(d[i]);
          dots[i / width] += Math.abs(d[i] * p[i]);
        }
        double u = subject.roundoff();
        // y (dy - sum(dy y)): the sum is off by gamma(n) sum|dy y|, then a difference, a product.
        trial.within(
            dx,
            (i, want) ->
                p[i] * (subject.gamma(width + 3) * dots[i / width] + 3 * u * Math.abs(d[i])));
        // dy - exp(y) sum(dy): the exponential of y is off by 8 + |y|.
        trial.within(
            logDx,
            (i, want) ->
                p[i] * sums[i / width] * subject.gamma(width + EXP - Math.log(p[i]) + 2)
                    + u * Math.abs(want));
      }
    }
  }

  @Test
  @Covers("crossEntropy")
  void crossEntropy() {
    for (int width : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        if (width == 0) {
          continue;
        }
        Shape shape = Shape.of(5, width);
        double[] x = Values.uniform(width, shape.size(), -9, 9);
        int[] classes = Values.indices(width, 5, width);
        classes[1] = -1;
        classes[3] = Integer.MIN_VALUE;
        Trial trial = new Trial(subject, "crossEntropy of %s %s", layout, shape);
        Operand logits = trial.in(shape, layout, x);
        Operand targets = trial.indices(Shape.of(5), layout, classes);
        Operand loss = trial.out(Shape.of(5));
        Operand lse = trial.out(Shape.of(5));
        double u = subject.roundoff();
        trial
            .run((b, at) -> b.crossEntropy(at.of(logits), at.of(targets), at.of(loss), at.of(lse)))
            .within(lse, (i, want) -> subject.gamma(width + 28) + 8 * u * Math.abs(want))
            .within(
                loss,
                (i, want) ->
                    classes[i] < 0 ? 0 : subject.gamma(width + 28) + 8 * u * (9 + Math.abs(want)));
      }
    }
  }

  @Test
  @Covers("crossEntropyBackward")
  void crossEntropyBackward() {
    for (int width : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        if (width == 0) {
          continue;
        }
        for (boolean inPlace : new boolean[] {false, true}) {
          crossEntropyBackward(Shape.of(5, width), layout, inPlace);
        }
      }
    }
  }

  private void crossEntropyBackward(Shape shape, Layout layout, boolean inPlace) {
    int width = shape.dim(-1);
    double[] x = Values.uniform(width, shape.size(), -9, 9);
    double[] d = Values.uniform(width + 1, 5, -2, 2);
    int[] classes = Values.indices(width, 5, width);
    classes[2] = -5;
    Tensor exact = Tensor.of(Subject.TRUTH, shape, x);
    double[] sums =
        LayerOps.crossEntropy(exact, Tensor.of(Subject.TRUTH, Shape.of(5), classes))
            .lse()
            .toDoubles();
    double[] p = LayerOps.softmax(exact).toDoubles();
    Trial trial = new Trial(subject, "crossEntropy backward of %s %s", layout, shape);
    Operand logits = inPlace ? trial.inOut(shape, Layout.OFFSET, x) : trial.in(shape, layout, x);
    Operand targets = trial.indices(Shape.of(5), layout, classes);
    Operand lse = trial.in(Shape.of(5), layout, sums);
    Operand dLoss = trial.in(Shape.of(5), layout, d);
    Operand dLogits = inPlace ? logits : trial.out(shape);
    trial
        .run(
            (b, at) ->
                b.crossEntropyBackward(
                    at.of(logits), at.of(targets), at.of(lse), at.of(dLoss), at.of(dLogits)))
        .within(
            dLogits,
            (i, want) -> {
              int n = i / width;
              double oneHot = i % width == classes[n] ? 1 : 0;
              return subject.roundoff()
                  * Math.abs(d[n])
                  * (p[i] * (EXP + Math.abs(x[i] - sums[n])) + 3 * (p[i] + oneHot));
            });
  }
}
