package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Matrix products: every element is one chain of fused multiply-adds over ascending K, so every
 * backend gives the bits that four lines of Java give.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class MatmulConformanceTest {
  private static final AdamWStep STEP = new AdamWStep(0.1, 0.9, 0.99, 1e-8, 0, 1, 1);

  @Parameter Subject subject;

  /** {@code former + a b} of row-major matrices, chain by chain in the type under test. */
  private double[] chain(int m, int k, int n, double[] a, double[] b, double[] former) {
    double[] out = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = former[i * n + j];
        for (int p = 0; p < k; p++) {
          sum =
              subject.dtype() == DType.F64
                  ? Math.fma(a[i * k + p], b[p * n + j], sum)
                  : Math.fma((float) a[i * k + p], (float) b[p * n + j], (float) sum);
        }
        out[i * n + j] = sum;
      }
    }
    return out;
  }

  private void check(
      int m, int k, int n, Layout aLayout, Layout bLayout, Layout outLayout, boolean accumulate) {
    String label =
        String.format("[%d, %d] %s x [%d, %d] %s to %s", m, k, aLayout, k, n, bLayout, outLayout);
    Trial trial = new Trial(subject, "%s", label);
    double[] a = Values.uniform(m, (long) m * k, -2, 2);
    double[] b = Values.uniform(n, (long) k * n, -2, 2);
    double[] former = Values.uniform(k, (long) m * n, -2, 2);
    Operand as = trial.in(Shape.of(m, k), aLayout, a);
    Operand bs = trial.in(Shape.of(k, n), bLayout, b);
    Operand out = trial.inOut(Shape.of(m, n), outLayout, former);
    trial.run((x, at) -> x.matmul(at.of(as), at.of(bs), at.of(out), accumulate));
    double[] want = chain(m, k, n, a, b, accumulate ? former : new double[m * n]);
    assertThat(out.got()).as("%s: %s", subject, label).isEqualTo(want);
  }

  @Test
  @Covers("matmul")
  void everySizeOfEachAxis() {
    for (int size : Values.LANE_BOUNDARIES) {
      for (boolean accumulate : new boolean[] {false, true}) {
        Layout c = Layout.CONTIGUOUS;
        check(size, 9, 10, c, c, c, accumulate);
        check(5, size, 10, c, c, c, accumulate);
        check(5, 9, size, c, c, c, accumulate);
      }
    }
  }

  @Test
  @Covers("matmul")
  void everyLayoutOfEachOperand() {
    int[][] sizes = {{1, 33}, {3, 64}, {7, 16}, {8, 17}, {17, 8}, {33, 1}, {64, 3}, {65, 65}};
    for (int[] size : sizes) {
      for (Layout a : Layout.values()) {
        for (Layout b : Layout.values()) {
          check(size[0], 11, size[1], a, b, Layout.PADDED_ROWS, false);
        }
      }
      check(size[0], 11, size[1], Layout.OFFSET, Layout.TRANSPOSED, Layout.OFFSET, true);
    }
  }

  /** Over the blocks that a fast backend cuts M, K and N into. */
  @Test
  @Covers("matmul")
  void largerThanABlock() {
    for (Layout b : new Layout[] {Layout.CONTIGUOUS, Layout.TRANSPOSED}) {
      check(1, 700, 300, Layout.CONTIGUOUS, b, Layout.CONTIGUOUS, false);
      check(133, 523, 261, Layout.CONTIGUOUS, b, Layout.CONTIGUOUS, true);
    }
    check(261, 133, 70, Layout.TRANSPOSED, Layout.CONTIGUOUS, Layout.CONTIGUOUS, true);
  }

  @Test
  @Covers("matmul")
  void batchesAndBroadcastBatches() {
    int m = 5;
    int k = 17;
    int n = 19;
    Shape whole = Shape.of(3, 2, m, k);
    for (Shape b : new Shape[] {Shape.of(3, 2, k, n), Shape.of(2, k, n), Shape.of(3, 1, k, n)}) {
      Shape expanded = Shape.of(3, 2, k, n);
      for (Layout layout : Layout.values()) {
        Trial trial = new Trial(subject, "%s x %s %s", whole, b, layout);
        Operand as = trial.in(whole, layout, Values.uniform(1, whole));
        Operand bs = trial.in(b, layout, Values.uniform(2, b)).view(t -> t.expand(expanded));
        Operand out = trial.out(Shape.of(3, 2, m, n));
        trial
            .run((x, at) -> x.matmul(at.of(as), at.of(bs), at.of(out), false))
            .within(out, (i, want) -> subject.gamma(k) * 4 * k);
        double[] a = as.want();
        double[] all = bs.want();
        double[] got = out.got();
        for (int batch = 0; batch < 6; batch++) {
          double[] want =
              chain(
                  m,
                  k,
                  n,
                  java.util.Arrays.copyOfRange(a, batch * m * k, (batch + 1) * m * k),
                  java.util.Arrays.copyOfRange(all, batch * k * n, (batch + 1) * k * n),
                  new double[m * n]);
          assertThat(java.util.Arrays.copyOfRange(got, batch * m * n, (batch + 1) * m * n))
              .as("%s: batch %d", subject, batch)
              .isEqualTo(want);
        }
      }
    }
  }

  /**
   * Every combination of transposed operands, cut out of larger tensors on all axes, overwriting
   * and adding to a destination that is a slice, too: batches, rows and columns lie at any
   * distance.
   */
  @Test
  @Covers("matmul")
  void slicedBatchesInAllTransposeForms() {
    for (int[] size : new int[][] {{1, 19, 40}, {4, 7, 17}, {13, 33, 9}, {50, 20, 70}}) {
      for (int form = 0; form < 8; form++) {
        boolean accumulate = form >= 4;
        int m = size[0];
        int k = size[1];
        int n = size[2];
        Tensor a = sliced(1, m, k, form % 2 == 1);
        Tensor b = sliced(2, k, n, form / 2 % 2 == 1);
        Tensor whole = tensor(3, Shape.of(4, m + 2, n + 5));
        Tensor out = whole.slice(0, 1, 3).slice(1, 1, m + 1).slice(2, 3, n + 3);
        double[] before = whole.toDoubles();
        double[] former = out.toDoubles();
        TensorOps.matmul(a, b, out, accumulate);
        for (int batch = 0; batch < 2; batch++) {
          double[] from = accumulate ? part(former, batch, m * n) : new double[m * n];
          double[] want =
              chain(
                  m,
                  k,
                  n,
                  part(a.toDoubles(), batch, m * k),
                  part(b.toDoubles(), batch, k * n),
                  from);
          assertThat(part(out.toDoubles(), batch, m * n))
              .as("%s: %s x %s, form %d, batch %d", subject, a, b, form, batch)
              .isEqualTo(want);
        }
        TensorOps.copy(typed(out.shape(), former), out);
        assertThat(whole.toDoubles()).as("%s: around the slice", subject).isEqualTo(before);
      }
    }
  }

  private static double[] part(double[] values, int batch, int size) {
    return java.util.Arrays.copyOfRange(values, batch * size, (batch + 1) * size);
  }

  /** Two matrices {@code [rows, columns]} inside a larger tensor, or inside a transposed one. */
  private Tensor sliced(long seed, int rows, int columns, boolean transposed) {
    Tensor whole =
        transposed
            ? tensor(seed, Shape.of(4, columns + 3, rows + 2)).transpose(1, 2)
            : tensor(seed, Shape.of(4, rows + 2, columns + 3));
    return whole.slice(0, 1, 3).slice(1, 1, rows + 1).slice(2, 2, columns + 2);
  }

  /** Attention's own products: heads are an axis in the middle, so that nothing is contiguous. */
  @Test
  @Covers("matmul")
  void permutedBatches() {
    Shape packed = Shape.of(9, 4, 8); // rows, heads, channels
    Trial trial = new Trial(subject, "permuted heads");
    Operand q = trial.in(packed, Values.uniform(1, packed)).view(t -> t.permute(1, 0, 2));
    Operand k = trial.in(packed, Values.uniform(2, packed)).view(t -> t.permute(1, 2, 0));
    Operand out = trial.out(Shape.of(4, 9, 9));
    trial
        .run((x, at) -> x.matmul(at.of(q), at.of(k), at.of(out), false))
        .within(out, (i, want) -> subject.gamma(8) * 4 * 8);
  }

  /** A backend may keep weights in an order of its own, but not after they have changed. */
  @Test
  @Covers("matmul")
  void seesEveryChangeOfAWeight() {
    Shape shape = Shape.of(70, 50);
    for (boolean transposed : new boolean[] {false, true}) {
      Tensor w = tensor(1, shape);
      Tensor x = tensor(2, Shape.of(9, transposed ? 50 : 70));
      Tensor m = tensor(3, shape);
      Tensor v = TensorOps.zeros(subject.backend(), subject.dtype(), shape);
      Tensor view = transposed ? w.transpose(0, 1) : w;
      List<Runnable> changes =
          List.of(
              () -> {},
              () -> TensorOps.addScaled(m, 0.1, w),
              () -> TensorOps.fill(w.slice(0, 3, 4), 2),
              () -> TensorOps.copy(m, w),
              () -> TensorOps.lerp(tensor(4, shape), 0.5, w),
              () -> TensorOps.adamW(w, m, tensor(5, shape), v, STEP));
      for (int i = 0; i < changes.size(); i++) {
        changes.get(i).run();
        // A fresh copy has no past.
        double[] want = TensorOps.matmul(x, TensorOps.copyOf(view)).toDoubles();
        for (int use = 0; use < 4; use++) {
          assertThat(TensorOps.matmul(x, view).toDoubles())
              .as("%s: use %d after change %d", subject, use, i)
              .isEqualTo(want);
        }
        assertThat(TensorOps.matmul(x.slice(0, 4, 5), view).toDoubles())
            .as("%s: one row after change %d", subject, i)
            .isEqualTo(TensorOps.matmul(x, view).slice(0, 4, 5).toDoubles());
      }
    }
  }

  private Tensor tensor(long seed, Shape shape) {
    return typed(shape, Values.uniform(seed, shape));
  }

  private Tensor typed(Shape shape, double... values) {
    Tensor t = Tensor.of(Subject.TRUTH, shape, values);
    return TensorOps.cast(t, subject.dtype()).to(subject.backend());
  }

  @Test
  @Covers("matmul")
  void noDepthGivesZeroOrWhatWasThere() {
    check(3, 0, 5, Layout.CONTIGUOUS, Layout.CONTIGUOUS, Layout.CONTIGUOUS, false);
    check(3, 0, 5, Layout.CONTIGUOUS, Layout.CONTIGUOUS, Layout.CONTIGUOUS, true);
  }

  /** An infinity or NaN reaches its own row and column, and no padding of a block makes one. */
  @Test
  @Covers("matmul")
  void specialValues() {
    for (double special : new double[] {Double.NaN, Double.POSITIVE_INFINITY, 3e38, 1e-42}) {
      double[] a = Values.uniform(1, 35, 1, 2);
      double[] b = Values.uniform(2, 77, 1, 2);
      a[17] = special;
      Trial trial = new Trial(subject, "with %s", special);
      Operand as = trial.in(Shape.of(5, 7), a);
      Operand bs = trial.in(Shape.of(7, 11), b);
      Operand out = trial.out(Shape.of(5, 11));
      trial.run((x, at) -> x.matmul(at.of(as), at.of(bs), at.of(out), false));
      assertThat(out.got()).isEqualTo(chain(5, 7, 11, as.want(), bs.want(), new double[55]));
    }
  }

  /** Every part of a linear layer, alone and together, has the bits that the parts have. */
  @Test
  @Covers("linear")
  void linearLayersHaveTheBitsOfTheirParts() {
    int[][] sizes = {
      {1, 5, 3}, {7, 20, 33}, {6, 48, 64}, {50, 17, 65}, {1, 300, 300}, {133, 523, 261}
    };
    UnaryOp[] activations = {null, UnaryOp.RELU, UnaryOp.SILU, UnaryOp.GELU, UnaryOp.GELU_TANH};
    for (int[] size : sizes) {
      for (UnaryOp activation : activations) {
        for (int parts = 0; parts < 4; parts++) {
          boolean biased = parts % 2 == 1;
          boolean added = parts / 2 == 1;
          checkLinear(size[0], size[1], size[2], activation, biased, added, added == biased);
        }
      }
    }
    checkLinear(3, 0, 5, UnaryOp.GELU, true, true, true);
    checkLinear(3, 4, 0, UnaryOp.GELU, true, true, true);
    checkLinear(0, 4, 3, UnaryOp.GELU, true, true, true);
  }

  private void checkLinear(
      int rows, int in, int out, UnaryOp activation, boolean biased, boolean added, boolean kept) {
    Shape shape = Shape.of(rows, out);
    Trial trial =
        new Trial(
            subject,
            "linear [%d, %d] to %d, %s, bias %s, residual %s",
            rows,
            in,
            out,
            activation,
            biased,
            added);
    double[] xs = Values.uniform(1, (long) rows * in, -2, 2);
    double[] ws = Values.uniform(2, (long) out * in, -1, 1);
    double[] bs = Values.uniform(3, out, -2, 2);
    double[] rs = Values.uniform(4, shape);
    Operand x = trial.in(Shape.of(rows, in), Layout.PADDED_ROWS, xs);
    Operand w = trial.in(Shape.of(out, in), ws);
    Operand bias = trial.in(Shape.of(out), Layout.OFFSET, bs);
    Operand residual = trial.in(shape, rs);
    boolean keeps = kept && activation != null;
    Operand before = trial.out(shape);
    Operand y = trial.out(shape);
    trial.run(
        (b, at) ->
            b.linear(
                at.of(x),
                at.of(w),
                biased ? at.of(bias) : null,
                activation,
                added ? at.of(residual) : null,
                keeps ? at.of(before) : null,
                at.of(y)));
    Tensor sum = TensorOps.matmul(given(rows, in, xs), given(out, in, ws).transpose(0, 1));
    sum = biased ? TensorOps.add(sum, given(out, bs)) : sum;
    Tensor want = activation == null ? sum : TensorOps.unary(activation, sum);
    want = added ? TensorOps.add(want, given(rows, out, rs)) : want;
    assertThat(y.got()).as("%s: %s", subject, activation).isEqualTo(want.toDoubles());
    if (keeps) {
      assertThat(before.got()).as("%s: before %s", subject, activation).isEqualTo(sum.toDoubles());
    }
  }

  private Tensor given(int rows, int columns, double[] values) {
    return given(values).reshape(Shape.of(rows, columns));
  }

  private Tensor given(int size, double[] values) {
    return given(values).reshape(Shape.of(size));
  }

  private Tensor given(double[] values) {
    Tensor t = Tensor.of(Subject.TRUTH, Shape.of(values.length), values);
    return TensorOps.cast(t, subject.dtype()).to(subject.backend());
  }
}
