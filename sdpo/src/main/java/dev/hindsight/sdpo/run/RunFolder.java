package dev.hindsight.sdpo.run;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import dev.hindsight.transformer.AtomicFile;
import dev.hindsight.transformer.MalformedFileException;
import dev.hindsight.transformer.Safetensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one run:
 *
 * <pre>
 *   config.yaml                        the configuration, every key written out
 *   metrics.jsonl                      one object a step; the same bytes for the same seed
 *   samples.jsonl                      rollouts with verdict, teacher prompt, log-ratios, top K
 *   timings.jsonl                      clock times and backend of each step, which are nowhere
 *                                      else but in the summary
 *   tensorboard/                       the metrics as TensorBoard reads them, where asked for
 *   summary.json                       what came out
 *   checkpoints/step-000010.safetensors   everything that the run needs to go on
 *   checkpoints/best.safetensors          the weights with the best accuracy
 * </pre>
 *
 * <p>Checkpoints are written beside, forced to the disk and renamed, after the records that they
 * refer to are on the disk. A run that was killed is resumed from the newest one: its records are
 * cut to the lengths noted there, and what follows is byte for byte what the run would have
 * written.
 */
public final class RunFolder implements AutoCloseable {
  private static final Pattern STEP_FILE = Pattern.compile("step-\\d{6,}\\.safetensors");

  /** All that a run leaves which was killed in its first moment. */
  private static final String UNFINISHED = "config.yaml.partial";

  private final Path folder;

  /** Null for a reader. */
  private final @Nullable FolderLock lock;

  private @Nullable JsonLines metrics;
  private @Nullable JsonLines samples;
  private @Nullable JsonLines timings;

  private RunFolder(Path folder, @Nullable FolderLock lock) {
    this.folder = folder;
    this.lock = lock;
  }

  /**
   * Makes the folder of a new run.
   *
   * @param configYaml the resolved configuration
   * @throws IOException when something stands there already, or it cannot be written
   */
  public static RunFolder create(Path folder, String configYaml) throws IOException {
    Path parent = folder.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException e) {
      requireUnused(folder);
    }
    FolderLock lock = FolderLock.acquire(folder);
    try {
      requireUnused(folder); // another run may have come first
      Files.deleteIfExists(folder.resolve(UNFINISHED));
      RunFolder run = new RunFolder(folder, lock);
      AtomicFile.write(folder.resolve("config.yaml"), configYaml);
      Files.createDirectories(run.checkpoints());
      return run;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static void requireUnused(Path folder) throws IOException {
    if (!isUnused(folder)) {
      throw new IOException(
          folder
              + " exists already, and a run never overwrites another: choose another folder, delete it,"
              + " or resume the run in it");
    }
  }

  /** Whether a folder is empty, but for what a run leaves that was killed in its first moment. */
  public static boolean isUnused(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.allMatch(f -> f.endsWith(UNFINISHED) || f.endsWith(FolderLock.FILE));
    }
  }

