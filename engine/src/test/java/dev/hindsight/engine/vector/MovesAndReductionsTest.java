package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Cases.REFERENCE;
import static dev.hindsight.engine.vector.Cases.VECTOR;
import static dev.hindsight.engine.vector.Cases.assertSameBits;
import static dev.hindsight.engine.vector.Cases.assertWithinUlps;
import static dev.hindsight.engine.vector.Cases.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Threads;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Pins copies, gathers, scatters, selections and reductions to the reference. */
class MovesAndReductionsTest {
  private static void same(String what, Function<Backend, Tensor> run) {
    assertSameBits(what, run.apply(VECTOR), run.apply(REFERENCE));
  }

  private static Tensor ids(Backend backend, int extent, int... dims) {
    Shape shape = Shape.of(dims);
    int[] ids = new int[Math.toIntExact(shape.size())];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) ((i * 7919L + i / 3) % extent);
    }
    return Tensor.of(backend, shape, ids);
  }

  @Test
  void copiesOfEveryStride() {
    same("dense", b -> TensorOps.copyOf(random(b, 1, 70_001)));
    same("transposed", b -> TensorOps.copyOf(random(b, 1, 37, 301).transpose(0, 1)));
    same("expanded", b -> TensorOps.copyOf(random(b, 1, 3, 1, 5).expand(Shape.of(3, 4, 5))));
    same(
        "into a slice",
        b -> {
          Tensor out = TensorOps.zeros(b, DType.F32, Shape.of(6, 4, 20));
          TensorOps.copy(random(b, 1, 5, 4, 12), out.slice(0, 1, 6).slice(2, 3, 15));
          TensorOps.copy(random(b, 2, 20, 4).transpose(0, 1), out.select(0, 0));
          return out;
        });
    Tensor numbers = ids(VECTOR, 1 << 30, 40, 3);
    assertThat(TensorOps.copyOf(numbers.transpose(0, 1)).transpose(0, 1).select(1, 1).dim(0))
        .isEqualTo(40);
    assertThat(TensorOps.copyOf(numbers).toInts()).isEqualTo(numbers.toInts());
  }

  @Test
  void gathersAndScattersRows() {
    for (int n : new int[] {1, 12, 48, 130}) {
      same("gather", b -> TensorOps.gatherRows(random(b, 1, 50, n), ids(b, 50, 900)));
      same(
          "scatter", // the order of additions is fixed, so the bits are too
          b -> {
            Tensor out = random(b, 2, 50, n);
            TensorOps.scatterAddRows(
                random(b, 1, 900, n + 1).slice(1, 1, n + 1), ids(b, 50, 900), out);
            return out;
          });
    }
    Tensor table = random(VECTOR, 1, 5, 4);
    assertThatThrownBy(() -> TensorOps.gatherRows(table, Tensor.of(VECTOR, Shape.of(2), 4, 5)))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining("index 5");
  }

  @Test
  void gathersAndScattersAlongTheLastAxis() {
    same("gatherLast", b -> TensorOps.gatherLast(random(b, 1, 40, 3, 118), ids(b, 118, 40, 3, 20)));
    same(
        "gatherLast of strides",
        b -> TensorOps.gatherLast(random(b, 1, 118, 40).transpose(0, 1), ids(b, 118, 40, 7)));
    same(
        "scatterAddLast",
        b -> TensorOps.scatterAddLast(random(b, 1, 40, 20), ids(b, 9, 40, 20), 9));
  }

  @Test
  void theLargestInOrder() {
    for (int k : new int[] {0, 1, 5, 20, 118}) {
      same("values", b -> TensorOps.topK(random(b, 1, 30, 118), k).values());
      assertThat(TensorOps.topK(random(VECTOR, 1, 30, 118), k).indices().toInts())
          .isEqualTo(TensorOps.topK(random(REFERENCE, 1, 30, 118), k).indices().toInts());
    }
    // ties at the bound, few and too many; mostly minus infinity; more groups than elements
    for (int n : new int[] {1, 15, 16, 17, 63, 118, 1000}) {
      for (int levels : new int[] {1, 2, 9, 40}) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
          int level = (i * 7919 + 13) % levels;
          x[i] = level == 0 ? Float.NEGATIVE_INFINITY : level;
        }
        for (int k : new int[] {1, 7, 20, 64}) {
          int kept = Math.min(k, n);
          assertThat(TensorOps.topK(Tensor.of(VECTOR, Shape.of(1, n), x), kept).indices().toInts())
              .as("%d of %d with %d levels", kept, n, levels)
              .isEqualTo(
                  TensorOps.topK(Tensor.of(REFERENCE, Shape.of(1, n), x), kept).indices().toInts());
        }
      }
    }
    float nan = Float.NaN;
    float[] odd = {1, 5, nan, 5, 2, 5, -0f, 0f, nan, 3, 5, 5, 5, 5, 5, 5, 5, 6, nan, 7, 5};
    for (int k = 1; k <= odd.length; k++) {
      int[] expected =
          TensorOps.topK(Tensor.of(REFERENCE, Shape.of(1, odd.length), odd), k).indices().toInts();
      assertThat(
              TensorOps.topK(Tensor.of(VECTOR, Shape.of(1, odd.length), odd), k).indices().toInts())
          .isEqualTo(expected);
    }
  }

  /** Sums of n terms below 1: the magnitude of the terms, not of the sum, sets the error. */
  private static void reduces(ReduceOp op, double ulps, double floor, int[] dims, int... axes) {
    String what = op + " of " + Shape.of(dims) + " over " + java.util.Arrays.toString(axes);
    Function<Backend, Tensor> run = b -> TensorOps.reduce(op, random(b, 1, dims), axes);
    if (op == ReduceOp.ARGMAX) {
      assertThat(run.apply(VECTOR).toInts()).as(what).isEqualTo(run.apply(REFERENCE).toInts());
    } else {
      assertWithinUlps(what, run.apply(VECTOR), run.apply(REFERENCE), ulps, floor);
    }
  }

  @Test
  void reductions() {
    int[][] shapes = {{1, 1}, {7, 5}, {33, 48}, {3, 118}, {2000, 17}, {3, 20_000}};
    for (int[] dims : shapes) {
      for (int axis = 0; axis < 2; axis++) {
        int n = dims[axis];
        for (ReduceOp op : ReduceOp.values()) {
          boolean sum = op == ReduceOp.SUM || op == ReduceOp.MEAN;
          double floor = op == ReduceOp.SUM ? Math.sqrt(n) : op == ReduceOp.MEAN ? 1 : 8;
          reduces(op, op == ReduceOp.LOGSUMEXP || sum ? 16 : 0, floor, dims, axis);
        }
      }
      reduces(ReduceOp.SUM, 16, Math.sqrt(dims[0] * dims[1]), dims);
      reduces(ReduceOp.MAX, 0, 1, dims);
    }
    reduces(ReduceOp.SUM, 16, 8, new int[] {6, 5, 4}, 1, 2);
    reduces(ReduceOp.SUM, 16, 8, new int[] {6, 5, 4}, 0, 1);
    reduces(ReduceOp.SUM, 16, 8, new int[] {6, 5, 4}, 1);
    reduces(ReduceOp.MEAN, 16, 8, new int[] {6, 5, 4}, 0, 2);
  }

  @Test
  void sumsOfSquaresInDoublePrecision() {
    for (int n : new int[] {0, 1, 16, 77, 16_384, 100_003}) {
      double expected = TensorOps.sumOfSquares(random(REFERENCE, 1, n));
      assertThat(TensorOps.sumOfSquares(random(VECTOR, 1, n)))
          .isCloseTo(expected, within(expected * 0x1p-53 * (n + 4)));
    }
  }

  /** The gradient of a bias over a vocabulary: the sums of chunks must not be as large as x. */
  @Test
  void sumsOverRowsTakeTheMemoryOfFewRows() {
    int rows = 400;
    int columns = 33_000; // more than a chunk has elements: once a row of sums each
    Tensor x = TensorOps.full(VECTOR, DType.F32, Shape.of(rows, columns), 1);
    assertThat(TensorOps.reduce(ReduceOp.SUM, x, 0).toFloats()).containsOnly(rows);
    assertThat(Scratch.ofThread().held()).isLessThan(x.size() * 4 / 2);
  }

  @Test
  void bitsDoNotDependOnThreads() {
    int former = Threads.count();
    try {
      Tensor x = random(VECTOR, 1, 5000, 48);
      Threads.set(1);
      double squares = TensorOps.sumOfSquares(x);
      Tensor columns = TensorOps.reduce(ReduceOp.SUM, x, 0);
      Tensor all = TensorOps.reduce(ReduceOp.SUM, x);
      Threads.set(3);
      assertThat(TensorOps.sumOfSquares(x)).isEqualTo(squares);
      assertSameBits("columns", TensorOps.reduce(ReduceOp.SUM, x, 0), columns);
      assertSameBits("all", TensorOps.reduce(ReduceOp.SUM, x), all);
    } finally {
      Threads.set(former);
    }
  }
}
