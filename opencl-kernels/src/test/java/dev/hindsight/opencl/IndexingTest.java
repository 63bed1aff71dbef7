package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Guards that a scatter gives the bits of a chain of additions, however many items share a row. */
class IndexingTest {
  private static final int[] LANES = {8, 32}; // a CPU's and a GPU's

  private final OpenClBackend backend = Opened.backend();

  @Test
  void bitsOfAScatterDoNotDependOnTheLanes() {
    Random random = new Random(1);
    for (int count : new int[] {1, 8, 20, 33, 1000}) {
      int rows = 21;
      int extent = 1 + count / 3;
      int[] ids = random.ints((long) rows * count, 0, extent).toArray();
      float[] x = new float[ids.length];
      float[] want = new float[rows * extent];
      for (int i = 0; i < x.length; i++) {
        x[i] = random.nextFloat() - 0.5f;
        want[i / count * extent + ids[i]] += x[i];
      }
      for (int lanes : LANES) {
        Tensor out = TensorOps.zeros(backend, DType.F32, Shape.of(rows, extent));
        Shape shape = Shape.of(rows, count);
        new Indexing(new Rows(backend.device()), lanes)
            .scatterAddLast(Tensor.of(backend, shape, x), Tensor.of(backend, shape, ids), out);
        assertThat(out.toFloats()).as("%d of %d lanes", count, lanes).isEqualTo(want);
      }
    }
  }

  @Test
  void anIndexThatDoesNotFitIsNamedAndPassedOver() {
    int[] ids = new int[2 * 50];
    ids[70] = 9;
    Tensor index = Tensor.of(backend, Shape.of(2, 50), ids);
    for (int lanes : LANES) {
      Tensor out = TensorOps.zeros(backend, DType.F32, Shape.of(2, 3));
      Tensor ones = TensorOps.full(backend, DType.F32, Shape.of(2, 50), 1);
      new Indexing(new Rows(backend.device()), lanes).scatterAddLast(ones, index, out);
      assertThatExceptionOfType(IndexOutOfBoundsException.class)
          .isThrownBy(out::toFloats)
          .withMessageStartingWith("scatterAddLast: index 9 (element 70 of I32");
      assertThat(out.toFloats()).containsExactly(50, 0, 0, 49, 0, 0);
    }
  }
}
