package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.cli.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The page must open from disk, ask the network for nothing, and never run what a model wrote. */
class ReportTest {
  private static final Pattern DATA =
      Pattern.compile(
          "<script type=\"application/json\" id=\"data\">(.*?)</script>", Pattern.DOTALL);

  private static JsonNode data(String html) {
    Matcher m = DATA.matcher(html);
    assertThat(m.find()).isTrue();
    return JsonMapper.shared().readTree(m.group(1));
  }

  @Test
  void theFolderOfQuickstartGivesThreeCurvesTheTableAndTheVerdict(@TempDir Path folder)
      throws IOException {
    RunFixtures.quickstart(folder);
    Report report = Report.of(List.of(folder));
    String html = report.html();
    assertThat(report.verdict())
        .startsWith("SDPO overtook GRPO: it answered half of the held-out questions after ")
        .contains("with feedback about a foreign dialect it learned nothing")
        .endsWith(".");
    assertThat(html).contains(report.verdict()).contains("SDPO beside GRPO on dialect-Q");
    assertThat(html).contains("<th scope=\"col\">Generations to 50 %</th>").contains("never");
    JsonNode data = data(html);
    assertThat(data.path("runs").size()).isEqualTo(3);
    assertThat(data.path("runs").path(0).path("metrics").path("accuracy").size()).isEqualTo(51);
    assertThat(data.path("base").path("accuracy").doubleValue()).isEqualTo(0.0005);
    assertThat(data.path("samples").valueStream().map(s -> s.path("step").asInt()).distinct())
        .containsExactly(1, 21, 43);
    // the answer that the teacher corrected comes first
    assertThat(data.path("samples").path(0).path("question").asString()).isEqualTo("max 4 9 2");
  }

  /** Runs of one base and seed share it; a run without a teacher has none. */
  @Test
  void theGapBeforeTrainingIsAmongTheFacts(@TempDir Path folder) throws IOException {
    Path one = folder.resolve("one");
    Path two = folder.resolve("two");
    for (Path run : List.of(one, two)) {
      RunFixtures.run(run, 5, 900, .9, true);
      Files.writeString(run.resolve("summary.json"), "{\"initial_gap\": 1.5485}\n");
    }
    String fact = "<dt>gap to the teacher before training</dt><dd>1.55 nats</dd>";
    assertThat(Report.of(List.of(one)).html()).contains(fact);
    assertThat(Report.of(List.of(one, two)).html()).contains(fact);
    Files.writeString(two.resolve("summary.json"), "{\"initial_gap\": null}\n");
    assertThat(Report.of(List.of(one, two)).html()).doesNotContain("before training</dt>");
  }

  /** As quickstart --from-scratch leaves it: the base's folder has metrics, but of pretraining. */
  @Test
  void aBaseThatWasPretrainedBesideTheRunsIsNoRun(@TempDir Path folder) throws IOException {
    RunFixtures.quickstart(folder);
    Path base = Files.createDirectory(folder.resolve("base"));
    Files.writeString(base.resolve("metrics.jsonl"), "{\"step\":1,\"loss\":4.8}\n");
    Files.writeString(base.resolve("pretrain.yaml"), "steps: 1\n");
    Cli.Outcome outcome = Cli.run("report", folder);
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(Cli.run("report", base).err()).contains("counts no generations");
  }

  @Test
  void nothingIsLoadedFromTheNetwork(@TempDir Path folder) throws IOException {
    RunFixtures.quickstart(folder);
    String html = Report.of(List.of(folder)).html();
    String withoutComments = html.replaceAll("(?s)<!--.*?-->|/\\*.*?\\*/", "");
    assertThat(withoutComments)
        .doesNotContainPattern("(src|href|action|poster|data)\\s*=\\s*[\"']?(https?:)?//")
        .doesNotContainPattern("url\\(\\s*[\"']?(?!data:)")
        .doesNotContain(
            "@import", "<link rel=\"stylesheet\"", "<iframe", "<img", "fetch(", "XMLHttp")
        .contains("default-src 'none'");
    // the only web addresses left name an XML vocabulary
    Matcher m = Pattern.compile("https?://[^\"' ]*").matcher(withoutComments);
    while (m.find()) {
      assertThat(m.group()).isEqualTo("http://www.w3.org/2000/svg");
    }
  }

