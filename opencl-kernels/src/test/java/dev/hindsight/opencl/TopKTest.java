package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.junit.jupiter.api.Test;

/** Guards the selection where the conformance kit's cases are too small to come. */
class TopKTest {
  /** Keys of all rows need more memory than one launch may have: here, than four rows need. */
  @Test
  void severalLaunches() {
    OpenClBackend backend = Opened.backend();
    float[] x = new float[10 * 40];
    Philox random = new Philox(1, 0);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble();
    }
    Shape top = Shape.of(10, 20);
    Tensor values = TensorOps.empty(backend, DType.F32, top);
    Tensor indices = TensorOps.empty(backend, DType.I32, top);
    new TopK(new Rows(backend.device()), 4 * 32 * Long.BYTES)
        .run(Tensor.of(backend, Shape.of(10, 40), x), values, indices);
    TensorOps.TopK want =
        TensorOps.topK(Tensor.of(Backends.get("reference"), Shape.of(10, 40), x), 20);
    assertThat(indices.toInts()).isEqualTo(want.indices().toInts());
    assertThat(values.toFloats()).isEqualTo(want.values().toFloats());
  }

  /** All digits of the values are alike: the index decides. */
  @Test
  void equalValuesInALongRow() {
    OpenClBackend backend = Opened.backend();
    float[] x = new float[100_000];
    x[70_000] = 1;
    int[] got =
        TensorOps.topK(Tensor.of(backend, Shape.of(1, x.length), x), 1000).indices().toInts();
    assertThat(got[0]).isEqualTo(70_000);
    for (int i = 1; i < got.length; i++) {
      assertThat(got[i]).isEqualTo(i - 1);
    }
  }
}
