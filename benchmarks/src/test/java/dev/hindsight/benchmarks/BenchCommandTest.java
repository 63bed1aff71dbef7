package dev.hindsight.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Wrong options are told before anything is measured. */
class BenchCommandTest {
  /** The exit code, and what was said. */
  private record Outcome(int code, String text) {}

  private static Outcome run(String... args) {
    StringWriter said = new StringWriter();
    CommandLine line = new CommandLine(new BenchCommand());
    line.setOut(new PrintWriter(said)).setErr(new PrintWriter(said));
    return new Outcome(line.execute(args), said.toString());
  }

  private static void fails(String message, String... args) {
    Outcome outcome = run(args);
    assertThat(outcome.text()).contains(message);
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
