package dev.hindsight.cli.report;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run folder as it lies on disk: {@code metrics.jsonl}, {@code samples.jsonl}, {@code
 * summary.json}, {@code timings.jsonl}. A run that is still going, or was killed, may lack any but
 * the first, and its last line may be cut.
 */
public final class RunRecord {
  /** Files by which a run's folder is known. */
  public static final List<String> MARKS = List.of("metrics.jsonl", "config.yaml");

  static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path folder;
  private final String id;
  private final List<JsonNode> metrics;

  private RunRecord(Path folder, String id, List<JsonNode> metrics) {
    this.folder = folder;
    this.id = id;
    this.metrics = metrics;
  }

  /**
   * Reads a run.
   *
   * @throws IOException when the folder holds no run; the message says what was expected
   */
  public static RunRecord read(Path folder) throws IOException {
    Path file = folder.resolve("metrics.jsonl");
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          folder
              + " is no run folder: it has no metrics.jsonl; give a folder that `train` or"
              + " `quickstart` wrote");
    }
    List<JsonNode> metrics = lines(file);
    if (!metrics.isEmpty() && !metrics.getFirst().has("generations")) {
      throw new IOException(
          file
              + " counts no generations, so this is not a run of `train` or `quickstart`; a report"
              + " compares those");
    }
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return new RunRecord(folder, name == null ? "run" : name.toString(), metrics);
  }

  /** Whether a folder has all marks of a run; that of a pretrained base has not. */
  public static boolean isRun(Path folder) {
    return MARKS.stream().allMatch(mark -> Files.isRegularFile(folder.resolve(mark)));
  }

  public Path folder() {
    return folder;
  }

  /** The folder's name. */
  public String id() {
    return id;
  }

  /** One object a step, in order. */
  public List<JsonNode> metrics() {
    return metrics;
  }

  /** A column of the metrics, null where a step has no such number. */
  public List<@Nullable Double> column(String key) {
    List<@Nullable Double> column = new ArrayList<>();
    for (JsonNode row : metrics) {
      JsonNode value = row.path(key);
      column.add(
          value.isNumber() && Double.isFinite(value.doubleValue()) ? value.doubleValue() : null);
    }
    return column;
  }

  /** The steps at which held-out accuracy was measured. */
  public Curve curve() {
    List<@Nullable Double> generations = column("generations");
    List<@Nullable Double> accuracy = column("accuracy");
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (int i = 0; i < metrics.size(); i++) {
      Double g = generations.get(i);
      Double a = accuracy.get(i);
      if (g != null && a != null) {
        x.add(g);
        y.add(a);
      }
    }
    return new Curve(x, y);
  }

  /** The alarms that were raised, with the generations at which each was raised first. */
  public Map<String, Double> alarms() {
    Map<String, Double> first = new LinkedHashMap<>();
    for (JsonNode row : metrics) {
      for (JsonNode alarm : row.path("alarms")) {
        first.putIfAbsent(alarm.asString(), row.path("generations").asDouble(0));
      }
    }
    return first;
  }

  /** One object a step with its clock times; empty where none were recorded. */
  public List<JsonNode> timings() throws IOException {
    Path file = folder.resolve("timings.jsonl");
    return Files.isRegularFile(file) ? lines(file) : List.of();
  }

  /** {@code summary.json}, or an empty object while the run has not ended. */
  public JsonNode summary() throws IOException {
    return json(folder.resolve("summary.json"));
  }

  /** What the run came to. */
  public ArmResult result(String armId, String label) throws IOException {
    List<@Nullable Double> generations = column("generations");
    Double last = generations.isEmpty() ? null : generations.getLast();
    JsonNode wall = summary().path("wall_seconds");
    return new ArmResult(
        armId,
        label,
        curve(),
        last == null ? 0 : last,
        wall.isNumber() ? Double.valueOf(wall.doubleValue()) : null);
  }

  /** A JSON object file; an empty object where there is none. */
  public static JsonNode json(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return JSON.createObjectNode();
    }
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw new IOException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * What is not UTF-8 becomes a replacement character, and an error where it makes a line no JSON:
   * a kill may have cut the last line inside a character.
   */
  private static BufferedReader reader(Path file) throws IOException {
    return new BufferedReader(
        new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8));
  }

  /** The objects of a file with one a line; a last line that was cut off is left out. */
  public static List<JsonNode> lines(Path file) throws IOException {
    List<JsonNode> all = new ArrayList<>();
    try (BufferedReader reader = reader(file)) {
      int number = 0;
      String line = reader.readLine();
      while (line != null) {
        number++;
        String next = reader.readLine();
        if (!line.isBlank()) {
          try {
            all.add(JSON.readTree(line));
          } catch (JacksonException e) {
            if (next != null) {
              throw new IOException(
                  file + ":" + number + " is not JSON: " + e.getOriginalMessage(), e);
            }
          }
        }
        line = next;
      }
    }
    return all;
  }
}