  @Test
  void hostileTextStaysText(@TempDir Path folder) throws IOException {
    String attack =
        "</script><script>alert(1)</script><img src=x onerror=alert(2)><!--\u2028 ${7*7}";
    Path run = folder.resolve("<b>run & \"co\"");
    RunFixtures.run(run, 3, 300, 0.9, true);
    RunFixtures.addSample(run, RunFixtures.sampleOf(3, attack, attack, attack));
    Files.writeString(
        run.resolve("metrics.jsonl"),
        "{\"step\":4,\"generations\":512,\"alarms\":[\"<script>alert(3)</script>{{data}}\"]}\n",
        java.nio.file.StandardOpenOption.APPEND);
    String html = Report.of(List.of(run)).html();
    assertThat(html)
        .doesNotContain("<script>alert", "<img", "onerror=alert(2)>", "<b>run")
        .contains("&lt;script&gt;alert(3)&lt;/script&gt;{{data}}")
        .contains("&lt;b&gt;run &amp; &quot;co&quot;");
    // the data block, two inlined scripts, and nothing that opens another
    assertThat(Pattern.compile("<script[ >]").matcher(html).results().count()).isEqualTo(3);
    assertThat(data(html).path("samples").valueStream().map(s -> s.path("question").asString()))
        .contains(attack);
  }

  @Test
  void onlyTheInlinedScriptsMayRun(@TempDir Path folder) throws Exception {
    RunFixtures.run(folder.resolve("a"), 2, 300, 0.9, true);
    String html = Report.of(List.of(folder.resolve("a"))).html();
    Matcher scripts = Pattern.compile("(?s)<script>(.*?)</script>").matcher(html);
    int n = 0;
    while (scripts.find()) {
      byte[] digest =
          java.security.MessageDigest.getInstance("SHA-256")
              .digest(scripts.group(1).getBytes(java.nio.charset.StandardCharsets.UTF_8));
      assertThat(html).contains("'sha256-" + java.util.Base64.getEncoder().encodeToString(digest));
      n++;
    }
    assertThat(n).isEqualTo(2);
    assertThat(html).doesNotContain("script-src 'unsafe-inline'");
  }

  @Test
  void aRunThatWasKilledInTheMiddleOfALineIsShownUpToThere(@TempDir Path folder)
      throws IOException {
    RunFixtures.run(folder, 5, 300, 0.9, true);
    Files.delete(folder.resolve("summary.json"));
    for (String file : List.of("metrics.jsonl", "samples.jsonl")) {
      String whole = Files.readString(folder.resolve(file));
      Files.writeString(folder.resolve(file), whole.substring(0, whole.length() - 20));
    }
    Report report = Report.of(List.of(folder));
    assertThat(report.results().getFirst().generations()).isEqualTo(4 * 128.0);
    assertThat(report.html()).contains("512");
  }

  /** The message was "Input length = 1", also for a last line that a kill had cut. */
  @Test
  void bytesThatAreNoTextAreNamedOrCut(@TempDir Path folder) throws IOException {
    RunFixtures.run(folder, 5, 300, 0.9, true);
    Path metrics = folder.resolve("metrics.jsonl");
    byte[] half = {'{', '"', (byte) 0xe2};
    Files.write(metrics, half, StandardOpenOption.APPEND);
    assertThat(Report.of(List.of(folder)).html()).contains("</html>");
    Files.writeString(metrics, "\n", StandardOpenOption.APPEND);
    Files.writeString(metrics, "{}\n", StandardOpenOption.APPEND);
    assertThatThrownBy(() -> Report.of(List.of(folder)))
        .hasMessageContaining("metrics.jsonl:")
        .hasMessageContaining("is not JSON");
  }

  @Test
  void foldersThatHoldNoRunAreRefusedWithWhatWasExpected(@TempDir Path folder) throws IOException {
    assertThatThrownBy(() -> Report.of(List.of(folder)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no metrics.jsonl");
    assertThatThrownBy(() -> Report.of(List.of(folder.resolve("gone"))))
        .hasMessageContaining("no such folder");
    RunFixtures.run(folder, 2, 300, 0.9, true);
    Files.writeString(folder.resolve("metrics.jsonl"), "{\"step\":0}\nnonsense\n{\"step\":1}\n");
    assertThatThrownBy(() -> Report.of(List.of(folder))).hasMessageContaining("metrics.jsonl:2");
  }
}
