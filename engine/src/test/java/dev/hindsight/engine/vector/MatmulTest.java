package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Cases.REFERENCE;
import static dev.hindsight.engine.vector.Cases.VECTOR;
import static dev.hindsight.engine.vector.Cases.assertSameBits;
import static dev.hindsight.engine.vector.Cases.random;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Threads;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Guards that every element of a product is the reference's chain of fused multiply-adds, bit for
 * bit: whatever the tile, the panel, the block of K, the layout of the operands and the threads.
 */
class MatmulTest {
  private static final int THREADS = Threads.count();

  @AfterEach
  void restoreThreads() {
    Threads.set(THREADS);
  }

  /** A matrix that lies row by row, column by column, or with gaps. */
  private static Tensor matrix(Backend backend, long seed, int rows, int columns, int layout) {
    return switch (layout) {
      case 0 -> random(backend, seed, rows, columns);
      case 1 -> random(backend, seed, columns, rows).transpose(0, 1);
      default ->
          random(backend, seed, 2 * rows + 1, columns + 3)
              .slice(0, 1, 1 + rows)
              .slice(1, 2, 2 + columns);
    };
  }

  private static Tensor product(
      Backend backend, int m, int k, int n, int layouts, boolean accumulate, int times) {
    Tensor a = matrix(backend, 1, m, k, layouts % 3);
    Tensor b = matrix(backend, 2, k, n, layouts / 3);
    Tensor out = random(backend, 3, m, n + 2).slice(1, 1, n + 1);
    for (int i = 0; i < times; i++) {
      TensorOps.matmul(a, b, out, accumulate && i == times - 1);
    }
    return out;
  }

  private static void check(int m, int k, int n, int layouts, boolean accumulate, int times) {
    String what =
        m + " x " + k + " x " + n + ", layouts " + layouts + (accumulate ? ", accumulate" : "");
    assertSameBits(
        what,
        product(VECTOR, m, k, n, layouts, accumulate, times),
        product(REFERENCE, m, k, n, layouts, accumulate, times));
  }

  @Test
  void everyTileAndPanelWidthInEveryLayout() {
    int[] columns = {1, 3, 15, 16, 17, 31, 33, 48, 63, 64, 65, 80, 96, 118, 130};
    for (int m = 1; m <= 13; m++) {
      for (int n : columns) {
        check(m, 1 + (m * n) % 37, n, (m + n) % 9, (m & 1) == 0, 1);
      }
    }
  }

  @Test
  void severalBlocksOfKRowsAndPanels() {
    check(50, 1030, 70, 0, false, 1);
    check(7, 1025, 33, 4, true, 1);
    check(203, 40, 259, 1, true, 2);
    check(97, 513, 200, 3, false, 1);
  }

  @Test
  void keptPanelsOfWeightsFollowTheirVersion() {
    Tensor a = random(VECTOR, 1, 5, 40);
    Tensor weight = random(VECTOR, 2, 70, 40);
    Tensor changed = random(VECTOR, 4, 70, 40);
    Tensor before = TensorOps.matmul(a, weight.transpose(0, 1));
    for (int i = 0; i < 3; i++) {
      assertSameBits("kept", TensorOps.matmul(a, weight.transpose(0, 1)), before);
    }
    TensorOps.copy(changed, weight);
    Tensor after = TensorOps.matmul(a, changed.transpose(0, 1));
    for (int i = 0; i < 3; i++) {
      assertSameBits("after a write", TensorOps.matmul(a, weight.transpose(0, 1)), after);
    }
  }

  /** Nobody sees a write past the checked front: who makes one says so. */
  @Test
  void keptPanelsFollowAWriteToTheMemoryThatWasCounted() {
    Tensor a = random(VECTOR, 1, 5, 40);
    Tensor weight = random(VECTOR, 2, 70, 40);
    Tensor changed = random(VECTOR, 4, 70, 40);
    for (int i = 0; i < 3; i++) {
      TensorOps.matmul(a, weight.transpose(0, 1));
    }
    HostStorage.segmentOf(weight).copyFrom(HostStorage.segmentOf(changed));
    weight.storage().written();
    assertSameBits(
        "after a raw write",
        TensorOps.matmul(a, weight.transpose(0, 1)),
        TensorOps.matmul(a, changed.transpose(0, 1)));
  }

  @Test
  void batchesBroadcastAndFold() {
    for (Backend backend : new Backend[] {VECTOR}) {
      Tensor a = random(backend, 1, 3, 2, 7, 11);
      Tensor shared = random(backend, 2, 11, 20);
      Tensor each = random(backend, 3, 2, 11, 20);
      for (Tensor b : new Tensor[] {shared, each}) {
        assertSameBits(
            "batch with " + b,
            TensorOps.matmul(a, b),
            TensorOps.matmul(onReference(a), onReference(b)));
      }
      Tensor permuted = a.permute(1, 0, 3, 2);
      Tensor right = random(backend, 4, 7, 5);
      assertSameBits(
          "permuted batch",
          TensorOps.matmul(permuted, right),
          TensorOps.matmul(onReference(permuted), onReference(right)));
    }
  }

  private static Tensor onReference(Tensor t) {
    return Tensor.of(REFERENCE, t.shape(), t.toFloats());
  }

  @Test
  void anEmptyInnerExtentGivesZerosOrNothing() {
    for (boolean accumulate : new boolean[] {false, true}) {
      check(4, 0, 20, 0, accumulate, 1);
    }
    TensorOps.matmul(TensorOps.empty(VECTOR, DType.F32, Shape.of(0, 3)), random(VECTOR, 1, 3, 4));
  }

  @Test
  void doublesGoToTheReference() {
    Tensor a = Tensor.of(VECTOR, Shape.of(1, 2), 0.1, 0.2);
    Tensor b = Tensor.of(VECTOR, Shape.of(2, 1), 0.3, 0.4);
    org.assertj.core.api.Assertions.assertThat(TensorOps.matmul(a, b).item())
        .isEqualTo(Math.fma(0.2, 0.4, 0.1 * 0.3));
  }

  @Test
  void bitsDoNotDependOnThreads() {
    Tensor a = random(VECTOR, 1, 301, 96);
    Tensor b = random(VECTOR, 2, 96, 256);
    Threads.set(1);
    Tensor one = TensorOps.matmul(a, b);
    for (int threads : new int[] {2, 3, 8}) {
      Threads.set(threads);
      assertSameBits(threads + " threads", TensorOps.matmul(a, b), one);
    }
  }

  @Test
  void bitsOfARowDoNotDependOnItsBatch() {
    Tensor a = random(VECTOR, 1, 50, 64);
    Tensor b = random(VECTOR, 2, 100, 64).transpose(0, 1);
    Tensor all = TensorOps.matmul(a, b);
    Philox random = new Philox(3, 0);
    for (int rows = 1; rows < 12; rows++) {
      int from = Math.floorMod(random.nextInt(), 50 - rows);
      assertSameBits(
          rows + " rows from " + from,
          TensorOps.matmul(a.slice(0, from, from + rows), b),
          all.slice(0, from, from + rows));
    }
  }
}
