package dev.hindsight.engine.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backends;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/**
 * Guards that a JVM without the launcher's flags cannot leave the matrix kernels with HotSpot's
 * first compiler, where they were seen at 1 GFLOP/s for as long as the process lived.
 */
class KernelCompilationTest {
  /** What a child process runs: a library user's program. */
  static final class Probe {
    private Probe() {}

    public static void main(String[] args) throws Exception {
      Backends.get("vector");
      Object directives =
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  "compilerDirectivesPrint",
                  new Object[0],
                  new String[0]);
      System.out.println(directives);
    }
  }

  private static String run(String... flags) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    command.addAll(List.of(flags));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out;
  }

  @Test
  void excludesTheKernelsFromTheFirstCompiler() throws IOException, InterruptedException {
    assertThat(run())
        .contains("dev/hindsight/engine/vector/SixRowKernels.*")
        .contains("dev/hindsight/engine/vector/FourRowKernels.*")
        .contains("dev/hindsight/engine/vector/FewRowKernels.*")
        .containsPattern("Exclude *: *true");
  }

  @Test
  void leavesAJvmWithTheFlagAsItIs() throws IOException, InterruptedException {
    assertThat(run("-XX:Tier3DelayOn=1000000")).doesNotContain("SixRowKernels");
  }
}
