package dev.hindsight.cli.report;

import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * A self-contained HTML page: opens from disk and asks the network for nothing. Charts are drawn by
 * uPlot, which is inlined. All parts but title and data are HTML already.
 *
 * @param title plain text
 * @param facts what stands below the title; may be empty
 * @param noscript what is told where scripts do not run
 * @param script the resource with the script of this page, run after {@code page.js}
 * @param data what the scripts draw
 */
record Page(
    String title,
    String facts,
    String main,
    String footer,
    String noscript,
    String script,
    JsonNode data) {
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/";

  String html() {
    String uplot = Html.resource(UPLOT + "dist/uPlot.iife.min.js");
    String js = Html.resource("page.js") + Html.resource(script);
    Map<String, String> values = new HashMap<>();
    values.put("title", Html.escape(title));
    values.put("script-hashes", Html.hash(uplot) + " " + Html.hash(js));
    values.put("uplot-css", Html.resource(UPLOT + "dist/uPlot.min.css"));
    values.put("uplot-js", uplot);
    values.put("uplot-license", Html.resource(UPLOT + "LICENSE").replace("--", "- -"));
    values.put("css", Html.resource("report.css"));
    values.put("js", js);
    values.put("facts", facts);
    values.put("main", main);
    values.put("footer", footer);
    values.put("noscript", noscript);
    values.put("data", Html.script(data));
    return Html.fill(Html.resource("page.html"), values);
  }
}