  /**
   * Opens the folder of a run that is to go on.
   *
   * @throws IOException when it is none, or another process is writing it
   */
  public static RunFolder resume(Path folder) throws IOException {
    requireRun(folder);
    FolderLock lock = FolderLock.acquire(folder);
    try {
      RunFolder run = new RunFolder(folder, lock);
      Files.createDirectories(run.checkpoints());
      deletePartialFiles(folder);
      deletePartialFiles(run.checkpoints());
      return run;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /**
   * Opens the folder of a run to read it, also while the run is going on; nothing in it is touched.
   *
   * @throws IOException when it is none
   */
  public static RunFolder read(Path folder) throws IOException {
    requireRun(folder);
    return new RunFolder(folder, null);
  }

  private static void requireRun(Path folder) throws IOException {
    if (!Files.isRegularFile(folder.resolve("config.yaml"))) {
      throw new IOException(
          folder
              + " is not the folder of a run: it has no config.yaml; start a new run, or check the"
              + " path");
    }
  }

  /** What a kill in the middle of an atomic write leaves. */
  private static void deletePartialFiles(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.partial")) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
  }

  public Path path() {
    return folder;
  }

  /** The file with the configuration that the run was started with. */
  public Path config() {
    return folder.resolve("config.yaml");
  }

  private Path checkpoints() {
    return folder.resolve("checkpoints");
  }

  // ---------------------------------------------------------------- records

  /**
   * Opens the records for appending, as they were at a checkpoint, or empty.
   *
   * @param from null for a run that begins
   * @throws IOException when they are shorter than they were
   */
  public void openRecords(@Nullable Checkpoint from) throws IOException {
    if (lock == null) {
      throw new IllegalStateException("run folder: opened for reading; resume it to write records");
    }
    metrics = JsonLines.open(metricsFile(), from == null ? 0 : from.metricsBytes());
    samples =
        JsonLines.open(folder.resolve("samples.jsonl"), from == null ? 0 : from.samplesBytes());
    int done = from == null ? -1 : from.step();
    timings = JsonLines.open(timingsFile(), timingsUntil(done));
  }

  private Path timingsFile() {
    return folder.resolve("timings.jsonl");
  }

  /**
   * Bytes of the timings up to a step. No checkpoint notes them, as it would then depend on the
   * clock; a kill may have torn the last line, and nothing depends on those before it.
   */
  private long timingsUntil(int step) throws IOException {
    if (!Files.exists(timingsFile())) {
      return 0;
    }
    byte[] all = Files.readAllBytes(timingsFile());
    int bytes = 0;
    for (int i = 0; i < all.length; i++) {
      if (all[i] == '\n') {
        Integer of = stepOf(new String(all, bytes, i - bytes, StandardCharsets.UTF_8));
        if (of == null || of > step) {
          break;
        }
        bytes = i + 1;
      }
    }
    return bytes;
  }

  private static @Nullable Integer stepOf(String line) {
    try {
      return Json.parse(line, Map.class).get("step") instanceof Integer of ? of : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private Path metricsFile() {
    return folder.resolve("metrics.jsonl");
  }

  /** Appends the metrics of a step. */
  public void appendMetrics(Record line) throws IOException {
    opened(metrics).append(line);
  }

  /** Appends a rollout that is kept for people to read. */
  public void appendSample(Record line) throws IOException {
    opened(samples).append(line);
  }

  /** Appends clock times of a step. */
  public void appendTimings(Record line) throws IOException {
    opened(timings).append(line);
  }

  /** The lines of {@code metrics.jsonl} so far. */
  public <T> List<T> readMetrics(Class<T> type) throws IOException {
    return JsonLines.read(metricsFile(), type);
  }

  /** The lines of {@code timings.jsonl} so far. */
  public <T> List<T> readTimings(Class<T> type) throws IOException {
    return JsonLines.read(timingsFile(), type);
  }

  /** Whether this process has recorded a step, or gone on from one. */
  public boolean hasBegun() throws IOException {
    return metrics != null && metrics.length() > 0;
  }

  /** Writes {@code summary.json}. */
  public void writeSummary(Object summary) throws IOException {
    AtomicFile.write(folder.resolve("summary.json"), Json.pretty(summary));
  }

  private static JsonLines opened(@Nullable JsonLines lines) {
    if (lines == null) {
      throw new IllegalStateException("run folder: the records are not open; call openRecords");
    }
    return lines;
  }

  // ------------------------------------------------------------ checkpoints

  /**
   * Writes a checkpoint of the current lengths of the records, and then deletes all but the newest
   * {@code keep}. If that fails the former ones stay.
   */
  public void save(Checkpoint state, int keep) throws IOException {
    JsonLines m = opened(metrics);
    JsonLines s = opened(samples);
    m.force();
    s.force();
    Checkpoint checkpoint = state.withLengths(m.length(), s.length());
    Safetensors.write(
        checkpoints().resolve(Checkpoint.fileName(checkpoint.step())),
        checkpoint.tensors(),
        checkpoint.metadata());
    List<Path> files = stepFiles();
    for (Path old : files.subList(0, Math.max(0, files.size() - keep))) {
      Files.deleteIfExists(old);
    }
  }

  /** Writes the weights with the best accuracy so far. */
  public void saveBest(Map<String, Tensor> weights, int step, double accuracy) throws IOException {
    Safetensors.write(
        checkpoints().resolve("best.safetensors"),
        weights,
        Map.of("step", Integer.toString(step), "accuracy", Double.toString(accuracy)));
  }

  /** The newest checkpoint, if any. */
  public Optional<Path> newestCheckpoint() throws IOException {
    List<Path> files = stepFiles();
    return files.isEmpty() ? Optional.empty() : Optional.of(files.getLast());
  }

  private List<Path> stepFiles() throws IOException {
    try (Stream<Path> files = Files.list(checkpoints())) {
      return files
          .filter(f -> STEP_FILE.matcher(f.getFileName().toString()).matches())
          // longer names are larger numbers
          .sorted(
              Comparator.<Path>comparingInt(f -> f.getFileName().toString().length())
                  .thenComparing(f -> f.getFileName().toString()))
          .toList();
    }
  }

  /**
   * Reads the newest checkpoint; empty when the run was stopped before its first.
   *
   * @throws IOException when it cannot be read or is no checkpoint of a run
   */
  public Optional<Checkpoint> load(Backend backend, DType dtype) throws IOException {
    Optional<Path> newest = newestCheckpoint();
    if (newest.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Checkpoint.read(newest.get(), backend, dtype));
    } catch (MalformedFileException e) {
      throw new IOException(e.getMessage() + "\n" + without(newest.get()), e);
    }
  }

  /** What is left to do without a damaged checkpoint. */
  private String without(Path damaged) throws IOException {
    List<Path> files = stepFiles();
    int former = files.indexOf(damaged) - 1;
    return "To go on "
        + (former < 0 ? "from the beginning" : "from " + files.get(former).getFileName())
        + ", delete "
        + damaged
        + " and resume again";
  }

  @Override
  public void close() throws IOException {
    for (JsonLines lines : new JsonLines[] {metrics, samples, timings}) {
      if (lines != null) {
        lines.close();
      }
    }
    metrics = null;
    samples = null;
    timings = null;
    if (lock != null) {
      lock.close();
    }
  }
}
