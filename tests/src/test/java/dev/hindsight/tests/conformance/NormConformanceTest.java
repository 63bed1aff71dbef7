package dev.hindsight.tests.conformance;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * RMSNorm and LayerNorm. A mean over D has a relative error of gamma(D + 1) of the mean of
 * magnitudes; its root halves that; a handful of roundings come on top.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class NormConformanceTest {
  private static final int ROWS = 5;
  private static final double EPSILON = 1e-5;

  @Parameter Subject subject;

  private static int[] widths() {
    return new int[] {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 96, 129, 1000};
  }

  @Test
  @Covers("rmsNorm")
  void rmsNorm() {
    for (int width : widths()) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(ROWS, width);
        Trial trial = new Trial(subject, "rmsNorm of %s %s", layout, shape);
        Operand x = trial.in(shape, layout, Values.uniform(width, shape));
        Operand weight = trial.in(Shape.of(width), layout, Values.uniform(1, width, 0.5, 2));
        Operand out = trial.out(shape);
        Operand rstd = trial.out(Shape.of(ROWS));
        trial
            .run((b, at) -> b.rmsNorm(at.of(x), at.of(weight), EPSILON, at.of(out), at.of(rstd)))
            .within(rstd, (i, want) -> want * subject.gamma(width / 2.0 + 5))
            .within(out, (i, want) -> Math.abs(want) * subject.gamma(width / 2.0 + 7));
      }
    }
  }

  /** A row of zeros is divided by the root of epsilon, not by zero. */
  @Test
  @Covers({"rmsNorm", "layerNorm"})
  void rowsOfZerosAndOfOneValue() {
    Shape shape = Shape.of(2, 19);
    double[] x = new double[38];
    java.util.Arrays.fill(x, 19, 38, 0.75);
    Trial trial = new Trial(subject, "norms of constant rows");
    Operand in = trial.in(shape, x);
    Operand weight = trial.in(Shape.of(19), Values.uniform(1, 19, 0.5, 2));
    Operand rms = trial.out(shape);
    Operand layer = trial.out(shape);
    Operand mean = trial.out(Shape.of(2));
    Operand rstd = trial.out(Shape.of(2));
    trial
        .run((b, at) -> b.rmsNorm(at.of(in), at.of(weight), EPSILON, at.of(rms), at.of(rstd)))
        .within(rms, (i, want) -> Math.abs(want) * subject.gamma(19))
        .run(
            (b, at) ->
                b.layerNorm(
                    at.of(in),
                    at.of(weight),
                    at.of(weight),
                    EPSILON,
                    at.of(layer),
                    at.of(mean),
                    at.of(rstd)))
        // The mean is off by gamma(20) 0.75 and is divided by the root of epsilon.
        .within(layer, (i, want) -> 2 * (1 + 0.75 / Math.sqrt(EPSILON)) * subject.gamma(24));
  }

  @Test
  @Covers("rmsNormBackward")
  void rmsNormBackward() {
    for (int width : widths()) {
      for (Layout layout : new Layout[] {Layout.CONTIGUOUS, Layout.PADDED_ROWS}) {
        Shape shape = Shape.of(ROWS, width);
        double[] x = Values.uniform(width, shape);
        double[] w = Values.uniform(1, width, 0.5, 2);
        double[] d = Values.uniform(width + 1, shape);
        double[] r =
            LayerOps.rmsNorm(
                    Tensor.of(Subject.TRUTH, shape, x),
                    Tensor.of(Subject.TRUTH, Shape.of(width), w),
                    EPSILON)
                .rstd()
                .toDoubles();
        Trial trial = new Trial(subject, "rmsNorm backward of %s %s", layout, shape);
        Operand xs = trial.in(shape, layout, x);
        Operand ws = trial.in(Shape.of(width), w);
        Operand rs = trial.in(Shape.of(ROWS), r);
        Operand ds = trial.in(shape, layout, d);
        Operand dx = trial.out(shape);
        Operand dw = trial.out(Shape.of(width));
        Operand dxAlone = trial.out(shape);
        Operand dwAlone = trial.out(Shape.of(width));
        Trial.Bound dxBound = (i, want) -> dxBound(i, width, x, w, d, 0, r[i / width], false);
        Trial.Bound dwBound =
            (i, want) -> {
              double sum = 0;
              for (int n = 0; n < ROWS; n++) {
                sum += Math.abs(d[n * width + i] * x[n * width + i] * r[n]);
              }
              return subject.gamma(ROWS + 3) * sum;
            };
        trial
            .run(
                (b, at) -> {
                  Tensor[] in = {at.of(xs), at.of(ws), at.of(rs), at.of(ds)};
                  b.rmsNormBackward(in[0], in[1], in[2], in[3], at.of(dx), at.of(dw));
                  b.rmsNormBackward(in[0], in[1], in[2], in[3], at.of(dxAlone), null);
                  b.rmsNormBackward(in[0], in[1], in[2], in[3], null, at.of(dwAlone));
                })
            .within(dx, dxBound)
            .within(dw, dwBound)
            .within(dxAlone, dxBound)
            .within(dwAlone, dwBound);
      }
    }
  }

  /**
   * {@code rstd (g - [mean(g)] - xhat mean(g xhat))}: each term with its own error, the means with
   * gamma(D) of the mean of magnitudes.
   */
  private double dxBound(
      int i, int width, double[] x, double[] w, double[] d, double mean, double r, boolean layer) {
    int row = i / width * width;
    double dot = 0;
    double sum = 0;
    for (int j = 0; j < width; j++) {
      double g = Math.abs(d[row + j] * w[j]);
      dot += g * (Math.abs(x[row + j]) + (layer ? Math.abs(mean) : 0)) * r / width;
      sum += layer ? g / width : 0;
    }
    double g = Math.abs(d[i] * w[i % width]);
    double normal = (Math.abs(x[i]) + (layer ? Math.abs(mean) : 0)) * r;
    return r * (g + sum + normal * dot) * subject.gamma(width + 10);
  }

  private static double meanOfMagnitudes(double[] x, int row, int width) {
    double sum = 0;
    for (int j = 0; j < width; j++) {
      sum += Math.abs(x[row * width + j]) / width;
    }
    return sum;
  }

  @Test
  @Covers("layerNorm")
  void layerNorm() {
    for (int width : widths()) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(ROWS, width);
        double[] x = Values.uniform(width, shape);
        double[] w = Values.uniform(1, width, 0.5, 2);
        Trial trial = new Trial(subject, "layerNorm of %s %s", layout, shape);
        Operand xs = trial.in(shape, layout, x);
        Operand ws = trial.in(Shape.of(width), layout, w);
        Operand bs = trial.in(Shape.of(width), layout, Values.uniform(2, width, -1, 1));
        Operand out = trial.out(shape);
        Operand mean = trial.out(Shape.of(ROWS));
        Operand rstd = trial.out(Shape.of(ROWS));
        trial.run(
            (b, at) ->
                b.layerNorm(
                    at.of(xs),
                    at.of(ws),
                    at.of(bs),
                    EPSILON,
                    at.of(out),
                    at.of(mean),
                    at.of(rstd)));
        double[] r = rstd.want();
        trial.within(mean, (i, want) -> subject.gamma(width + 1) * meanOfMagnitudes(x, i, width));
        // The error of the mean enters the variance squared, and with a sum that is near 0.
        trial.within(
            rstd,
            (i, want) -> {
              double m = subject.gamma(width + 1) * meanOfMagnitudes(x, i, width) * want;
              return want * (m * m + subject.gamma(width + 8));
            });
        trial.within(
            out,
            (i, want) -> {
              int n = i / width;
              double m = meanOfMagnitudes(x, n, width);
              double shifted = (Math.abs(x[i]) + m) * r[n] * w[i % width];
              double meanError = m * r[n] * w[i % width];
              return subject.gamma(width + 12) * (shifted + meanError) + 3 * subject.roundoff();
            });
      }
    }
  }

  @Test
  @Covers("layerNormBackward")
  void layerNormBackward() {
    for (int width : widths()) {
      for (Layout layout : new Layout[] {Layout.CONTIGUOUS, Layout.PADDED_ROWS}) {
        layerNormBackward(width, layout);
      }
    }
  }

  private void layerNormBackward(int width, Layout layout) {
    Shape shape = Shape.of(ROWS, width);
    double[] x = Values.uniform(width, shape);
    double[] w = Values.uniform(1, width, 0.5, 2);
    double[] d = Values.uniform(width + 1, shape);
    Tensor weight = Tensor.of(Subject.TRUTH, Shape.of(width), w);
    LayerOps.LayerNorm y =
        LayerOps.layerNorm(Tensor.of(Subject.TRUTH, shape, x), weight, weight, EPSILON);
    double[] m = y.mean().toDoubles();
    double[] r = y.rstd().toDoubles();
    Trial trial = new Trial(subject, "layerNorm backward of %s %s", layout, shape);
    Operand xs = trial.in(shape, layout, x);
    Operand ws = trial.in(Shape.of(width), w);
    Operand ms = trial.in(Shape.of(ROWS), m);
    Operand rs = trial.in(Shape.of(ROWS), r);
    Operand ds = trial.in(shape, layout, d);
    Operand dx = trial.out(shape);
    Operand dw = trial.out(Shape.of(width));
    Operand db = trial.out(Shape.of(width));
    Operand dxAlone = trial.out(shape);
    Operand dbAlone = trial.out(Shape.of(width));
    Trial.Bound dxBound = (i, want) -> dxBound(i, width, x, w, d, m[i / width], r[i / width], true);
    Trial.Bound dbBound =
        (i, want) -> {
          double sum = 0;
          for (int n = 0; n < ROWS; n++) {
            sum += Math.abs(d[n * width + i]);
          }
          return subject.gamma(ROWS) * sum;
        };
    trial
        .run(
            (b, at) -> {
              Tensor[] in = {at.of(xs), at.of(ws), at.of(ms), at.of(rs), at.of(ds)};
              b.layerNormBackward(
                  in[0], in[1], in[2], in[3], in[4], at.of(dx), at.of(dw), at.of(db));
              b.layerNormBackward(in[0], in[1], in[2], in[3], in[4], at.of(dxAlone), null, null);
              b.layerNormBackward(in[0], in[1], in[2], in[3], in[4], null, null, at.of(dbAlone));
            })
        .within(dx, dxBound)
        .within(dxAlone, dxBound)
        .within(db, dbBound)
        .within(dbAlone, dbBound)
        .within(
            dw,
            (i, want) -> {
              double sum = 0;
              for (int n = 0; n < ROWS; n++) {
                int at = n * width + i;
                sum += Math.abs(d[at] * r[n]) * (Math.abs(x[at]) + Math.abs(m[n]));
              }
              return subject.gamma(ROWS + 4) * sum;
            });
  }
}
