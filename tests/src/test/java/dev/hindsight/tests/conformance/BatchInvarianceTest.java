package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The promise that sampling and training rest on: the bits of a row do not depend on the rows that
 * are computed with it. Each row is computed alone, at the head of every smaller batch and in the
 * middle of one.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class BatchInvarianceTest {
  private static final int ROWS = 23;

  @Parameter Subject subject;

  /** Computes rows {@code from .. to - 1}; every result has one entry a row on its first axis. */
  private interface RowOp {
    Tensor[] rows(int from, int to);
  }

  private void assertRowsIndependent(String label, RowOp op) {
    try (Workspace workspace = new Workspace(subject.backend())) {
      List<byte[]> whole;
      try (var scope = workspace.open()) {
        whole = bits(op.rows(0, ROWS));
      }
      for (int from = 0; from < ROWS; from++) {
        int largest = from == 0 || from == 5 ? ROWS - from - 1 : 1;
        for (int size = 1; size <= largest; size++) {
          try (var scope = workspace.open()) {
            assertSame(label, whole, bits(op.rows(from, from + size)), from, size);
          }
        }
      }
    }
  }

  private static List<byte[]> bits(Tensor[] tensors) {
    List<byte[]> bits = new ArrayList<>();
    for (Tensor t : tensors) {
      byte[] bytes = new byte[Math.toIntExact(t.size() * t.dtype().bytes())];
      TensorOps.download(t, MemorySegment.ofArray(bytes));
      bits.add(bytes);
    }
    return bits;
  }

  private void assertSame(String label, List<byte[]> whole, List<byte[]> part, int from, int size) {
    for (int t = 0; t < whole.size(); t++) {
      int width = whole.get(t).length / ROWS;
      int start = from * width;
      int differs =
          Arrays.mismatch(part.get(t), 0, size * width, whole.get(t), start, start + size * width);
      if (differs >= 0) {
        throw new AssertionError(
            String.format(
                Locale.ROOT,
                "%s: %s: result %d of row %d has other bits in a batch of %d than in one of %d",
                subject,
                label,
                t,
                from + differs / width,
                size,
                ROWS));
      }
    }
  }

  private Tensor tensor(long seed, int... dims) {
    Shape shape = Shape.of(dims);
    Tensor t = Tensor.of(Subject.TRUTH, shape, Values.uniform(seed, shape));
    return TensorOps.cast(t, subject.dtype()).to(subject.backend());
  }

  private static Tensor[] of(Tensor... tensors) {
    return tensors;
  }

  /** Extents that are no multiple of a vector: rows begin at any lane. */
  private static final int[] WIDTHS = {1, 5, 16, 31, 96, 259};

  @Test
  void matmul() {
    for (int depth : WIDTHS) {
      for (int width : WIDTHS) {
        Tensor x = tensor(1, ROWS, depth);
        Tensor w = tensor(2, depth, width);
        Tensor wt = tensor(3, width, depth).transpose(0, 1);
        Tensor rows = tensor(4, ROWS, width);
        Tensor bias = tensor(5, width);
        assertRowsIndependent(
            "matmul [n, " + depth + "] x [" + depth + ", " + width + "]",
            (from, to) ->
                of(
                    TensorOps.matmul(x.slice(0, from, to), w),
                    TensorOps.matmul(x.slice(0, from, to), wt),
                    LayerOps.linear(
                            x.slice(0, from, to),
                            wt.transpose(0, 1),
                            bias,
                            UnaryOp.GELU,
                            rows.slice(0, from, to),
                            false)
                        .out()));
      }
    }
  }

  /** Vocabulary-sized: over every block of N and K. */
  @Test
  void matmulOverManyBlocks() {
    Tensor x = tensor(1, ROWS, 530);
    Tensor w = tensor(2, 1030, 530).transpose(0, 1);
    Tensor all = TensorOps.matmul(x, w);
    for (int row : new int[] {0, 1, 11, ROWS - 1}) {
      assertThat(TensorOps.matmul(x.slice(0, row, row + 1), w).toDoubles())
          .as("%s: row %d", subject, row)
          .isEqualTo(all.slice(0, row, row + 1).toDoubles());
    }
  }

  /** Kernels for one row, for few and for many, with B where it lies, packed, and kept packed. */
  @Test
  void matmulOfFewRowsAndOfMany() {
    int many = 301;
    for (int[] size : new int[][] {{48, 130}, {530, 70}}) {
      Tensor x = tensor(1, many, size[0]);
      Tensor w = tensor(2, size[0], size[1]);
      Tensor wt = tensor(3, size[1], size[0]).transpose(0, 1);
      for (Tensor weight : new Tensor[] {w, wt}) {
        double[] all = TensorOps.matmul(x, weight).toDoubles();
        for (int rows : new int[] {1, 2, 5, 7, 31, 48, 49, 97, 300}) {
          int from = (many - rows) / 2;
          double[] some = TensorOps.matmul(x.slice(0, from, from + rows), weight).toDoubles();
          assertThat(some)
              .as("%s: %d rows of %d times %s", subject, rows, many, weight)
              .isEqualTo(Arrays.copyOfRange(all, from * size[1], (from + rows) * size[1]));
        }
      }
    }
  }

  /** A row's elements move through the lanes of a vector and its remainder. */
  @Test
  void elementwise() {
    for (int width : new int[] {1, 5, 31}) {
      Tensor x = tensor(1, ROWS, width);
      Tensor y = tensor(2, ROWS, width);
      Tensor row = tensor(3, width);
      for (UnaryOp op : UnaryOp.values()) {
        assertRowsIndependent(
            op.name(),
            (from, to) -> {
              Tensor a = x.slice(0, from, to);
              Tensor f = TensorOps.unary(op, a);
              return of(f, TensorOps.unaryBackward(op, a, f, y.slice(0, from, to)));
            });
      }
      for (BinaryOp op : BinaryOp.values()) {
        assertRowsIndependent(
            op.name(),
            (from, to) ->
                of(
                    TensorOps.binary(op, x.slice(0, from, to), y.slice(0, from, to)),
                    TensorOps.binary(op, x.slice(0, from, to), row)));
      }
      assertRowsIndependent(
          "swiglu, affine, clamp, where",
          (from, to) -> {
            Tensor a = x.slice(0, from, to);
            Tensor b = y.slice(0, from, to);
            LayerOps.Pair d = LayerOps.swigluBackward(a, b, a);
            return of(
                LayerOps.swiglu(a, b),
                d.first(),
                d.second(),
                TensorOps.affine(a, 0.3, 0.7),
                TensorOps.clamp(a, -0.3, 0.7),
                TensorOps.where(a, b, row));
          });
    }
  }

  @Test
  void reductionsOfRows() {
    for (int width : WIDTHS) {
      Tensor x = tensor(1, ROWS, width);
      for (ReduceOp op : ReduceOp.values()) {
        assertRowsIndependent(
            op + " of " + width,
            (from, to) -> {
              Tensor y = TensorOps.reduce(op, x.slice(0, from, to), 1);
              return of(y);
            });
      }
      assertRowsIndependent(
          "topK of " + width,
          (from, to) -> {
            TensorOps.TopK top = TensorOps.topK(x.slice(0, from, to), Math.min(width, 5));
            return of(top.values(), top.indices());
          });
    }
  }

  @Test
  void softmaxAndCrossEntropy() {
    for (int width : WIDTHS) {
      Tensor x = tensor(1, ROWS, width);
      Tensor d = tensor(2, ROWS, width);
      Tensor dLoss = tensor(3, ROWS);
      Tensor targets = Tensor.of(subject.backend(), Shape.of(ROWS), Values.indices(1, ROWS, width));
      assertRowsIndependent(
          "softmax of " + width,
          (from, to) -> {
            Tensor a = x.slice(0, from, to);
            Tensor da = d.slice(0, from, to);
            Tensor y = LayerOps.softmax(a);
            Tensor log = LayerOps.logSoftmax(a);
            Tensor classes = targets.slice(0, from, to);
            LayerOps.CrossEntropy loss = LayerOps.crossEntropy(a, classes);
            return of(
                y,
                log,
                LayerOps.softmaxBackward(y, da),
                LayerOps.logSoftmaxBackward(log, da),
                loss.loss(),
                loss.lse(),
                LayerOps.crossEntropyBackward(a, classes, loss.lse(), dLoss.slice(0, from, to)));
          });
    }
  }

  @Test
  void norms() {
    for (int width : WIDTHS) {
      Tensor x = tensor(1, ROWS, width);
      Tensor d = tensor(2, ROWS, width);
      Tensor w = tensor(3, width);
      Tensor bias = tensor(4, width);
      assertRowsIndependent(
          "norms of " + width,
          (from, to) -> {
            Tensor a = x.slice(0, from, to);
            Tensor da = d.slice(0, from, to);
            LayerOps.RmsNorm rms = LayerOps.rmsNorm(a, w, 1e-5);
            LayerOps.LayerNorm layer = LayerOps.layerNorm(a, w, bias, 1e-5);
            Tensor rmsDx = TensorOps.empty(subject.backend(), subject.dtype(), a.shape());
            Tensor layerDx = TensorOps.empty(subject.backend(), subject.dtype(), a.shape());
            Tensor dw = TensorOps.empty(subject.backend(), subject.dtype(), w.shape());
            LayerOps.rmsNormBackward(a, w, rms.rstd(), da, rmsDx, dw);
            LayerOps.layerNormBackward(a, w, layer, da, layerDx, dw, null);
            return of(
                rms.out(), rms.rstd(), layer.out(), layer.mean(), layer.rstd(), rmsDx, layerDx);
          });
    }
  }

  @Test
  void rope() {
    for (int half : new int[] {1, 4, 6, 33}) {
      Tensor x = tensor(1, ROWS, 3, 2 * half);
      Tensor positions = Tensor.of(subject.backend(), Shape.of(ROWS), Values.indices(1, ROWS, 500));
      assertRowsIndependent(
          "rope of " + 2 * half,
          (from, to) -> {
            Tensor a = x.slice(0, from, to);
            Tensor at = positions.slice(0, from, to);
            return of(LayerOps.rope(a, at, 1e4, false), LayerOps.rope(a, at, 1e4, true));
          });
    }
  }
}
