package dev.hindsight.sdpo.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
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

  @Test
  void twoRunsDoNotShareAFolder() throws Exception {
    try (RunFolder one = RunFolder.create(folder, "");
        RunFolder other = RunFolder.resume(folder)) {
      one.openRecords(null);
      assertThatThrownBy(() -> other.openRecords(null))
          .hasMessageContaining("being written by another run");
    }
  }

  @Test
  void aDamagedCheckpointSaysWhichFile() throws Exception {
    RunFolder.create(folder, "").close();
    Path file = folder.resolve("checkpoints/step-000004.safetensors");
    Files.writeString(file, "no tensors");
    try (RunFolder run = RunFolder.resume(folder)) {
      assertThatThrownBy(() -> run.load(REFERENCE, DType.F32))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.getFileName().toString());
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
