package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.SampleRecord;
import dev.hindsight.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Guards what {@code inspect} shows of a run, and what it says where there is nothing to show. */
class InspectTest {
  @TempDir Path folder;
  private Path run;

  @BeforeEach
  void aRunOfThreeSteps() throws IOException {
    run = folder.resolve("run");
    RunFixtures.run(run, 3, 900, .9, true);
  }

  private static String shown(Object... args) {
    Outcome outcome = Cli.run(args);
    assertThat(outcome.code()).as(outcome.err()).isZero();
    return outcome.out();
  }

  private static String refused(Object... args) {
    Outcome outcome = Cli.run(args);
    assertThat(outcome.code()).isEqualTo(1);
    return outcome.err();
  }

  private static SampleRecord sample(
      int step, String question, float ratio, SampleRecord.Top student, SampleRecord.Top teacher) {
    return new SampleRecord(
        step,
        question,
        question + "\nsecond line",
        "a b",
        List.of("a", "b"),
        .25,
        false,
        "wrong",
        "c b",
        question + "\n\nCorrect solution:\n\nc b",
        true,
        new float[] {-1, -.5f},
        new float[] {-1 + ratio, -.5f},
        new float[] {ratio, 0},
        student,
        teacher);
  }

  private static SampleRecord.Top top(String first, float logProb) {
    return new SampleRecord.Top(
        List.of(List.of(first, "z"), List.of("b", "z")),
        List.of(new float[] {logProb, -9}, new float[] {-.5f, -2}));
  }

  @Test
  void aSampleWithTooFewNumbersIsDamaged() throws IOException {
    SampleRecord whole = sample(7, "q7", -9, top("a", -1), top("c", -.1f));
    String line =
        Json.line(whole)
            .replaceFirst("\"student_log_probs\":\\[[^\\]]*\\]", "\"student_log_probs\":[-1.0]");
    Files.writeString(run.resolve("samples.jsonl"), line + "\n");
    assertThat(refused("inspect", run)).contains("the sample of step 7 is damaged");
  }

  @Test
  void showsTheSampleOnWhichTheTwoDisagreeMost() throws IOException {
    RunFixtures.addSample(run, sample(7, "q7", -9, top("a", -1), top("c", -.1f)));
    RunFixtures.addSample(run, sample(7, "q8", -3, top("a", -1), top("c", -.1f)));
    String text = shown("inspect", run);
    assertThat(text)
        .contains("Step 7, sample 1 of 2: the one of 8 that student and teacher disagree on most")
        .contains("question       q7\n               second line\n")
        .contains("response       a b\n")
        .contains("reward         0.25, 2 tokens, cut off before it ended\n")
        .contains("feedback       wrong\n")
        .contains("demonstration  c b\n")
        .contains("teacher        q7\n\n               Correct solution:\n\n               c b\n")
        .contains(
            "token 1, 'a': 8,103 times less likely than the student does; it expects 'c' (90%)")
        .contains("Mean |log q/p| 4.50");
    assertThat(text.lines().map(String::strip).filter(l -> l.matches("(> )?[0-9#]  .*")))
        .containsExactly(
            "#  token  log p   log q  log q/p        0        student's top  teacher's top",
            "> 1  a      -1.00  -10.00    -9.00  <-----|        a 37%          c 90%",
            "2  b      -0.50   -0.50     0.00        |        b 61%  z 14%   b 61%  z 14%");
    assertThat(shown("inspect", run, "--worst")).isEqualTo(text);
    assertThat(shown("inspect", run, "--step", 7, "--sample", 1, "-q"))
        .isEqualTo(shown("inspect", run, "-q"));
    assertThat(shown("inspect", run, "--question", "q8"))
        .contains("Step 7, sample 2 of 2: the only one", "q8", "------|");
  }

