package dev.hindsight.cli.report;

import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One {@link Page} about experiments: verdict, table, curves with bands, tuning. */
public final class ExperimentPage {
  private static final String FOOTER =
      """
      Figures are means over seeds, intervals the 95 % bootstrap intervals of these means. A level that was never reached
      counts as the budget. Accuracy is exact: the probability that the policy gives to right answers, averaged over held-out
      questions. SDPO is <cite>Reinforcement Learning via Self-Distillation</cite>, arXiv 2601.20802.""";

  private ExperimentPage() {}

  /**
   * A table.
   *
   * @param rows as long as the head
   */
  public record Table(List<String> head, List<List<String>> rows) {}

  /**
   * A mean with its interval at each x.
   *
   * @param label for people
   */
  public record Line(String label, double[] x, double[] mean, double[] low, double[] high) {}

  /**
   * Curves over one axis.
   *
   * @param xLabel what the axis counts
   * @param why what to look for, a sentence
   */
  public record Chart(String title, String xLabel, String why, List<Line> lines) {}

  /**
   * One experiment.
   *
   * @param claim what is asked, with its source
   * @param tuning every combination that was tried, empty where nothing was tuned
   * @param command that makes it again
   */
  public record Section(
      String name,
      String title,
      String claim,
      String verdict,
      Table results,
      List<Chart> charts,
      Table tuning,
      String command) {}

  /** The page about some experiments. */
  public static String html(String title, List<Section> sections) {
    StringBuilder body = new StringBuilder();
    ArrayNode data = RunRecord.JSON.createArrayNode();
    for (Section s : sections) {
      body.append(section(s, data));
    }
    return new Page(
            title,
            "",
            body.toString(),
            FOOTER,
            "The charts need JavaScript; the verdicts and the tables do not.",
            "experiment.js",
            data)
        .html();
  }

  /** Writes the page, whole or not at all. */
  public static void write(Path file, String title, List<Section> sections) throws IOException {
    AtomicFile.write(file, html(title, sections));
  }

  private static String section(Section s, ArrayNode data) {
    StringBuilder out = new StringBuilder();
    String id = Html.escape(s.name());
    out.append("<section aria-labelledby=\"").append(id).append("\"><h2 id=\"").append(id);
    out.append("\">").append(Html.escape(s.title())).append("</h2>\n<p class=\"why\">");
    out.append(Html.escape(s.claim())).append("</p>\n<p><strong>");
    out.append(Html.escape(s.verdict())).append("</strong></p>\n");
    out.append("<div class=\"wide\" tabindex=\"0\">").append(table(s.results())).append("</div>\n");
    for (Chart chart : s.charts()) {
      out.append("<h3>").append(Html.escape(chart.title())).append("</h3>\n<p class=\"why\">");
      out.append(Html.escape(chart.why())).append("</p>\n<figure class=\"chart\" id=\"chart-");
      out.append(data.size()).append("\"></figure>\n");
      data.add(json(chart));
    }
    if (!s.tuning().rows().isEmpty()) {
      out.append("<details class=\"numbers\"><summary>How the settings were tuned</summary>");
      out.append("<div class=\"scroll\" tabindex=\"0\">").append(table(s.tuning()));
      out.append("</div></details>\n");
    }
    out.append("<p class=\"note\">Again: <code>").append(Html.escape(s.command()));
    return out.append("</code></p></section>\n").toString();
  }

  private static String table(Table table) {
    StringBuilder out = new StringBuilder("<table><thead><tr>");
    for (String head : table.head()) {
      out.append("<th scope=\"col\">").append(Html.escape(head)).append("</th>");
    }
    out.append("</tr></thead>\n<tbody>");
    for (List<String> row : table.rows()) {
      out.append("<tr><th scope=\"row\">").append(Html.escape(row.getFirst())).append("</th>");
      for (int c = 1; c < row.size(); c++) {
        out.append("<td data-label=\"").append(Html.escape(table.head().get(c))).append("\">");
        out.append(cell(row.get(c))).append("</td>");
      }
      out.append("</tr>\n");
    }
    return out.append("</tbody></table>\n").toString();
  }

  /** A mean, and its interval below it. */
  private static String cell(String text) {
    int interval = text.indexOf(" [");
    return interval < 0
        ? Html.escape(text)
        : Html.escape(text.substring(0, interval))
            + "<small>"
            + Html.escape(text.substring(interval + 1))
            + "</small>";
  }

  private static ObjectNode json(Chart chart) {
    ObjectNode out = RunRecord.JSON.createObjectNode();
    out.put("name", chart.title()).put("x", chart.xLabel());
    ArrayNode lines = out.putArray("lines");
    for (Line line : chart.lines()) {
      ObjectNode of = lines.addObject().put("label", line.label());
      numbers(of.putArray("x"), line.x());
      numbers(of.putArray("mean"), line.mean());
      numbers(of.putArray("low"), line.low());
      numbers(of.putArray("high"), line.high());
    }
    return out;
  }

  private static void numbers(ArrayNode into, double[] values) {
    for (double v : values) {
      into.add(v);
    }
  }
}
