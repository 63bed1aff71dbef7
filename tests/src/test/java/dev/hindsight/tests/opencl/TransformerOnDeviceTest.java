package dev.hindsight.tests.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.transformer.DecoderConfig;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients of whole decoders, and training, on the device in F32 against the reference in F64:
 * what no test of single kernels sees is how they are put together.
 */
class TransformerOnDeviceTest {
  private static final int STEPS = 10;

  private Backend device;

  @BeforeEach
  void open() {
    device = OpenCl.backend();
  }

  static Stream<Arguments> decoders() {
    return Stream.of(true, false)
        .flatMap(
            tied ->
                Stream.of(
                    Arguments.of("GPT-2, tied " + tied, tied(TrainingSteps.GPT, tied)),
                    Arguments.of("Llama, tied " + tied, tied(TrainingSteps.LLAMA, tied))));
  }

  private static DecoderConfig tied(DecoderConfig config, boolean tied) {
    return config.toBuilder().tiedEmbeddings(tied).build();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("decoders")
  void gradientsOfEveryParameter(String name, DecoderConfig config) {
    try (TrainingSteps here = new TrainingSteps(config, device, DType.F32);
        TrainingSteps exact = new TrainingSteps(config, Backends.get("reference"), DType.F64)) {
      double roundoff = here.roundoff();
      double loss = exact.gradients();
      assertThat(here.gradients()).isCloseTo(loss, within(roundoff * loss));
      Map<String, double[]> got = here.gradient();
      Map<String, double[]> want = exact.gradient();
      assertThat(got.keySet()).isEqualTo(want.keySet());
      for (String parameter : want.keySet()) {
        double apart = norm(difference(got.get(parameter), want.get(parameter)));
        double allowed = roundoff * norm(want.get(measure(parameter)));
        assertThat(apart).as(parameter).isLessThan(allowed);
      }
    }
  }

  /**
   * Whose gradient's norm rounding is measured by. A key's bias adds the same to all scores of a
   * query, which softmax does not see: its gradient is 0, the sum of terms like those of a row of
   * the weight, which do not cancel.
   */
  private static String measure(String parameter) {
    return parameter.endsWith("k_proj.bias") ? parameter.replace("bias", "weight") : parameter;
  }

  /**
   * An update of AdamW is the learning rate times the sign of the gradient at first, and later
   * something as steep: an error d of a gradient g changes it by {@code 2 rate d / |g|}, and the
   * loss by {@code 2 rate |d|}. Over N parameters with a relative error r of the gradient's norm
   * that is at most {@code 2 rate sqrt(N) r |g|} a step.
   */
  @ParameterizedTest(name = "{0}")
  @MethodSource("decoders")
  void lossesOfTraining(String name, DecoderConfig config) {
    try (TrainingSteps here = new TrainingSteps(config, device, DType.F32);
        TrainingSteps exact = new TrainingSteps(config, Backends.get("reference"), DType.F64)) {
      double roundoff = here.roundoff();
      double drift = 0;
      double first = 0;
      double last = 0;
      for (int step = 0; step < STEPS; step++) {
        double want = exact.step();
        double got = here.step();
        assertThat(got).as("step %d", step).isCloseTo(want, within(roundoff * want + drift));
        double gradient = exact.gradient().values().stream().mapToDouble(g -> square(g)).sum();
        drift +=
            2
                * TrainingSteps.RATE
                * Math.sqrt(here.parameterCount())
                * roundoff
                * Math.sqrt(gradient);
        first = step == 0 ? want : first;
        last = want;
      }
      assertThat(last)
          .as("the loss after %d steps: nothing was learned", STEPS)
          .isLessThan(0.9 * first);
    }
  }

  private static double[] difference(double[] a, double[] b) {
    double[] d = new double[a.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = a[i] - b[i];
    }
    return d;
  }

  private static double square(double... values) {
    double sum = 0;
    for (double v : values) {
      sum += v * v;
    }
    return sum;
  }

  private static double norm(double... values) {
    return Math.sqrt(square(values));
  }
}
