package dev.hindsight.sdpo.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.transformer.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guards what a run leaves on the disk: never half a file, never another run's. */
class RunFolderTest {
  private static final Backend REFERENCE = Backends.get("reference");
  @TempDir Path temp;
  private Path folder;

  record Line(int step, double value, Double nothing) {}

  @BeforeEach
  void name() {
    folder = temp.resolve("runs/a");
  }

  private static Checkpoint checkpoint(int step) {
    TreeMap<String, Tensor> tensors = new TreeMap<>();
    tensors.put("w", Tensor.of(REFERENCE, Shape.of(2), (float) step, -1f));
    return new Checkpoint(step, 5, 3L * step, 1, .25, 0, 0, tensors);
  }

  @Test
  void aFolderThatExistsIsAnError() throws Exception {
    Files.createDirectories(folder);
    // an empty one will do, and one in which a run was killed before it began
    Files.writeString(folder.resolve("config.yaml.partial"), "se");
    RunFolder.create(folder, "seed: 0\n").close();
    assertThat(folder.resolve("config.yaml")).hasContent("seed: 0\n");
    assertThatThrownBy(() -> RunFolder.create(folder, ""))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("exists already")
        .hasMessageContaining("resume");
    Path file = Files.writeString(temp.resolve("file"), "x");
    assertThatThrownBy(() -> RunFolder.create(file, "")).hasMessageContaining("exists already");
  }

