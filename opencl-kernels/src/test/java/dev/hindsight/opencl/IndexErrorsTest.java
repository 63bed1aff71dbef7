package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Guards that the thread whose index does not fit is told, whoever looks first. */
class IndexErrorsTest {
  @Test
  void anotherThreadsReadTakesNothingAway() throws Exception {
    OpenClBackend backend = Opened.backend();
    Tensor table = TensorOps.full(backend, DType.F32, Shape.of(10, 3), 1);
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      Future<Tensor> gathered =
          other.submit(
              () -> TensorOps.gatherRows(table, Tensor.of(backend, Shape.of(1), new int[] {99})));
      Tensor bad = gathered.get();
      assertThat(TensorOps.add(table, table).toFloats()).containsOnly(2);
      Future<?> told =
          other.submit(
              () ->
                  assertThatExceptionOfType(IndexOutOfBoundsException.class)
                      .isThrownBy(bad::toFloats)
                      .withMessageContaining("index 99"));
      told.get();
      other.submit(() -> assertThat(table.toFloats()).containsOnly(1)).get();
    }
  }
}
