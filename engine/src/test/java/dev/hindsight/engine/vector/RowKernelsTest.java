package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Cases.REFERENCE;
import static dev.hindsight.engine.vector.Cases.VECTOR;
import static dev.hindsight.engine.vector.Cases.assertSameBits;
import static dev.hindsight.engine.vector.Cases.assertWithinUlps;
import static dev.hindsight.engine.vector.Cases.random;
import static dev.hindsight.engine.vector.Cases.spread;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Threads;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pins softmax, cross-entropy, the norms and the rotary embedding to the reference, and guards that
 * a row's bits depend on that row alone.
 */
class RowKernelsTest {
  private static void compare(
      String what, double ulps, double floor, Function<Backend, Tensor[]> run) {
    Tensor[] actual = run.apply(VECTOR);
    Tensor[] expected = run.apply(REFERENCE);
    for (int i = 0; i < actual.length; i++) {
      assertWithinUlps(what + ", result " + i, actual[i], expected[i], ulps, floor);
    }
  }

  private static Tensor targets(Backend backend, int rows, int classes) {
    int[] t = new int[rows];
    for (int i = 0; i < rows; i++) {
      t[i] = i % 5 == 3 ? -1 : i * 7 % classes;
    }
    return Tensor.of(backend, Shape.of(rows), t);
  }

