package dev.hindsight.sdpo.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.hindsight.sdpo.code.sandbox.SandboxLimits;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Guards that no submitted program escapes, scores, or stops the judge, and that each is told what
 * it did. The programs stand in {@code hostile.txt}. Limits are short; the machine's own are the
 * heap of 48 MB.
 */
class HostileProgramsTest {
  private static final SandboxLimits LIMITS =
      new SandboxLimits(1000, 1000, 60_000, 48, 16, 65_536, 65_536, 1);

  private static final List<CodeTest> TESTS =
      List.of(new CodeTest("3", "6"), new CodeTest("0", "0"), new CodeTest("20", "40"));

  private static final Path ESCAPED = Path.of("/tmp/escaped");

  private static CodeEnvironment environment;

  @BeforeAll
  static void open() throws IOException {
    Files.deleteIfExists(ESCAPED);
    CodeProblem program = new CodeProblem("main", "Print twice the number.", "", null, TESTS);
    CodeProblem function =
        new CodeProblem(
            "function",
            "Give twice the number.",
            "class Solution {\n  public int twice(int n) {\n  }\n}",
            "twice",
            TESTS);
    List<CodeProblem> both = List.of(program, function);
    environment = new CodeEnvironment("hostile", both, both, 0, 8192, LIMITS);
  }

  @AfterAll
  static void close() {
    environment.close();
  }

  @AfterEach
  void nothingWasWritten() {
    assertThat(ESCAPED).doesNotExist();
  }

  private record Hostile(String name, String given, String[] beginnings, String says, String code) {
    String response() {
      String source =
          given.equals("main")
              ? "import java.io.*;\nimport java.util.*;\n\npublic class Solution {\n"
                  + "  public static void main(String[] arguments) throws Throwable {\n"
                  + code
                  + "\n  }\n}"
              : code;
      return given.equals("text") ? code : "```java\n" + source + "\n```";
    }
  }

  private static List<Hostile> programs() throws IOException {
    String text;
    try (InputStream in = HostileProgramsTest.class.getResourceAsStream("hostile.txt")) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    List<Hostile> programs = new ArrayList<>();
    for (String entry : text.split("(?m)^=== ")) {
      if (entry.startsWith("#")) {
        continue;
      }
      String[] parts = entry.split("\n", 2);
      String[] head =
          Arrays.stream(parts[0].split("\\|", -1)).map(String::strip).toArray(String[]::new);
      assertThat(head).as(parts[0]).hasSize(4);
      programs.add(
          new Hostile(
              head[0], head[1], head[2].split(" or "), head[3], repeated(parts[1].strip())));
    }
    return programs;
  }

  /** {@code {{3 ab}}} is {@code ababab}. */
  private static String repeated(String code) {
    return Pattern.compile("\\{\\{(\\d+) (.+?)}}(?!})")
        .matcher(code)
        .replaceAll(
            m ->
                java.util.regex.Matcher.quoteReplacement(
                    m.group(2).repeat(Integer.parseInt(m.group(1)))));
  }

  @TestFactory
  Stream<DynamicTest> eachIsToldWhatItDid() throws IOException {
    return programs().stream().map(p -> dynamicTest(p.name(), () -> check(p)));
  }

  private static void check(Hostile program) {
    Question question = environment.testQuestions().get(program.given().equals("function") ? 1 : 0);
    Verdict verdict = environment.judge(question, program.response(), true);
    assertThat(verdict.reward()).as(verdict.feedback()).isZero();
    assertThat(Arrays.stream(program.beginnings()).anyMatch(verdict.feedback()::startsWith))
        .as("begins with %s: %s", Arrays.toString(program.beginnings()), verdict.feedback())
        .isTrue();
    assertThat(verdict.feedback()).contains(program.says());
    assertThat(verdict.feedback().length()).isLessThanOrEqualTo(CodeFeedback.LONGEST);
  }

  @Test
  void thereAreAHundredAndMore() throws IOException {
    assertThat(programs())
        .hasSizeGreaterThan(100)
        .extracting(Hostile::name)
        .doesNotHaveDuplicates();
  }

  /** After any of them the next program is judged as if nothing had been. */
  @Test
  void theJudgeSurvivesThem() {
    String right =
        "class Solution { static int calls; public int twice(int n) { calls++; return 2 * n * calls; } }";
    Question function = environment.testQuestions().get(1);
    String loop = "class Solution { public int twice(int n) { while (true) {} } }";
    for (String before : List.of(loop, right)) {
      environment.judge(function, "```java\n" + before + "\n```", true);
      assertThat(environment.judge(function, "```java\n" + right + "\n```", true).reward())
          .as("statics begin anew with each test")
          .isEqualTo(1);
    }
  }
}
