package dev.hindsight.tests.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.tests.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** SDPO on the built-in model, on the device from the first rollout to the report. */
class SdpoOnDeviceTest {
  private Backend device;

  @TempDir Path folder;

  @BeforeEach
  void open() {
    device = OpenCl.backend();
  }

  private Path run(String out, String backend, int steps) {
    return ShortRun.train(folder.resolve(out), backend, steps);
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }

  private static JsonNode line(Path file, int line) throws IOException {
    return json(Files.readAllLines(file).get(line));
  }

  /**
   * Before the first update both backends compute the same loss of the same answers. A pass has 24
   * stages of sums of up to 128 products, whose rounding moves a logit, relative to the largest, by
   * {@code sqrt(24 * 128) u} (see {@link TrainingSteps#roundoff}); log-probabilities go down to
   * -14, and the loss is of differences of two.
   */
  @Test
  void theFirstStepIsThatOfTheCpu() throws IOException {
    Path here = run("here", "opencl", 1);
    Path cpu = run("cpu", "vector", 1);
    JsonNode got = line(here.resolve("metrics.jsonl"), 1);
    JsonNode want = line(cpu.resolve("metrics.jsonl"), 1);
    double bound = 2 * 14 * Math.sqrt(24 * 128) * 0x1p-24;
    assertThat(want.path("loss").doubleValue()).isGreaterThan(1);
    assertThat(got.path("loss").doubleValue())
        .isCloseTo(want.path("loss").doubleValue(), within(bound));
    for (int i = 0; i < 4; i++) {
      assertThat(line(here.resolve("samples.jsonl"), i).path("response"))
          .isEqualTo(line(cpu.resolve("samples.jsonl"), i).path("response"));
    }
  }

  @Test
  void everyCommandOnARunOfTheDevice() throws IOException {
    Path run = run("run", "opencl", 2);
    JsonNode summary = json(Files.readString(run.resolve("summary.json")));
    assertThat(summary.path("backend").asString()).isEqualTo(device.description());
    assertThat(Files.readString(run.resolve("report.html")).contains(device.description()))
        .as("the report names the device")
        .isTrue();
    Cli.Outcome evaluated =
        Cli.run(
            "evaluate", "--model", run, "--questions", "16", "--backend", "opencl", "--json", "-q");
    assertThat(evaluated.code()).as(evaluated.err()).isZero();
    assertThat(json(evaluated.out()).path("backend").asString()).isEqualTo(device.description());
    Cli.Outcome answers =
        Cli.run(
            "generate",
            "--model",
            run,
            "--prompt",
            "max 4 9 2",
            "-n",
            "4",
            "--backend",
            "opencl",
            "--device",
            "0",
            "--json");
    assertThat(answers.code()).as(answers.err()).isZero();
    assertThat(json(answers.out()).path("completions").size()).isEqualTo(4);
    Path report = folder.resolve("again.html");
    assertThat(Cli.run("report", run, "--out", report).code()).isZero();
    assertThat(report).hasSameTextualContentAs(run.resolve("report.html"));
  }

  @Test
  void theSameSeedGivesTheSameBits() throws IOException {
    assertSameRun(run("one", "opencl", 4), run("two", "opencl", 4));
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there is no SIGKILL")
  void aKilledRunGoesOnToTheSameBits() throws Exception {
    Path whole = run("whole", "opencl", 8);
    Path cut = folder.resolve("cut");
    Path err = folder.resolve("err.txt");
    Process process =
        new ProcessBuilder(Cli.command(ShortRun.words(cut, "opencl", 8)))
            .redirectOutput(folder.resolve("out.txt").toFile())
            .redirectError(err.toFile())
            .start();
    while (process.isAlive() && !Files.exists(cut.resolve("checkpoints/step-000002.safetensors"))) {
      Thread.sleep(5);
    }
    process.destroyForcibly().waitFor();
    assertThat(cut.resolve("checkpoints")).as(Files.readString(err)).exists();
    assertThat(cut.resolve("summary.json")).as("it ended before it was killed").doesNotExist();
    Cli.Outcome rest = Cli.run("train", "--resume", cut, "--backend", "opencl", "-q");
    assertThat(rest.code()).as(rest.err()).isZero();
    assertSameRun(cut, whole);
  }

  private static void assertSameRun(Path run, Path expected) throws IOException {
    List<String> files = new ArrayList<>();
    try (Stream<Path> checkpoints = Files.list(expected.resolve("checkpoints"))) {
      checkpoints.forEach(file -> files.add("checkpoints/" + file.getFileName()));
    }
    assertThat(files).isNotEmpty();
    files.addAll(List.of("config.yaml", "metrics.jsonl", "samples.jsonl"));
    files.add("model/model.safetensors");
    for (String file : files) {
      assertThat(run.resolve(file)).hasSameBinaryContentAs(expected.resolve(file));
    }
  }
}
