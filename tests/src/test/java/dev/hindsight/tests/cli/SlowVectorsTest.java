package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Flags of the JVM that make vectors slow, or that are wrong, are named at once with the fix. */
class SlowVectorsTest {
  @TempDir Path folder;

  /** Runs {@code selftest} in a JVM with one more option; its exit code, then what it said. */
  private String selftest(String option) throws IOException, InterruptedException {
    List<String> command = Cli.command("selftest", "--threads", "1");
    command.add(1, option);
    Path said = folder.resolve("said.txt");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      // without the look at the flags it would measure for minutes
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(option).isTrue();
      return process.exitValue() + "\n" + Files.readString(said);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void anInterpreterIsNotMeasured() throws Exception {
    assertThat(selftest("-Xint"))
        .startsWith("0\n")
        .contains("gradient   right", "start Java without -Xint")
        .doesNotContain("GFLOP/s");
  }

  @Test
  void aJvmWithoutFusedMultiplyAddsIsNotMeasured() throws Exception {
    assertThat(selftest("-XX:-UseFMA"))
        .startsWith("0\n")
        .contains("gradient   right", "no fused multiply-add", "-XX:-UseFMA")
        .doesNotContain("GFLOP/s");
  }

  @Test
  void aWidthThatThereIsNotIsNamed() throws Exception {
    for (String bits : List.of("100", "wide")) {
      assertThat(selftest("-Dhindsight.vector.bits=" + bits))
          .startsWith("1\n")
          .contains("-Dhindsight.vector.bits: expected 128, 256 or 512, got '" + bits + "'")
          .doesNotContain("fault in Hindsight");
    }
  }
}
