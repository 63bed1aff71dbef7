package dev.hindsight.cli.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Picks the rollouts that a report shows: a few of an early, a middle and a late step. */
final class SampleChoice {
  private static final int PER_STEP = 6;
  private static final int MAX_TEXT = 4000;
  private static final int MAX_TOKENS = 400;
  private static final List<String> TEXTS =
      List.of("question", "response", "feedback", "solution", "teacher_prompt");
  private static final List<String> LOG_PROBABILITIES =
      List.of("student_log_probs", "teacher_log_probs", "log_ratio");

  private SampleChoice() {}

  /** Samples of a run folder, ascending by step, those that a teacher corrected most first. */
  static List<ObjectNode> of(Path folder) throws IOException {
    Path file = folder.resolve("samples.jsonl");
    if (!Files.isRegularFile(file)) {
      return List.of();
    }
    List<JsonNode> all =
        RunRecord.lines(file).stream()
            .filter(s -> s.path("tokens").isArray() && !s.path("tokens").isEmpty())
            .toList();
    TreeMap<Long, List<JsonNode>> steps = new TreeMap<>();
    for (JsonNode sample : all) {
      steps.computeIfAbsent(sample.path("step").asLong(0), s -> new ArrayList<>()).add(sample);
    }
    List<ObjectNode> chosen = new ArrayList<>();
    for (long step : stages(steps)) {
      steps.get(step).stream()
          .sorted(Comparator.comparingDouble(SampleChoice::correction))
          .limit(PER_STEP)
          .map(SampleChoice::trimmed)
          .forEach(chosen::add);
    }
    return chosen;
  }

  /**
   * The first step; and of those around the middle and of the last ones, that on which the teacher
   * had most to correct: later in a run most answers are right, and there is nothing to see.
   */
  private static Set<Long> stages(SortedMap<Long, List<JsonNode>> steps) {
    List<Long> all = List.copyOf(steps.keySet());
    Set<Long> stages = new TreeSet<>();
    if (!all.isEmpty()) {
      int n = all.size();
      stages.add(all.getFirst());
      stages.add(mostCorrected(all.subList(2 * n / 5, Math.max(2 * n / 5 + 1, 3 * n / 5)), steps));
      stages.add(mostCorrected(all.subList(n - Math.max(1, n / 6), n), steps));
    }
    return stages;
  }

  private static long mostCorrected(List<Long> some, SortedMap<Long, List<JsonNode>> steps) {
    return some.stream()
        .min(
            Comparator.comparingDouble(
                step ->
                    steps.get(step).stream().mapToDouble(SampleChoice::correction).min().orElse(0)))
        .orElseThrow();
  }

  /** The lowest log-ratio of a sample: the teacher's strongest objection; 0 without a teacher. */
  private static double correction(JsonNode sample) {
    double lowest = 0;
    for (JsonNode ratio : sample.path("log_ratio")) {
      lowest = Math.min(lowest, ratio.asDouble(0));
    }
    return lowest;
  }

  /** The fields that the page shows, of bounded size, and log-probabilities only where complete. */
  private static ObjectNode trimmed(JsonNode sample) {
    ObjectNode kept = RunRecord.JSON.createObjectNode();
    kept.put("step", sample.path("step").asLong(0));
    kept.put("reward", sample.path("reward").asDouble(0));
    kept.put("finished", sample.path("finished").asBoolean(true));
    if (sample.path("target").isBoolean()) {
      kept.put("target", sample.path("target").booleanValue());
    }
    for (String key : TEXTS) {
      JsonNode text = sample.path(key);
      if (text.isString()) {
        kept.put(key, shortened(text.stringValue()));
      }
    }
    ArrayNode tokens = kept.putArray("tokens");
    for (JsonNode token : sample.path("tokens")) {
      if (tokens.size() < MAX_TOKENS) {
        tokens.add(shortened(token.asString("")));
      }
    }
    boolean complete = true;
    for (String key : LOG_PROBABILITIES) {
      complete &= numbers(sample.path(key), tokens.size());
    }
    if (complete) {
      for (String key : LOG_PROBABILITIES) {
        ArrayNode values = kept.putArray(key);
        for (int i = 0; i < tokens.size(); i++) {
          values.add(round(sample.path(key).path(i).doubleValue()));
        }
      }
    }
    return kept;
  }

  private static boolean numbers(JsonNode list, int atLeast) {
    if (!list.isArray() || list.size() < atLeast) {
      return false;
    }
    Set<Boolean> kinds = new HashSet<>();
    list.forEach(v -> kinds.add(v.isNumber() && Double.isFinite(v.doubleValue())));
    return !kinds.contains(false);
  }

  private static double round(double x) {
    return Math.rint(x * 1e4) / 1e4;
  }

  private static String shortened(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + " ...";
  }
}
