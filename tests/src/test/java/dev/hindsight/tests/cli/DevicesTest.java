package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.Backends;
import dev.hindsight.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which devices there are and which one computes: the one that was asked for or none. Drivers are
 * taken away and added by variables that OpenCL's loader and PoCL read, in processes of their own.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "the loader of other systems has no such variable")
class DevicesTest {
  @TempDir Path folder;

  private Path model;

  @BeforeEach
  void model() throws IOException {
    model = Cli.tinyModel(folder.resolve("m"), 64);
  }

  private Outcome with(Map<String, String> environment, Object... args) throws Exception {
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    ProcessBuilder builder =
        new ProcessBuilder(Cli.command(args))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().remove(Backends.DEVICE_VARIABLE);
    builder.environment().putAll(environment);
    Process process = builder.start();
    assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
    return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private Map<String, String> noDrivers() throws IOException {
    return Map.of("OCL_ICD_VENDORS", Files.createDirectories(folder.resolve("none")) + "/");
  }

  private Object[] generate(String... more) {
    Object[] words = {"generate", "--model", model, "--prompt", "max 1 2", "--max-new-tokens", "2"};
    Object[] all = Arrays.copyOf(words, words.length + more.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return all;
  }

  private static JsonNode openCl(Outcome devices) {
    assertThat(devices.code()).as(devices.err()).isZero();
    return JsonMapper.shared()
        .readTree(devices.out())
        .path("backends")
        .valueStream()
        .filter(b -> b.path("name").asString().equals("opencl"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void withoutADriverNothingTakesThePlaceOfOpenCl() throws Exception {
    Outcome asked = with(noDrivers(), generate("--backend", "opencl"));
    assertThat(asked.code()).isEqualTo(1);
    assertThat(asked.out()).isEmpty();
    assertThat(asked.err())
        .contains("hindsight: backend opencl cannot run here: ", "pocl-opencl-icd");
    assertThat(with(noDrivers(), generate()).code()).as("the default backend").isZero();
    JsonNode listed = openCl(with(noDrivers(), "devices", "--json"));
    assertThat(listed.path("available").asBoolean()).isFalse();
    assertThat(listed.path("reason").asString()).contains("pocl-opencl-icd");
    assertThat(listed.has("devices")).isFalse();
  }

  @Test
  void aBackendOfTheCpuHasNoDevices() {
    Outcome outcome = Cli.run(generate("--device", "NVIDIA"));
    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err())
        .contains("hindsight: --device: backend ", "none to choose from", "'NVIDIA'", "--help");
  }

  // ------------------------------------------------------------ with PoCL

  private static void assumePocl() {
    Backends.Provider provider =
        Backends.providers().stream()
            .filter(p -> p.name().equals("opencl"))
            .findFirst()
            .orElseThrow();
    Optional<String> reason = provider.unavailable();
    assumeTrue(reason.isEmpty(), () -> "no OpenCL device: " + reason.orElseThrow());
    assumeTrue(
        provider.devices().stream()
            .allMatch(d -> d.version().toLowerCase(Locale.ROOT).contains("pocl")),
        "PoCL is not the only OpenCL driver here");
  }

  /** PoCL shows the processor twice. */
  private static final Map<String, String> TWO = Map.of("POCL_DEVICES", "pthread basic");

  @Test
  void everyDeviceIsListedAndTheChosenOneMarked() throws Exception {
    assumePocl();
    JsonNode listed = openCl(with(TWO, "devices", "--json"));
    assertThat(listed.path("devices").size()).isEqualTo(2);
    for (int i = 0; i < 2; i++) {
      JsonNode device = listed.path("devices").path(i);
      assertThat(device.path("number").asInt()).isEqualTo(i);
      assertThat(device.path("chosen").asBoolean()).isEqualTo(i == 0);
      assertThat(device.path("type").asString()).isEqualTo("cpu");
      for (String text : new String[] {"name", "vendor", "platform", "version", "driver"}) {
        assertThat(device.path(text).asString()).as(text).isNotEmpty();
      }
      for (String size :
          new String[] {
            "compute_units", "memory_bytes", "largest_buffer_bytes", "local_memory_bytes"
          }) {
        assertThat(device.path(size).asLong()).as(size).isPositive();
      }
    }
    assertThat(listed.path("chosen_by").asString()).contains("GPUs come first");

    JsonNode chosen =
        openCl(
            with(
                Map.of("POCL_DEVICES", "pthread basic", Backends.DEVICE_VARIABLE, "basic"),
                "devices",
                "--json"));
    assertThat(chosen.path("devices").path(1).path("chosen").asBoolean()).isTrue();
    assertThat(chosen.path("chosen_by").asString()).isEqualTo("HINDSIGHT_DEVICE=basic");
    assertThat(chosen.path("description").asString()).contains("basic");
    assertThat(Cli.run("devices").out()).contains("  0: ", "<- --backend opencl", "--device");
  }

  @Test
  void aDeviceIsChosenByNumberOrName() throws Exception {
    assumePocl();
    Path logits = folder.resolve("l");
    for (String device : new String[] {"1", "BASIC"}) {
      Outcome outcome =
          with(
              TWO,
              "logits",
              "--model",
              model,
              "--tokens",
              "1,2",
              "--out",
              logits,
              "--backend",
              "opencl",
              "--device",
              device,
              "--json");
      assertThat(outcome.code()).as(outcome.err()).isZero();
      assertThat(JsonMapper.shared().readTree(outcome.out()).path("backend").asString())
          .startsWith("opencl: basic");
    }
  }

  @Test
  void aDeviceThatIsNotThereIsAnErrorThatListsThose() throws Exception {
    assumePocl();
    for (String device : new String[] {"2", "NVIDIA"}) {
      Outcome outcome = with(TWO, generate("--backend", "opencl", "--device=" + device));
      assertThat(outcome.code()).isEqualTo(2);
      assertThat(outcome.out()).isEmpty();
      assertThat(outcome.err()).contains("'" + device + "'; there are 0: pthread", "1: basic");
    }
    Map<String, String> variable =
        Map.of("POCL_DEVICES", "pthread basic", Backends.DEVICE_VARIABLE, "NVIDIA");
    Outcome outcome = with(variable, generate("--backend", "opencl"));
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.err()).contains("hindsight: HINDSIGHT_DEVICE: ", "1: basic");
    JsonNode listed = openCl(with(variable, "devices", "--json"));
    assertThat(listed.path("available").asBoolean()).isFalse();
    assertThat(listed.path("reason").asString()).contains("HINDSIGHT_DEVICE");
    assertThat(listed.path("devices").size()).isEqualTo(2);
  }
}
