package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands in a process of their own that are stopped in the middle, by Ctrl-C or by a disk that
 * takes no more: the state is saved, the way on is said, and the end is the same bytes.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals and ulimit are POSIX's")
class InterruptTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void makeModel() throws IOException {
    model = Cli.tinyModel(folder.resolve("m"), 96);
  }

  /** A process that was ended by a signal has 128 and the signal's number as its exit code. */
  private record Signal(String name, int code) {}

  /**
   * SIGINT, which is Ctrl-C; SIGTERM where whoever started the tests has SIGINT ignored, as shells
   * do for what they start in the background.
   */
  private static Signal signal() throws IOException {
    Path status = Path.of("/proc/self/status");
    boolean ignored =
        Files.exists(status)
            && Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
    return ignored ? new Signal("TERM", 143) : new Signal("INT", 130);
  }

  private Process start(Path err, List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectError(err.toFile())
        .redirectOutput(folder.resolve("out.txt").toFile())
        .start();
  }

  private static void await(Process process, Path file, int lines) throws Exception {
    Instant end = Instant.now().plus(PATIENCE);
    while (!Files.exists(file) || Files.readAllLines(file).size() < lines) {
      assertThat(process.isAlive()).as("the process ended too early").isTrue();
      assertThat(Instant.now()).isBefore(end);
      Thread.sleep(20);
    }
  }

  /** Interrupts a command once {@code file} has so many lines; returns the command it says. */
  private List<String> interrupt(Path file, int lines, Object... args) throws Exception {
    Path err = folder.resolve("err.txt");
    Signal signal = signal();
    Process process = start(err, Cli.command(args));
    try {
      await(process, file, lines);
      new ProcessBuilder("kill", "-" + signal.name, Long.toString(process.pid())).start().waitFor();
      assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(err)).isEqualTo(signal.code);
      Matcher way =
          Pattern.compile("Go on with:\\s+\\./hindsight (.*)").matcher(Files.readString(err));
      assertThat(way.find()).as(Files.readString(err)).isTrue();
      return List.of(way.group(1).split(" "));
    } finally {
      process.destroyForcibly();
    }
  }

  private static void goOn(List<String> command) {
    List<Object> args = new ArrayList<>(command);
    if (!command.contains("--backend")) {
      args.addAll(List.of("--backend", "reference"));
    }
    Cli.Outcome outcome = Cli.run(args.toArray());
    assertThat(outcome.code()).as(outcome.err()).isZero();
  }

  @Test
  void trainingThatIsInterruptedGoesOnToTheSameBytes() throws Exception {
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 12);
    Path whole = folder.resolve("whole");
    assertThat(Cli.run("train", config, "--out", whole, "--backend", "reference", "-q").code())
        .isZero();
    Path cut = folder.resolve("cut");
    goOn(
        interrupt(
            cut.resolve("metrics.jsonl"),
            4,
            "train",
            config,
            "--out",
            cut,
            "--backend",
            "reference"));
    for (String file :
        List.of("metrics.jsonl", "samples.jsonl", "config.yaml", "model/model.safetensors")) {
      assertThat(cut.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
  }

  @Test
  void pretrainingThatIsInterruptedGoesOnToTheSameBytes() throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("p.yaml"),
            """
            steps: 200
            batch_size: 2
            model: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 2}
            evaluation: {every: 0, documents: 4}
            """);
    Path whole = folder.resolve("whole");
    assertThat(Cli.run("pretrain", config, "--out", whole, "--backend", "reference", "-q").code())
        .isZero();
    Path cut = folder.resolve("cut");
    goOn(
        interrupt(
            cut.resolve("metrics.jsonl"),
            10,
            "pretrain",
            config,
            "--out",
            cut,
            "--backend",
            "reference"));
    for (String file : List.of("model.safetensors", "metrics.jsonl")) {
      assertThat(cut.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
  }

  @Test
  void quickstartThatIsInterruptedGoesOnWhereItWas() throws Exception {
    Path out = folder.resolve("q");
    goOn(
        interrupt(
            out.resolve("grpo/metrics.jsonl"),
            2,
            "quickstart",
            "--model",
            model,
            "--steps",
            "3",
            "--out",
            out,
            "--backend",
            "reference",
            "--seed",
            "2"));
    assertThat(out.resolve("summary.json")).content().contains("sdpo_foreign_feedback");
    assertThat(out.resolve("report.html")).exists();
  }

  private static Object[] with(List<Object> args, Object... more) {
    List<Object> all = new ArrayList<>(args);
    all.addAll(List.of(more));
    return all.toArray();
  }

  /** {@code ulimit -f} makes the kernel refuse to let any file grow beyond a size. */
  @Test
  void aDiskThatTakesNoMoreEndsTheRunWithAMessageAndResumesToTheSameBytes() throws Exception {
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 20);
    List<Object> train =
        List.of(
            "train", config, "--backend", "reference", "--set", "record.samples_per_step=8", "-q");
    Path whole = folder.resolve("whole");
    assertThat(Cli.run(with(train, "--out", whole)).code()).isZero();
    Path full = folder.resolve("full");
    String command = "'" + String.join("' '", Cli.command(with(train, "--out", full))) + "'";
    Path err = folder.resolve("err.txt");
    // checkpoints fit, the samples of the last steps do not; sh counts in blocks of 512 bytes
    long samples = Files.size(whole.resolve("samples.jsonl"));
    long checkpoint = Files.size(whole.resolve("checkpoints/step-000020.safetensors"));
    assertThat(checkpoint).isLessThan(samples * 2 / 3);
    long blocks = samples * 3 / 4 / 512;
    Process process = start(err, List.of("sh", "-c", "ulimit -f " + blocks + "; exec " + command));
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    String message = Files.readString(err);
    assertThat(process.exitValue()).as(message).isEqualTo(1);
    assertThat(message)
        .contains("hindsight: cannot write ", "samples.jsonl")
        .doesNotContain("\tat ");
    goOn(List.of("train", "--resume", full.toString()));
    for (String file : List.of("metrics.jsonl", "samples.jsonl", "model/model.safetensors")) {
      assertThat(full.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
  }
}