  /** With the default locale's digits the file was not found again, and a resume began anew. */
  @Test
  void checkpointsAreFoundWhereDigitsLookDifferent() throws Exception {
    Locale former = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.save(checkpoint(7), 2);
      assertThat(run.newestCheckpoint().orElseThrow().getFileName())
          .hasToString("step-000007.safetensors");
    } finally {
      Locale.setDefault(former);
    }
  }

  @Test
  void whatIsNoRunIsNotResumed() {
    assertThatThrownBy(() -> RunFolder.resume(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no config.yaml");
  }

  @Test
  void aCheckpointComesBackAndCutsTheRecords() throws Exception {
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.appendMetrics(new Line(1, .1, null));
      run.appendTimings(new Line(1, 7, null));
      run.save(checkpoint(1), 2);
      run.appendMetrics(new Line(2, Double.NaN, null));
      run.appendTimings(new Line(2, 7, null));
    }
    Files.writeString(folder.resolve("checkpoints/step-000002.safetensors.partial"), "torn");
    assertThat(folder.resolve("metrics.jsonl"))
        .hasContent(
            "{\"step\":1,\"value\":0.1,\"nothing\":null}\n"
                + "{\"step\":2,\"value\":null,\"nothing\":null}\n");
    try (RunFolder run = RunFolder.resume(folder)) {
      Checkpoint back = run.load(REFERENCE, DType.F32).orElseThrow();
      assertThat(back.step()).isEqualTo(1);
      assertThat(back.seed()).isEqualTo(5);
      assertThat(back.optimizerSteps()).isEqualTo(3);
      assertThat(back.bestStep()).isEqualTo(1);
      assertThat(back.bestAccuracy()).isEqualTo(.25);
      assertThat(back.tensors().get("w").toFloats()).containsExactly(1, -1);
      assertThat(back.group("", List.of("w"))).containsKey("w");
      assertThatThrownBy(() -> back.group("teacher.", List.of("w")))
          .hasMessageContaining("lacks teacher.w");
      run.openRecords(back);
      assertThat(run.readMetrics(Line.class)).hasSize(1);
    }
    assertThat(Files.readAllLines(folder.resolve("timings.jsonl"))).hasSize(1);
    assertThat(folder.resolve("checkpoints/step-000002.safetensors.partial")).doesNotExist();
  }

  @Test
  void onlyTheNewestCheckpointsAndTheBestAreKept() throws Exception {
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.saveBest(checkpoint(3).tensors(), 3, .5);
      for (int step : new int[] {999_999, 1, 1_000_000, 7}) {
        run.save(checkpoint(step), 3);
      }
      assertThat(run.newestCheckpoint().orElseThrow().getFileName())
          .hasToString("step-1000000.safetensors");
    }
    try (var files = Files.list(folder.resolve("checkpoints"))) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "best.safetensors",
              "step-000007.safetensors",
              "step-999999.safetensors",
              "step-1000000.safetensors");
    }
  }

  @Test
  void aRecordThatWasCutBehindTheCheckpointIsAnError() throws Exception {
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.appendMetrics(new Line(1, .1, null));
      run.save(checkpoint(1), 2);
    }
    Files.writeString(folder.resolve("metrics.jsonl"), "");
    try (RunFolder run = RunFolder.resume(folder)) {
      Checkpoint back = run.load(REFERENCE, DType.F32).orElseThrow();
      assertThatThrownBy(() -> run.openRecords(back)).hasMessageContaining("it was changed since");
    }
  }

  /**
   * The lock was on metrics.jsonl and went when the run read that file back; a second run then cut
   * the first one's records.
   */
  @Test
  void twoRunsDoNotShareAFolder() throws Exception {
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.appendMetrics(new Line(1, .1, null));
      assertThat(run.readMetrics(Line.class)).hasSize(1);
      assertThatThrownBy(() -> RunFolder.resume(folder))
          .hasMessageContaining("being written by another run");
      assertThatThrownBy(() -> FolderLock.requireFree(temp.resolve("runs")))
          .hasMessageContaining("being written by another run");
      assertThat(run.readMetrics(Line.class)).hasSize(1);
    }
    FolderLock.requireFree(temp.resolve("runs"));
    RunFolder.resume(folder).close();
  }

  /** Reading a run that was going on deleted the checkpoint that was just being written. */
  @Test
  void aReaderTouchesNothing() throws Exception {
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.save(checkpoint(1), 2);
      Path next =
          Files.writeString(folder.resolve("checkpoints/step-000002.safetensors.partial"), "hal");
      try (RunFolder reader = RunFolder.read(folder)) {
        assertThat(reader.load(REFERENCE, DType.F32).orElseThrow().step()).isEqualTo(1);
        assertThatThrownBy(() -> reader.openRecords(null)).hasMessageContaining("for reading");
      }
      assertThat(next).exists();
    }
  }

  @Test
  void aDamagedCheckpointSaysWhichFileAndHowToGoOnWithoutIt() throws Exception {
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.save(checkpoint(3), 2);
    }
    Path file = folder.resolve("checkpoints/step-000004.safetensors");
    Files.writeString(file, "no tensors");
    try (RunFolder run = RunFolder.resume(folder)) {
      assertThatThrownBy(() -> run.load(REFERENCE, DType.F32))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.getFileName().toString())
          .hasMessageContaining("To go on from step-000003.safetensors, delete " + file);
      Files.delete(file);
      assertThat(run.load(REFERENCE, DType.F32).orElseThrow().step()).isEqualTo(3);
    }
  }

  @Test
  void metadataThatCannotBeIsRefused() throws Exception {
    String[][] cases = {
      {"step", "-1", "step = -1, expected zero or more"},
      {"step", "99999999999999", "step = 2147483647, which belongs into step-2147483647"},
      {"step", "3", "step = 3, which belongs into step-000003"},
      {"seed", "x", "seed = 'x', expected a number"},
      {"optimizer_steps", "-1", "expected zero or more"},
      {"metrics_bytes", "-1", "expected zero or more"},
      {"best_step", "x", "best_step = 'x', expected a number"},
      {"best_accuracy", "", "best_accuracy = '', expected a number"},
      {"format", "hindsight-training-2", "another version of Hindsight"},
    };
    try (RunFolder run = RunFolder.create(folder, "")) {
      Path file = folder.resolve("checkpoints/step-000004.safetensors");
      for (String[] c : cases) {
        TreeMap<String, String> metadata = new TreeMap<>(checkpoint(4).metadata());
        metadata.put(c[0], c[1]);
        Safetensors.write(file, checkpoint(4).tensors(), metadata);
        assertThatThrownBy(() -> run.load(REFERENCE, DType.F32))
            .as(c[2])
            .isInstanceOf(IOException.class)
            .hasMessageContaining(c[2]);
      }
    }
  }

  /** A length in the middle of a line is not ours; cutting there would lose what is recorded. */
  @Test
  void recordsAreCutBetweenLinesOnly() throws Exception {
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.appendMetrics(new Line(1, .1, null));
      run.save(checkpoint(1), 2);
    }
    Path metrics = folder.resolve("metrics.jsonl");
    Files.writeString(metrics, "x" + Files.readString(metrics));
    try (RunFolder run = RunFolder.resume(folder)) {
      Checkpoint back = run.load(REFERENCE, DType.F32).orElseThrow();
      assertThatThrownBy(() -> run.openRecords(back)).hasMessageContaining("no line that ends at");
    }
    Files.write(metrics, new byte[] {(byte) 0xff, '\n'});
    try (RunFolder run = RunFolder.read(folder)) {
      assertThatThrownBy(() -> run.readMetrics(Line.class))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("metrics.jsonl:1 is no line that a run wrote");
    }
  }

  /** Clock times are for people; garbage in them is no reason not to go on. */
  @Test
  void timingsThatCannotBeReadAreCut() throws Exception {
    RunFolder.create(folder, "").close();
    for (String line :
        new String[] {"{garbage\n", "[1]\n", "\ufffd\n", "{\"step\":0,\"step\":0}\n"}) {
      Files.writeString(folder.resolve("timings.jsonl"), line);
      try (RunFolder run = RunFolder.resume(folder)) {
        run.openRecords(checkpoint(1));
      }
      assertThat(folder.resolve("timings.jsonl")).isEmptyFile();
    }
  }

  /** /dev/full takes everything and writes nothing: a disk without room. */
  @Test
  void aFullDiskSaysSoAndLeavesTheCheckpoint() throws Exception {
    Assumptions.assumeTrue(Files.exists(Path.of("/dev/full")), "needs /dev/full");
    try (RunFolder run = RunFolder.create(folder, "")) {
      run.openRecords(null);
      run.save(checkpoint(1), 2);
    }
    Files.delete(folder.resolve("samples.jsonl"));
    Files.createSymbolicLink(folder.resolve("samples.jsonl"), Path.of("/dev/full"));
    try (RunFolder run = RunFolder.resume(folder)) {
      run.openRecords(run.load(REFERENCE, DType.F32).orElseThrow());
      assertThatThrownBy(() -> run.appendSample(new Line(2, 1, null)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("samples.jsonl")
          .hasMessageContaining("No space left")
          .hasMessageContaining("the checkpoints are intact");
      assertThat(run.load(REFERENCE, DType.F32).orElseThrow().step()).isEqualTo(1);
    }
  }
}
