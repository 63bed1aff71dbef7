package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Philox;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A training process that dies without warning, as in a power cut, again and again: whatever it was
 * doing, the run goes on from its last checkpoint and ends with the bytes of a run that was left
 * alone. Moments are drawn, so they fall before the first checkpoint, into the writing of one, and
 * between the record's lines.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "there is no SIGKILL")
class KillTest {
  private static final int KILLS = 8;
  private static final int STEPS = 40;

  @TempDir Path folder;

  @Test
  void aRunThatIsKilledAtAnyMomentResumesToTheSameBytes() throws Exception {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, STEPS);
    String saves = "record.save_freq=2";
    Path whole = folder.resolve("whole");
    assertThat(Cli.run("train", config, "--set", saves, "--out", whole, "-q").code()).isZero();
    Path cut = folder.resolve("cut");
    Path started = cut.resolve("config.yaml"); // without it there is nothing to resume yet
    Philox random = new Philox(System.getProperty("test.seed", "killed").hashCode(), 0);
    int killed = 0;
    for (int i = 0; i < KILLS; i++) {
      List<String> command =
          Files.exists(started)
              ? Cli.command("train", "--resume", cut, "-q")
              : Cli.command("train", config, "--set", saves, "--out", cut, "-q");
      Path err = folder.resolve("err" + i + ".txt");
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectError(err.toFile())
              .redirectOutput(folder.resolve("out.txt").toFile())
              .start();
      if (process.waitFor(300 + random.nextInt(1500), TimeUnit.MILLISECONDS)) {
        assertThat(process.exitValue()).as(Files.readString(err)).isZero();
        break;
      }
      process.destroyForcibly().waitFor(); // SIGKILL: no hook runs
      killed++;
    }
    assertThat(killed).as("the run ended before it was killed once").isPositive();
    Cli.Outcome rest =
        Files.exists(started)
            ? Cli.run("train", "--resume", cut, "-q")
            : Cli.run("train", config, "--set", saves, "--out", cut, "-q");
    assertThat(rest.code()).as(rest.err()).isZero();
    for (String file :
        List.of("metrics.jsonl", "samples.jsonl", "config.yaml", "model/model.safetensors")) {
      assertThat(cut.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
  }
}
