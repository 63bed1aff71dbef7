package dev.hindsight.tests.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.opencl.Inside;
import dev.hindsight.opencl.OpenClProvider;
import dev.hindsight.transformer.DecoderConfig;
import org.junit.jupiter.api.Test;

/**
 * Long training does not fill a device. Buffers that the collector would have to release are no
 * help: the Java heap, in which they are a few bytes each, may be nearly empty when the device is
 * full.
 */
class ThousandStepsTest {
  private static final int STEPS = 1000;
  private static final int WARM_UP = 20;

  @Test
  void doNotGrow() {
    OpenCl.backend();
    Backend device = new OpenClProvider().open(); // one of its own: nothing that others left on it
    DecoderConfig small = TrainingSteps.LLAMA.toBuilder().layers(1).build();
    try (TrainingSteps training = new TrainingSteps(small, device, DType.F32)) {
      double first = training.step();
      double last = first;
      long begin = 0;
      long most = 0;
      for (int step = 1; step < STEPS; step++) {
        last = training.step();
        long bytes = Inside.allocated(device);
        if (step <= WARM_UP) {
          begin = Math.max(begin, bytes);
        }
        most = Math.max(most, bytes);
      }
      assertThat(most)
          .as("most bytes of buffers in %d steps, and in the first %d", STEPS, WARM_UP)
          .isEqualTo(begin);
      assertThat(last).as("the loss after %d steps", STEPS).isLessThan(0.1 * first);
    }
  }
}
