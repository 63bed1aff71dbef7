package dev.hindsight.tests.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guards {@code .ci/run}: PoCL is installed where it can be, and where it cannot the tests run all
 * the same. The script is copied beside a launcher that says that it was called; root, the package
 * manager and the drivers are pretended.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "PoCL is installed from Debian's packages")
class CiScriptTest {
  private static final String INSTALL =
      "apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 install -y"
          + " --no-install-recommends pocl-opencl-icd ocl-icd-libopencl1\n";
  private static final String UPDATE =
      "apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 update\n";

  @TempDir Path temp;
  private Path bin;
  private Path calls;
  private Path drivers;

  @BeforeEach
  void layOut() throws IOException {
    bin = Files.createDirectories(temp.resolve("bin"));
    calls = Files.createFile(temp.resolve("calls"));
    drivers = Files.createDirectories(temp.resolve("drivers"));
    for (String tool :
        List.of("bash", "dirname", "env", "grep", "mktemp", "rm", "tail", "timeout", "uname")) {
      for (String folder : System.getenv("PATH").split(":")) {
        Path real = Path.of(folder, tool);
        if (Files.isExecutable(real) && !Files.exists(bin.resolve(tool))) {
          Files.createSymbolicLink(bin.resolve(tool), real);
        }
      }
    }
    Path original = Path.of(System.getProperty("hindsight.repository")).resolve(".ci/run");
    script(temp.resolve("repo/.ci/run"), Files.readString(original));
    script(temp.resolve("repo/hindsight"), "echo \"tests: $*\"; exit 3");
    tool("ldconfig", "echo '	libOpenCL.so.1 (libc6,x86-64) => /usr/lib/libOpenCL.so.1'");
    tool("id", "echo 0");
  }

  private static void script(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text.startsWith("#!") ? text : "#!/bin/sh\n" + text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A program that notes its call and then does this. */
  private void tool(String name, String does) throws IOException {
    script(bin.resolve(name), "echo \"" + name + " $*\" >>'" + calls + "'\n" + does);
  }

  /** What was printed; whatever happens, the tests run and their exit code counts. */
  private String run() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(temp.resolve("repo/.ci/run").toString()).redirectErrorStream(true);
    builder.environment().put("PATH", bin.toString());
    builder.environment().put("OCL_ICD_VENDORS", drivers.toString());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(out).isEqualTo(3);
    assertThat(out).containsPattern("tests: test( --oracle)?\n$");
    return out;
  }

  private String installs() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (String line : Files.readAllLines(calls)) {
      lines.append(line.startsWith("apt-get") || line.startsWith("sudo") ? line + "\n" : "");
    }
    return lines.toString();
  }

  @Test
  void aDriverThatIsThereIsLeftAlone() throws Exception {
    Files.createFile(drivers.resolve("nvidia.icd"));
    tool("apt-get", "");
    assertThat(run()).contains("ci: OpenCL: a driver is there");
    assertThat(installs()).isEmpty();
  }

  @Test
  void poclIsInstalled() throws Exception {
    tool("apt-get", "");
    assertThat(run()).contains("ci: OpenCL: installed PoCL");
    assertThat(installs()).isEqualTo(INSTALL);
  }

  @Test
  void theListOfPackagesIsFetchedWhenItIsMissing() throws Exception {
    tool("apt-get", "[ -f '" + temp + "/updated' ] || { : >'" + temp + "/updated'; exit 100; }");
    assertThat(run()).contains("ci: OpenCL: installed PoCL");
    assertThat(installs()).isEqualTo(INSTALL + UPDATE + INSTALL);
  }

  @Test
  void withoutANetworkItGoesOn() throws Exception {
    tool("apt-get", "echo 'E: no network'; exit 100");
    assertThat(run()).contains("E: no network", "could not be installed", "will be skipped");
    assertThat(installs()).isEqualTo(INSTALL + UPDATE);
  }

  @Test
  void withoutRightsItGoesOnOrAsksSudo() throws Exception {
    tool("id", "echo 1000");
    tool("apt-get", "");
    assertThat(run()).contains("no right to install one", "will be skipped");
    assertThat(installs()).isEmpty();
    tool("sudo", "shift; \"$@\"");
    script(bin.resolve("true"), "exit 0");
    assertThat(run()).contains("ci: OpenCL: installed PoCL");
    assertThat(installs()).contains("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get", INSTALL);
  }

  @Test
  void withoutAptItGoesOn() throws Exception {
    assertThat(run()).contains("no apt-get to install one with", "will be skipped");
  }
}
