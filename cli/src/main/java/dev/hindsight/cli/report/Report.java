package dev.hindsight.cli.report;

import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One {@link Page} about one or several runs: verdict, results, curves, and rollouts whose tokens
 * bear what the self-teacher thought of each.
 */
public final class Report {
  private static final List<String> METRICS =
      List.of("accuracy", "entropy", "response_length", "grad_norm", "teacher_gap");

  /** More points than this cannot be told apart on a screen; longer runs are thinned evenly. */
  private static final int MAX_POINTS = 1500;

  private final List<RunRecord> runs;
  private final List<ArmResult> results;
  private final JsonNode summary;

  private Report(List<RunRecord> runs, List<ArmResult> results, JsonNode summary) {
    this.runs = runs;
    this.results = results;
    this.summary = summary;
  }

  /**
   * Reads run folders. A folder that holds several, as quickstart's does, stands for all of them,
   * and its {@code summary.json} tells about the base model.
   *
   * @throws IOException when a folder holds no run
   */
  public static Report of(List<Path> folders) throws IOException {
    List<RunRecord> runs = new ArrayList<>();
    JsonNode summary = RunRecord.JSON.createObjectNode();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw new IOException(folder + ": no such folder; give one that a run wrote");
      }
      List<RunRecord> inside = RunRecord.isRun(folder) ? List.of() : runsIn(folder);
      if (inside.isEmpty()) {
        runs.add(RunRecord.read(folder));
      } else {
        runs.addAll(inside);
      }
      if (summary.isEmpty()) {
        summary = RunRecord.json(folder.resolve("summary.json"));
      }
    }
    if (summary.path("base").isMissingNode()) {
      summary = summaryOf(runs);
    }
    List<ArmResult> results = new ArrayList<>();
    Map<String, Integer> seen = new LinkedHashMap<>();
    Double base = base(summary);
    for (RunRecord run : runs) {
      int nth = seen.merge(run.id(), 1, Integer::sum);
      String id = nth == 1 ? run.id() : run.id() + "-" + nth;
      ArmResult result = run.result(id, ArmResult.labelOf(id));
      results.add(
          base == null
              ? result
              : new ArmResult(
                  id,
                  result.label(),
                  result.curve().startingAt(base),
                  result.generations(),
                  result.wallSeconds()));
    }
    return new Report(runs, results, summary);
  }

  /** Runs directly inside a folder, the arms of quickstart in their order and first. */
  private static List<RunRecord> runsIn(Path folder) throws IOException {
    List<Path> found = new ArrayList<>();
    List<String> order = List.of(ArmResult.SDPO, ArmResult.GRPO, ArmResult.FOREIGN);
    for (String arm : order) {
      if (RunRecord.isRun(folder.resolve(arm))) {
        found.add(folder.resolve(arm));
      }
    }
    try (var entries = Files.list(folder)) {
      entries
          .filter(p -> RunRecord.isRun(p) && !found.contains(p))
          .sorted()
          .forEachOrdered(found::add);
    }
    List<RunRecord> runs = new ArrayList<>();
    for (Path path : found) {
      runs.add(RunRecord.read(path));
    }
    return runs;
  }

  /** What each run came to. */
  public List<ArmResult> results() {
    return results;
  }

  /** The sentence that the page opens with. */
  public String verdict() {
    return Verdict.of(results, base(summary));
  }

  private static @Nullable Double base(JsonNode summary) {
    JsonNode accuracy = summary.path("base").path("accuracy");
    return accuracy.isNumber() ? Double.valueOf(accuracy.doubleValue()) : null;
  }

  /**
   * Runs that were not started together tell about their base themselves, by their step 0; without
   * one base that all share there is none to draw.
   */
  private static JsonNode summaryOf(List<RunRecord> runs) throws IOException {
    ObjectNode summary = RunRecord.JSON.createObjectNode();
    for (String shared : List.of("environment", "backend")) {
      Set<String> values = new HashSet<>();
      for (RunRecord run : runs) {
        values.add(run.summary().path(shared).asString(""));
      }
      if (values.size() == 1) {
        summary.put(shared, values.iterator().next());
      }
    }
    Set<Double> gaps = new HashSet<>();
    for (RunRecord run : runs) {
      JsonNode gap = run.summary().path("initial_gap");
      gaps.add(gap.isNumber() ? gap.doubleValue() : Double.NaN);
    }
    if (gaps.size() == 1 && !gaps.contains(Double.NaN)) {
      summary.put("initial_gap", gaps.iterator().next());
    }
    Set<Double> bases = new HashSet<>();
    for (RunRecord run : runs) {
      Curve curve = run.curve();
      boolean atStart = !curve.generations().isEmpty() && curve.generations().getFirst() == 0;
      bases.add(atStart ? curve.accuracies().getFirst() : Double.NaN);
    }
    if (bases.size() == 1 && !bases.contains(Double.NaN)) {
      summary.putObject("base").put("accuracy", bases.iterator().next());
    }
    return summary;
  }

  /** The page. */
  public String html() throws IOException {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("verdict", Html.escape(verdict()));
    values.put("table", ReportText.table(results, summary));
    values.put("table-note", ReportText.TABLE_NOTE);
    values.put("accuracy-why", ReportText.accuracyWhy(results));
    values.put("alarms", ReportText.alarms(runs, results));
    values.put(
        "no-rollouts", Html.escape("No rollout was recorded (record.samples_per_step was 0)."));
    return new Page(
            title(),
            "<dl class=\"facts\">" + ReportText.facts(summary) + "</dl>",
            Html.fill(Html.resource("report.html"), values),
            ReportText.footer(runs),
            "The charts and the rollouts need JavaScript; the verdict and the table above do not.",
            "report.js",
            data())
        .html();
  }

  /** Writes the page, whole or not at all. */
  public void write(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    AtomicFile.write(file, html());
  }

  private String title() {
    String environment = summary.path("environment").asString("");
    String where = environment.isEmpty() ? "" : " on " + environment;
    boolean both =
        ArmResult.find(results, ArmResult.SDPO).isPresent()
            && ArmResult.find(results, ArmResult.GRPO).isPresent();
    if (both) {
      return "SDPO beside GRPO" + where;
    }
    return results.size() == 1
        ? "The run " + results.getFirst().label() + where
        : results.size() + " runs" + where;
  }

  // ------------------------------------------------------------------- data

  private ObjectNode data() throws IOException {
    ObjectNode data = RunRecord.JSON.createObjectNode();
    Double base = base(summary);
    if (base != null) {
      data.putObject("base").put("accuracy", base);
    }
    ArrayNode runsOut = data.putArray("runs");
    ArrayNode samples = data.putArray("samples");
    for (int i = 0; i < runs.size(); i++) {
      ObjectNode out = runsOut.addObject();
      out.put("id", results.get(i).id());
      out.put("label", results.get(i).label());
      columns(runs.get(i), base, out.putObject("metrics"));
      for (ObjectNode sample : SampleChoice.of(runs.get(i).folder())) {
        samples.add(sample.put("run", i));
      }
    }
    return data;
  }

  private static void columns(RunRecord run, @Nullable Double base, ObjectNode out) {
    int rows = run.metrics().size();
    int every = Math.max(1, Math.ceilDiv(rows, MAX_POINTS));
    List<@Nullable Double> generations = run.column("generations");
    // the model that the run started from is a point of the accuracy curve
    boolean start = base != null && rows > 0 && !Double.valueOf(0).equals(generations.getFirst());
    ArrayNode x = out.putArray("generations");
    if (start) {
      x.add(0);
    }
    for (int i = 0; i < rows; i++) {
      if (kept(i, every, rows)) {
        Double g = generations.get(i);
        x.add(g == null ? i : g);
      }
    }
    for (String key : METRICS) {
      List<@Nullable Double> column = run.column(key);
      ArrayNode values = out.putArray(key);
      if (start) {
        values.add(key.equals("accuracy") ? base : null);
      }
      for (int i = 0; i < rows; i++) {
        if (kept(i, every, rows)) {
          values.add(column.get(i));
        }
      }
    }
  }

  private static boolean kept(int row, int every, int rows) {
    return row % every == 0 || row == rows - 1;
  }
}