  /**
   * The sum of n positive terms in 16 lanes carries about n / 16 + 4 roundings; exp adds one, and
   * the rounding of a difference up to 16 shows as 8 ulps of its exponential.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 15, 16, 17, 48, 118, 1000})
  void softmax(int n) {
    double ulps = 14 + n / 16.0;
    compare("softmax", ulps, 1e-30, b -> new Tensor[] {LayerOps.softmax(spread(b, 1, 8, 9, n))});
    compare("logSoftmax", ulps, 16, b -> new Tensor[] {LayerOps.logSoftmax(spread(b, 1, 8, 9, n))});
    compare(
        "softmax backward",
        ulps,
        1,
        b -> {
          Tensor y = LayerOps.softmax(random(b, 1, 9, n));
          return new Tensor[] {LayerOps.softmaxBackward(y, random(b, 2, 9, n))};
        });
    compare(
        "logSoftmax backward",
        ulps,
        8,
        b -> {
          Tensor y = LayerOps.logSoftmax(random(b, 1, 9, n));
          return new Tensor[] {LayerOps.logSoftmaxBackward(y, random(b, 2, 9, n))};
        });
  }

  @Test
  void softmaxOfStridedAndBatchedRows() {
    compare(
        "transposed",
        8,
        1e-30,
        b -> {
          Tensor x = random(b, 1, 21, 3, 10).permute(2, 1, 0);
          return new Tensor[] {LayerOps.softmax(x), LayerOps.softmax(x.slice(0, 2, 7))};
        });
  }

  @Test
  void softmaxOfInfinitiesAndNan() {
    float inf = Float.POSITIVE_INFINITY;
    float[][] rows = {
      {-inf, 0, 1}, {-inf, -inf, -inf}, {Float.NaN, 0, 1}, {0, Float.NaN, -inf}, {3e38f, -3e38f, 0}
    };
    for (float[] row : rows) {
      compare(
          java.util.Arrays.toString(row),
          4,
          1,
          b -> {
            Tensor x = Tensor.of(b, Shape.of(1, 3), row);
            return new Tensor[] {LayerOps.softmax(x), LayerOps.logSoftmax(x)};
          });
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 61, 118})
  void crossEntropy(int classes) {
    compare(
        "crossEntropy",
        10,
        8,
        b -> {
          Tensor logits = spread(b, 1, 4, 23, classes);
          Tensor targets = targets(b, 23, classes);
          LayerOps.CrossEntropy y = LayerOps.crossEntropy(logits, targets);
          Tensor d = LayerOps.crossEntropyBackward(logits, targets, y.lse(), random(b, 2, 23));
          return new Tensor[] {y.loss(), y.lse(), TensorOps.affine(d, 8, 0)};
        });
  }

  @Test
  void crossEntropyRefusesAClassThatDoesNotExist() {
    Tensor logits = random(VECTOR, 1, 2, 5);
    Tensor targets = Tensor.of(VECTOR, Shape.of(2), 1, 5);
    assertThatThrownBy(() -> LayerOps.crossEntropy(logits, targets))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining("index 5");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 16, 48, 96, 257})
  void norms(int n) {
    double ulps = 8 + n / 16.0;
    compare(
        "rmsNorm",
        n == 1 ? 400 : ulps, // one channel: terms of size rstd, up to 100 here, cancel
        1,
        b -> {
          Tensor x = spread(b, 1, 2, 70, n);
          Tensor w = random(b, 2, n);
          LayerOps.RmsNorm y = LayerOps.rmsNorm(x, w, 1e-5);
          Tensor dx = TensorOps.empty(b, x.dtype(), x.shape());
          Tensor dw = TensorOps.empty(b, w.dtype(), w.shape());
          LayerOps.rmsNormBackward(x, w, y.rstd(), random(b, 3, 70, n), dx, dw);
          // the weight's gradient sums 70 terms below 4
          return new Tensor[] {y.out(), y.rstd(), dx, TensorOps.affine(dw, 1.0 / 64, 0)};
        });
    compare(
        "layerNorm",
        n == 1 ? 1e6 : ulps * 4, // one channel: the variance is 0 and rstd 1 / sqrt(epsilon)
        4,
        b -> {
          Tensor x = spread(b, 1, 2, 70, n);
          Tensor w = random(b, 2, n);
          LayerOps.LayerNorm y = LayerOps.layerNorm(x, w, random(b, 4, n), 1e-5);
          Tensor dx = TensorOps.empty(b, x.dtype(), x.shape());
          Tensor dw = TensorOps.empty(b, w.dtype(), w.shape());
          Tensor db = TensorOps.empty(b, w.dtype(), w.shape());
          LayerOps.layerNormBackward(x, w, y, random(b, 3, 70, n), dx, dw, db);
          Tensor small = TensorOps.affine(dw, 1.0 / 64, 0);
          return new Tensor[] {y.out(), y.mean(), dx, small, TensorOps.affine(db, 1.0 / 64, 0)};
        });
  }

  @Test
  void normsOfStridedRowsAndPartsOfTheGradient() {
    compare(
        "rmsNorm",
        12,
        4,
        b -> {
          Tensor x = random(b, 1, 40, 100).slice(1, 3, 43);
          Tensor dy = random(b, 3, 40, 40).transpose(0, 1);
          Tensor w = random(b, 2, 40);
          LayerOps.RmsNorm y = LayerOps.rmsNorm(x, w, 1e-5);
          Tensor dx = TensorOps.empty(b, w.dtype(), x.shape());
          Tensor dw = TensorOps.empty(b, w.dtype(), w.shape());
          LayerOps.rmsNormBackward(x, w, y.rstd(), dy, dx, null);
          LayerOps.rmsNormBackward(x, w, y.rstd(), dy, null, dw);
          return new Tensor[] {y.out(), dx, TensorOps.affine(dw, 0.125, 0)};
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 12, 24, 32, 64, 128})
  void rope(int headDim) {
    for (boolean inverse : new boolean[] {false, true}) {
      compare(
          "rope",
          3,
          1,
          b -> {
            Tensor all = random(b, 1, 19, 6, headDim);
            int[] at = new int[19];
            for (int i = 0; i < at.length; i++) {
              at[i] = i * i;
            }
            Tensor positions = Tensor.of(b, Shape.of(19), at);
            return new Tensor[] {
              LayerOps.rope(all, positions, 1e4, inverse),
              LayerOps.rope(all.slice(1, 2, 4), positions, 1e4, inverse),
              LayerOps.rope(
                  all.permute(0, 2, 1).slice(2, 0, 2).permute(0, 2, 1), positions, 5e5, inverse),
              LayerOps.rope(random(b, 2, 2, 19, headDim).transpose(0, 1), positions, 1e4, inverse),
            };
          });
    }
  }

  @Test
  void ropeOfPositionsBeyondEveryTable() {
    compare(
        "rope",
        3,
        1,
        b ->
            new Tensor[] {
              LayerOps.rope(
                  random(b, 1, 2, 1, 8), Tensor.of(b, Shape.of(2), -3, 100_000_000), 1e4, false)
            });
  }

  /** A neighbour beyond the table, or before it, must not move the others to other kernels. */
  @Test
  void ropeOfARowDoesNotDependOnHowFarItsNeighbourIs() {
    Tensor x = random(VECTOR, 1, 2, 8, 128);
    Tensor near = Tensor.of(VECTOR, Shape.of(1), 7);
    Tensor alone = LayerOps.rope(x.slice(0, 0, 1), near, 1e4, false);
    for (int far : new int[] {20_000, 1 << 24, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
      Tensor both = LayerOps.rope(x, Tensor.of(VECTOR, Shape.of(2), 7, far), 1e4, false);
      assertThat(both.slice(0, 0, 1).toFloats()).as("beside %d", far).isEqualTo(alone.toFloats());
    }
    Tensor wide = random(VECTOR, 2, 1, 64, 128); // a shorter table than that of its narrow slice
    Tensor at = Tensor.of(VECTOR, Shape.of(1), 5000);
    assertThat(LayerOps.rope(wide, at, 1e4, false).slice(1, 0, 2).toFloats())
        .isEqualTo(LayerOps.rope(wide.slice(1, 0, 2), at, 1e4, false).toFloats());
  }

  @Test
  void aRowDoesNotDependOnItsBatchNorOnThreads() {
    int former = Threads.count();
    Tensor x = spread(VECTOR, 1, 4, 700, 118);
    Tensor w = random(VECTOR, 2, 118);
    try {
      Threads.set(1);
      Tensor soft = LayerOps.softmax(x);
      Tensor norm = LayerOps.rmsNorm(x, w, 1e-5).out();
      Tensor loss = LayerOps.crossEntropy(x, targets(VECTOR, 700, 118)).lse();
      Threads.set(3);
      assertSameBits("softmax", LayerOps.softmax(x), soft);
      assertSameBits("rmsNorm", LayerOps.rmsNorm(x, w, 1e-5).out(), norm);
      for (int row : new int[] {0, 1, 350, 699}) {
        Tensor one = x.slice(0, row, row + 1);
        assertSameBits("softmax", LayerOps.softmax(one), soft.slice(0, row, row + 1));
        assertSameBits("norm", LayerOps.rmsNorm(one, w, 1e-5).out(), norm.slice(0, row, row + 1));
        assertSameBits(
            "lse",
            LayerOps.crossEntropy(one, targets(VECTOR, 1, 118)).lse(),
            loss.slice(0, row, row + 1));
      }
    } finally {
      Threads.set(former);
    }
  }

  @Test
  void weightGradientsDoNotDependOnThreads() {
    int former = Threads.count();
    try {
      Tensor first = null;
      for (int threads : new int[] {1, 2, 5}) {
        Threads.set(threads);
        Tensor x = random(VECTOR, 1, 3000, 48);
        Tensor w = random(VECTOR, 2, 48);
        Tensor rstd = LayerOps.rmsNorm(x, w, 1e-5).rstd();
        Tensor dw = TensorOps.empty(VECTOR, w.dtype(), w.shape());
        LayerOps.rmsNormBackward(x, w, rstd, random(VECTOR, 3, 3000, 48), null, dw);
        if (first == null) {
          first = dw;
        }
        assertSameBits(threads + " threads", dw, first);
      }
    } finally {
      Threads.set(former);
    }
  }

  @Test
  void noRows() {
    Tensor none = random(VECTOR, 1, 0, 16);
    Tensor w = random(VECTOR, 2, 16);
    Tensor dw = TensorOps.full(VECTOR, w.dtype(), w.shape(), 5);
    assertThat(LayerOps.softmax(none).size()).isZero();
    Tensor rstd = LayerOps.rmsNorm(none, w, 1e-5).rstd();
    LayerOps.rmsNormBackward(none, w, rstd, none, null, dw);
    assertThat(dw.toFloats()).containsOnly(0f);
  }
}
