package dev.hindsight.tests.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.opencl.Inside;
import dev.hindsight.tests.cli.Cli;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What training computes on the CPU for want of a kernel on the device: each such call waits for
 * the device and copies there and back.
 */
class HostFallbackTest {
  private Backend device;

  @TempDir Path folder;

  @BeforeEach
  void open() {
    device = OpenCl.backend();
  }

  private Map<String, Long> during(Runnable work) {
    Map<String, Long> before = Inside.fallbacks(device);
    work.run();
    Map<String, Long> calls = new TreeMap<>();
    Inside.fallbacks(device)
        .forEach(
            (call, count) -> {
              long more = count - before.getOrDefault(call, 0L);
              if (more > 0) {
                calls.put(call, more);
              }
            });
    return calls;
  }

  @Test
  void supervisedTrainingHasNone() {
    try (TrainingSteps gpt = new TrainingSteps(TrainingSteps.GPT, device, DType.F32);
        TrainingSteps llama = new TrainingSteps(TrainingSteps.LLAMA, device, DType.F32)) {
      assertThat(during(gpt::step)).as("GPT-2").isEmpty();
      assertThat(during(llama::step)).as("Llama").isEmpty();
    }
  }

  @Test
  void sdpoHasNone() {
    Path run = folder.resolve("run");
    assertThat(during(() -> ShortRun.train(run, "opencl", 2))).as("training").isEmpty();
    assertThat(during(() -> command("evaluate", "--model", run, "--questions", "16", "-k", "2")))
        .as("evaluation")
        .isEmpty();
    assertThat(
            during(
                () -> command("generate", "--model", run, "--prompt", "max 4 9 2", "--top-k", "5")))
        .as("generation")
        .isEmpty();
  }

  private static void command(Object... words) {
    Object[] all = Arrays.copyOf(words, words.length + 3);
    System.arraycopy(new Object[] {"--backend", "opencl", "-q"}, 0, all, words.length, 3);
    Cli.Outcome outcome = Cli.run(all);
    assertThat(outcome.code()).as(outcome.err()).isZero();
  }
}
