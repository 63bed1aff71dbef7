package dev.hindsight.cli.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The words of the page that depend on the runs. Everything from a file is escaped here. */
final class ReportText {
  static final String TABLE_NOTE =
      "Accuracy is exact: the probability that the policy gives to right answers, averaged over"
          + " held-out questions. A generation is one answer sampled in training. “Never” means not"
          + " within the run.";

  private static final String[] DASHES = {"", "9 4", "2 4", "12 4 2 4", "5 3", "14 6"};

  private ReportText() {}

  /** Seed, backend and the like, as far as the summary tells them. */
  static String facts(JsonNode summary) {
    StringBuilder out = new StringBuilder();
    fact(out, "environment", text(summary.path("environment")));
    fact(out, "base model", text(summary.path("base").path("model")));
    fact(out, "seed", text(summary.path("seed")));
    String backend = text(summary.path("backend_description"));
    fact(out, "backend", backend.isEmpty() ? text(summary.path("backend")) : backend);
    if (!backend.contains("thread")) {
      fact(out, "threads", text(summary.path("threads")));
    }
    JsonNode gap = summary.path("initial_gap");
    if (gap.isNumber()) {
      fact(
          out,
          "gap to the teacher before training",
          String.format(Locale.ROOT, "%.2f nats", gap.doubleValue()));
    }
    JsonNode wall = summary.path("wall_seconds");
    if (wall.isNumber()) {
      fact(out, "took", Figures.seconds(wall.doubleValue()));
    }
    return out.toString();
  }

  private static String text(JsonNode value) {
    return value.isValueNode() && !value.isNull() ? value.asString() : "";
  }

  private static void fact(StringBuilder out, String name, String value) {
    if (!value.isEmpty()) {
      out.append("<div><dt>").append(name).append("</dt><dd>");
      out.append(Html.escape(value)).append("</dd></div>");
    }
  }

  static String table(List<ArmResult> results, JsonNode summary) {
    StringBuilder out =
        new StringBuilder(
            """
            <table class="results">
            <thead><tr><th scope="col">Run</th><th scope="col">Final accuracy</th>\
            <th scope="col">Best accuracy</th><th scope="col">Generations to 50 %</th>\
            <th scope="col">Generations to 90 %</th><th scope="col">Generations</th>\
            <th scope="col">Time</th></tr></thead>
            <tbody>
            """);
    Double soonest =
        results.stream()
            .map(ArmResult::generationsToHalf)
            .filter(Objects::nonNull)
            .min(Double::compare)
            .orElse(null);
    for (int i = 0; i < results.size(); i++) {
      ArmResult r = results.get(i);
      out.append("<tr><th scope=\"row\">").append(swatch("run-" + i % 6, DASHES[i % 6]));
      out.append(Html.escape(r.label())).append("</th>");
      cell(out, "Final accuracy", Figures.percent(r.finalAccuracy()), false);
      cell(out, "Best accuracy", Figures.percent(r.bestAccuracy()), false);
      Double half = r.generationsToHalf();
      boolean first = half != null && half.equals(soonest) && results.size() > 1;
      cell(out, "Generations to 50 %", reached(half), first);
      cell(out, "Generations to 90 %", reached(r.generationsToNineTenths()), false);
      cell(out, "Generations", Figures.count(r.generations()), false);
      cell(out, "Time", Figures.seconds(r.wallSeconds()), false);
      out.append("</tr>\n");
    }
    JsonNode base = summary.path("base");
    if (base.path("accuracy").isNumber()) {
      out.append("<tr><th scope=\"row\">").append(swatch("run-base", "4 5"));
      out.append("Base model, before training</th>");
      cell(out, "Accuracy", Figures.percent(base.path("accuracy").doubleValue()), false);
      out.append("<td class=\"empty\"></td>".repeat(5)).append("</tr>\n");
    }
    if (base.path("teacher_accuracy").isNumber()) {
      out.append("<tr><th scope=\"row\">").append(swatch("none-drawn", ""));
      out.append("The same, given feedback on a failure</th>");
      cell(out, "Accuracy", Figures.percent(base.path("teacher_accuracy").doubleValue()), false);
      out.append("<td class=\"empty\"></td>".repeat(5)).append("</tr>\n");
    }
    return out.append("</tbody></table>").toString();
  }

  private static void cell(StringBuilder out, String label, String value, boolean best) {
    out.append("<td data-label=\"").append(label).append('"');
    out.append(best ? " class=\"best\">" : ">").append(Html.escape(value)).append("</td>");
  }

  private static String reached(@Nullable Double generations) {
    return generations == null ? "never" : Figures.count(generations);
  }

  private static String swatch(String className, String dashes) {
    return "<svg class=\"swatch "
        + className
        + "\" viewBox=\"0 0 26 10\" aria-hidden=\"true\"><line x1=\"0\" x2=\"26\" y1=\"5\" y2=\"5\""
        + " stroke=\"currentColor\" stroke-width=\"3\" stroke-dasharray=\""
        + dashes
        + "\"/></svg>";
  }

  static String accuracyWhy(List<ArmResult> results) {
    StringBuilder out =
        new StringBuilder(
            "How often the policy answers questions rightly that it was never trained on, against"
                + " the number of answers it had to sample to learn so. Further left is faster; the"
                + " circles mark where one half was reached.");
    if (ArmResult.find(results, ArmResult.SDPO).isPresent()
        && ArmResult.find(results, ArmResult.GRPO).isPresent()) {
      out.append(
          " GRPO is told only whether an answer was right. SDPO also lets the policy read the"
              + " feedback, and pulls it towards what it would then have said.");
    }
    if (ArmResult.find(results, ArmResult.FOREIGN).isPresent()) {
      out.append(
          " The control runs SDPO with feedback about some other dialect: same form, no use. It"
              + " should stay at the base.");
    }
    return out.toString();
  }

  static String alarms(List<RunRecord> runs, List<ArmResult> results) {
    StringBuilder items = new StringBuilder();
    for (int i = 0; i < runs.size(); i++) {
      for (Map.Entry<String, Double> alarm : runs.get(i).alarms().entrySet()) {
        items.append("<li>").append(Html.escape(results.get(i).label())).append(", after ");
        items.append(Figures.count(alarm.getValue())).append(" generations: ");
        items.append(Html.escape(alarm.getKey())).append("</li>");
      }
    }
    return items.isEmpty()
        ? ""
        : "<div class=\"alarms\"><h3>Alarms</h3><ul>" + items + "</ul></div>";
  }

  static String footer(List<RunRecord> runs) {
    return "Made by Hindsight from "
        + (runs.size() == 1 ? "one run folder" : runs.size() + " run folders")
        + ": metrics.jsonl has every number of these curves, samples.jsonl every recorded answer,"
        + " config.yaml every setting. SDPO is <cite>Reinforcement Learning via"
        + " Self-Distillation</cite>, arXiv 2601.20802.";
  }
}
