package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Gathers and selection are exact; scatters are chains of additions in ascending order. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class IndexingConformanceTest {
  @Parameter Subject subject;

  private double add(double x, double y) {
    return subject.round(x + y); // one rounding: exact in double, or the sum of doubles itself
  }

  @Test
  @Covers("gatherRows")
  void gatherRows() {
    for (int width : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape table = Shape.of(7, width);
        Trial trial = new Trial(subject, "gatherRows from %s %s", layout, table);
        double[] values = Values.uniform(width, table);
        for (int i = 0; i < Math.min(values.length, Values.SPECIAL.length); i++) {
          values[i] = Values.SPECIAL[i];
        }
        Operand from = trial.in(table, layout, values);
        Operand ids = trial.indices(Shape.of(12), layout, Values.indices(width, 12, 7));
        Operand out = trial.out(Shape.of(12, width));
        trial.run((b, at) -> b.gatherRows(at.of(from), at.of(ids), at.of(out))).exact(out);
      }
    }
  }

  @Test
  @Covers("scatterAddRows")
  void scatterAddRows() {
    for (int width : Values.LANE_BOUNDARIES) {
      for (Layout layout : Layout.values()) {
        Shape shape = Shape.of(40, width);
        double[] rows = Values.uniform(width, shape);
        int[] target = Values.indices(width, 40, 5);
        double[] want = Values.uniform(1, Shape.of(5, width));
        Trial trial = new Trial(subject, "scatterAddRows from %s %s", layout, shape);
        Operand from = trial.in(shape, layout, rows);
        Operand ids = trial.indices(Shape.of(40), layout, target);
        Operand out = trial.inOut(Shape.of(5, width), layout, want);
        trial.run((b, at) -> b.scatterAddRows(at.of(from), at.of(ids), at.of(out)));
        for (int n = 0; n < 40; n++) {
          for (int c = 0; c < width; c++) {
            want[target[n] * width + c] = add(want[target[n] * width + c], rows[n * width + c]);
          }
        }
        assertThat(out.got()).as("%s %s", subject, layout).isEqualTo(want);
      }
    }
  }

  @Test
  @Covers("gatherLast")
  void gatherLast() {
    for (int width : Values.LANE_BOUNDARIES) {
      for (int picked : new int[] {0, 1, 3, 17}) {
        for (Layout layout : Layout.values()) {
          if (width == 0) {
            continue;
          }
          Shape shape = Shape.of(2, 3, width);
          Shape index = Shape.of(2, 3, picked);
          Trial trial = new Trial(subject, "gatherLast %s from %s %s", index, layout, shape);
          Operand x = trial.in(shape, layout, Values.uniform(width, shape));
          Operand ids = trial.indices(index, layout, Values.indices(1, index.size(), width));
          Operand out = trial.out(index);
          trial.run((b, at) -> b.gatherLast(at.of(x), at.of(ids), at.of(out))).exact(out);
        }
      }
    }
  }

  @Test
  @Covers("scatterAddLast")
  void scatterAddLast() {
    for (int width : new int[] {1, 5, 16, 33}) {
      for (int count : new int[] {0, 1, 3, 40}) {
        for (Layout layout : Layout.values()) {
          Shape shape = Shape.of(3, count);
          double[] values = Values.uniform(width, shape);
          int[] target = Values.indices(count, shape.size(), width);
          double[] want = Values.uniform(1, Shape.of(3, width));
          Trial trial = new Trial(subject, "scatterAddLast from %s %s", layout, shape);
          Operand x = trial.in(shape, layout, values);
          Operand ids = trial.indices(shape, layout, target);
          Operand out = trial.inOut(Shape.of(3, width), Layout.OFFSET, want);
          trial.run((b, at) -> b.scatterAddLast(at.of(x), at.of(ids), at.of(out)));
          for (int i = 0; i < values.length; i++) {
            int place = i / count * width + target[i];
            want[place] = add(want[place], values[i]);
          }
          assertThat(out.got()).as("%s %s", subject, layout).isEqualTo(want);
        }
      }
    }
  }

  /** Rows so long that a group adds them part by part, with indices in many of the parts. */
  @Test
  @Covers("scatterAddLast")
  void scatterAddLastOfLongRows() {
    Shape shape = Shape.of(5, 1000);
    for (int width : new int[] {1, 7, 2000}) {
      double[] values = Values.uniform(width, shape);
      int[] target = Values.indices(width, shape.size(), width);
      double[] want = Values.uniform(1, Shape.of(5, width));
      Trial trial = new Trial(subject, "scatterAddLast from %s to %s", shape, width);
      Operand x = trial.in(shape, Layout.CONTIGUOUS, values);
      Operand ids = trial.indices(shape, Layout.CONTIGUOUS, target);
      Operand out = trial.inOut(Shape.of(5, width), Layout.OFFSET, want);
      trial.run((b, at) -> b.scatterAddLast(at.of(x), at.of(ids), at.of(out)));
      for (int i = 0; i < values.length; i++) {
        int place = i / 1000 * width + target[i];
        want[place] = add(want[place], values[i]);
      }
      assertThat(out.got()).as("%s", subject).isEqualTo(want);
    }
  }

  @Test
  @Covers("topK")
  void topK() {
    for (int width : Values.LANE_BOUNDARIES) {
      for (int k : new int[] {0, 1, 2, 5, 20, width}) {
        if (k > width) {
          continue;
        }
        for (Layout layout : Layout.values()) {
          Shape shape = Shape.of(3, width);
          double[] values = Values.uniform(width, shape);
          for (int i = 0; i < values.length; i += 3) {
            values[i] = Math.rint(values[i]); // equals
          }
          topK(shape, layout, values, k);
        }
      }
    }
    Shape specials = Shape.of(2, Values.SPECIAL.length);
    double[] twice = new double[2 * Values.SPECIAL.length];
    for (int i = 0; i < twice.length; i++) {
      twice[i] = Values.SPECIAL[i % Values.SPECIAL.length];
    }
    topK(specials, Layout.CONTIGUOUS, twice, Values.SPECIAL.length);
    topK(Shape.of(1, 6), Layout.CONTIGUOUS, new double[] {1, 5, 5, 5, 2, 5}, 3);
    topK(Shape.of(1, 3000), Layout.CONTIGUOUS, Values.uniform(1, 3000, 0, 1), 50);
    double nan = Double.NaN;
    topK(Shape.of(1, 5), Layout.CONTIGUOUS, new double[] {1, nan, 3, nan, 2}, 4);
    topK(Shape.of(1, 4), Layout.CONTIGUOUS, new double[] {-0.0, 0.0, -0.0, 0.0}, 4);
  }

  private void topK(Shape shape, Layout layout, double[] x, int k) {
    Trial trial = new Trial(subject, "top %d of %s %s", k, layout, shape);
    Operand in = trial.in(shape, layout, x);
    Operand values = trial.out(shape.with(-1, k));
    Operand indices = trial.indicesOut(shape.with(-1, k));
    trial
        .run((b, at) -> b.topK(at.of(in), at.of(values), at.of(indices)))
        .exact(values)
        .exact(indices);
  }

  /**
   * A backend on the CPU says at once which index is wrong; a device may say so when a value is
   * next read. Neither writes anywhere with it.
   */
  @Test
  @Covers({"gatherRows", "scatterAddRows", "gatherLast", "scatterAddLast", "crossEntropy"})
  void refusesIndicesOutside() {
    Tensor x = TensorOps.zeros(subject.backend(), subject.dtype(), Shape.of(3, 4));
    Tensor one = TensorOps.zeros(subject.backend(), subject.dtype(), Shape.of(1, 4));
    for (int bad : new int[] {-1, 7, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      Tensor id = Tensor.of(subject.backend(), Shape.of(1), bad);
      Tensor last = id.reshape(Shape.of(1, 1));
      refused("gatherRows", bad, () -> TensorOps.gatherRows(x, id).toDoubles());
      refused(
          "scatterAddRows",
          bad,
          () -> {
            TensorOps.scatterAddRows(one, id, x);
            x.toDoubles();
          });
      refused("gatherLast", bad, () -> TensorOps.gatherLast(one, last).toDoubles());
      Tensor first = one.slice(1, 0, 1);
      refused("scatterAddLast", bad, () -> TensorOps.scatterAddLast(first, last, 4).toDoubles());
      if (bad > 0) { // negative targets are ignored rows
        refused("crossEntropy", bad, () -> LayerOps.crossEntropy(one, id).loss().toDoubles());
      }
    }
    assertThat(x.dtype()).isIn(DType.F32, DType.F64);
    assertThat(x.toDoubles()).containsOnly(0);
  }

  /** Rows of no elements are looked up and added to as others are. */
  @Test
  @Covers({"gatherRows", "scatterAddRows"})
  void refusesIndicesOutsideOfEmptyRows() {
    Tensor x = TensorOps.zeros(subject.backend(), subject.dtype(), Shape.of(3, 0));
    Tensor two = TensorOps.zeros(subject.backend(), subject.dtype(), Shape.of(2, 0));
    Tensor good = Tensor.of(subject.backend(), Shape.of(2), 2, 0);
    assertThat(TensorOps.gatherRows(x, good).toDoubles()).isEmpty();
    TensorOps.scatterAddRows(two, good, x);
    assertThat(x.toDoubles()).isEmpty();
    for (int bad : new int[] {-1, 3}) {
      Tensor ids = Tensor.of(subject.backend(), Shape.of(2), bad, 0);
      refused("gatherRows", bad, () -> TensorOps.gatherRows(x, ids).toDoubles());
      refused(
          "scatterAddRows",
          bad,
          () -> {
            TensorOps.scatterAddRows(two, ids, x);
            x.toDoubles();
          });
    }
  }

  private static void refused(String operation, int index, Runnable action) {
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(action::run)
        .withMessageStartingWith(operation + ": index " + index + " (element 0 of I32");
  }
}