  @Test
  void samplesOfFormerVersionsAndOfMethodsWithoutTeacherAreShown() throws IOException {
    Path file = run.resolve("samples.jsonl");
    String former = Files.readString(file);
    String without = former.replace(",\"student_top\":null,\"teacher_top\":null", "");
    assertThat(without).isNotEqualTo(former);
    Files.writeString(file, without);
    // and a kill has torn the last line
    Files.writeString(file, "{\"step\":4,\"quest", StandardOpenOption.APPEND);
    assertThat(shown("inspect", run, "--step", 2))
        .contains("max 4 9 2", "> 2  (", "less likely than the student")
        .doesNotContain("'s top");
    assertThat(shown("inspect", run, "--step", 2, "--sample", 2))
        .contains("this response has no target");

    Path grpo = folder.resolve("grpo");
    RunFixtures.run(grpo, 2, 900, .9, false);
    assertThat(shown("inspect", grpo))
        .contains("the first of 4 with the lowest reward", "no teacher reads responses", "log p")
        .doesNotContain("log q");
  }

  @Test
  void listsAndPrintsRecords() throws IOException {
    RunFixtures.addSample(run, sample(7, "q7", -9, null, null));
    assertThat(shown("inspect", run, "--list").lines())
        .hasSize(8)
        .anyMatch(l -> l.matches(" +7 +1 +0\\.25 +4\\.50 +q7 +a b"));
    assertThat(shown("inspect", run, "--list", "--step", 2).lines()).hasSize(3);
    JsonNode one = JsonMapper.shared().readTree(shown("inspect", run, "--json"));
    assertThat(one.path("sample").asInt()).isEqualTo(1);
    List<String> lines = Files.readAllLines(run.resolve("samples.jsonl"));
    SampleRecord record = Json.parse(lines.getLast(), SampleRecord.class);
    JsonMapper.shared()
        .readTree(Json.line(record))
        .properties()
        .forEach(e -> assertThat(one.path(e.getKey())).isEqualTo(e.getValue()));
    JsonNode all = JsonMapper.shared().readTree(shown("inspect", run, "--list", "--json"));
    assertThat(all.path("samples").size()).isEqualTo(7);
  }

  /** What a model wrote cannot move the cursor, and a token that is a line break is one row. */
  @Test
  void controlCharactersDoNotReachTheTerminal() throws IOException {
    RunFixtures.addSample(run, RunFixtures.sampleOf(9, "x\u001b[2Jy", "\n\u0007", "\u009b31m"));
    String text = shown("inspect", run, "--step", 9) + shown("inspect", run, "--list");
    assertThat(text).contains("x\\x1b[2Jy", "\\n\\x07", "\\x9b31m");
    assertThat(text.chars()).noneMatch(c -> Character.isISOControl(c) && c != '\n');
  }

  @Test
  void saysWhatThereIsInstead() throws IOException {
    assertThat(refused("inspect", run, "--step", 9)).contains("--step 9", "steps 1 to 3");
    RunFixtures.addSample(run, sample(7, "q7", -1, null, null));
    assertThat(refused("inspect", run, "--step", 4)).contains("steps 1 to 3, 7");
    assertThat(refused("inspect", run, "--step", 2, "--sample", 3)).contains("samples 1 to 2");
    assertThat(refused("inspect", run, "--step", 7, "--sample", 0)).contains("samples 1 only");
    assertThat(refused("inspect", run, "--sample", 1)).contains("give --step N");
    assertThat(refused("inspect", run, "--question", "q9"))
        .contains("'max 4 9 2', 'rng 7 3 8', 'q7'");
    assertThat(Cli.run("inspect", run, "--worst", "--list").code()).isEqualTo(2);
    assertThat(refused("inspect", folder)).contains("several runs", run.toString());
    assertThat(refused("inspect", folder.resolve("none"))).contains("no such folder");
    Files.createDirectory(folder.resolve("empty"));
    assertThat(refused("inspect", folder.resolve("empty"))).contains("no metrics.jsonl");
    Files.delete(run.resolve("samples.jsonl"));
    assertThat(refused("inspect", run)).contains("no samples", "record.samples_per_step");
    Files.writeString(run.resolve("samples.jsonl"), "{\"step\": 3}\n");
    assertThat(refused("inspect", run))
        .contains("samples.jsonl", "step 3", "is damaged, or of another version");
  }
}
