package dev.hindsight.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.Backends;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Wrong options are told before anything is measured. */
class BenchCommandTest {
  /** The exit code, and what was said. */
  private record Outcome(int code, String text) {}

  private static Outcome run(String... args) {
    StringWriter said = new StringWriter();
    CommandLine line = BenchCommand.newCommandLine();
    line.setOut(new PrintWriter(said)).setErr(new PrintWriter(said));
    return new Outcome(line.execute(args), said.toString());
  }

  private static void fails(String message, String... args) {
    Outcome outcome = run(args);
    assertThat(outcome.text())
        .startsWith("hindsight: ")
        .contains(message)
        .endsWith("See: ./hindsight bench --help" + System.lineSeparator());
    assertThat(outcome.code()).isEqualTo(2);
  }

  @Test
  void wrongBackendsAndDevicesAreTold() {
    fails("--backend: no cuda; there are vector, reference", "--backend", "cuda");
    fails("add --backend opencl", "--device", "NVIDIA");
    fails("--group: no memory", "--backend", "opencl", "--group", "memory");
    fails("--scaling: goes with", "--scaling", "--backend", "opencl");
    fails("--scaling: goes with", "--scaling", "--peer", "reference");
  }

  /**
   * What devices there are is for the process that computes to know: it is asked, and its word
   * told.
   */
  @Test
  void aDeviceThatIsNotThereIsTold(@TempDir Path home) throws IOException {
    boolean openCl =
        Backends.providers().stream()
            .anyMatch(p -> p.name().equals("opencl") && p.unavailable().isEmpty());
    assumeTrue(openCl, "no OpenCL device here");
    benchJar(home);
    String former = System.setProperty("hindsight.home", home.toString());
    try {
      fails(
          "hindsight: --device: backend opencl has none with the number or the name 'nosuch'; there"
              + " are 0: ",
          "--backend",
          "opencl",
          "--device",
          "nosuch",
          "--case",
          "512x512x512");
    } finally {
      if (former == null) {
        System.clearProperty("hindsight.home");
      } else {
        System.setProperty("hindsight.home", former);
      }
    }
  }

  /** Stands for the jar that the launcher builds, with what this test runs with. */
  private static void benchJar(Path home) throws IOException {
    Path jar = home.resolve("benchmarks/target/bench.jar");
    Files.createDirectories(jar.getParent());
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest
        .getMainAttributes()
        .put(
            Attributes.Name.CLASS_PATH,
            Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toUri().toString())
                .collect(Collectors.joining(" ")));
    new JarOutputStream(Files.newOutputStream(jar), manifest).close();
  }

  @Test
  void wrongPeersAreTold() {
    fails("--peer: no mkl; there are reference", "--peer", "mkl");
    fails("and with --peers openblas, onednn, libtorch", "--peer", "vector");
    fails("libtorch has to be fetched; add --peers", "--peer", "libtorch");
    fails("--peer: no opencl; there are vector", "--backend", "opencl", "--peer", "opencl");
    String others =
        "--peer: no mkl; there are vector, reference, opencl, pytorch, pytorch-compiled,";
    fails(others, "--backend", "tornado", "--peer", "mkl");
  }

  @Test
  void helpNamesTheBackends() {
    Outcome help = run("--help");
    assertThat(help.code()).isZero();
    assertThat(help.text()).contains("--backend", "--device", "pytorch-compiled");
  }

  /** The other side of the comparison is Python, which no compiler holds to our names. */
  @Test
  void pyTorchKnowsEveryModelByItsName() throws IOException {
    String script = Files.readString(Path.of("gpu", "torch_peer.py"));
    for (Case c : Cases.device()) {
      if (c instanceof Case.Train || c instanceof Case.Decode) {
        assertThat(script).contains('"' + c.name() + '"');
      } else if (c instanceof Case.Elementwise e) {
        assertThat(script).contains('"' + e.op().label() + '"');
      }
    }
  }
}
