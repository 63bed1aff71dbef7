package dev.hindsight.sdpo.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.code.sandbox.SandboxLimits;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Guards the environment as a whole, by scripted answers: right ones, nearly right ones, wrong. */
class CodeEnvironmentTest {
  private static CodeEnvironment environment;

  @BeforeAll
  static void open() {
    List<CodeProblem> sample = LiveCodeBench.sample();
    environment =
        new CodeEnvironment(
            "code-sample", sample, sample, 0, 8192, SandboxLimits.DEFAULT.withMemory(64));
  }

  @AfterAll
  static void close() {
    environment.close();
  }

  /** Our own solver of the sample. */
  private static String solution(String id) throws IOException {
    try (InputStream in =
        CodeEnvironmentTest.class.getResourceAsStream("solutions/" + id + ".java")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String fenced(String code) {
    return "The idea is simple.\n\n```java\n" + code + "\n```\n";
  }

  private static Question question(String id) {
    return environment.trainQuestions().stream()
        .filter(q -> q.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static Question all(String id) {
    return environment.testQuestions().stream()
        .filter(q -> q.id().equals(id + "/all-tests"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theSolverPassesEveryTest() throws IOException {
    List<Question> questions = new ArrayList<>(environment.trainQuestions());
    questions.addAll(environment.testQuestions());
    assertThat(questions).hasSize(16);
    for (Question question : questions) {
      String response = fenced(solution(question.id().split("/")[0]));
      Verdict verdict = environment.judge(question, response, true);
      assertThat(verdict.reward()).as(question.id() + ": " + verdict.feedback()).isEqualTo(1);
      assertThat(verdict.feedback()).isEmpty();
      assertThat(verdict.details()).containsEntry("outcome", "passed");
    }
  }

  /** What trains for days, or searches again and again, would gather them otherwise. */
  @Test
  void theSandboxesProcessesEndWhenItIsClosed() throws Exception {
    List<CodeProblem> sample = LiveCodeBench.sample();
    Set<ProcessHandle> before = ProcessHandle.current().children().collect(Collectors.toSet());
    List<ProcessHandle> workers;
    try (Environment own =
        new CodeEnvironment("own", sample, sample, 0, 64, SandboxLimits.DEFAULT.withWorkers(1))) {
      Verdict verdict = own.judge(all("best-window"), fenced(solution("best-window")), true);
      assertThat(verdict.reward()).isEqualTo(1);
      workers = ProcessHandle.current().children().filter(p -> !before.contains(p)).toList();
      assertThat(workers).hasSizeGreaterThanOrEqualTo(2).allMatch(ProcessHandle::isAlive);
    }
    for (ProcessHandle worker : workers) {
      worker.onExit().get(10, TimeUnit.SECONDS);
      assertThat(worker.isAlive()).isFalse();
    }
  }

  @Test
  void oneWrongTestIsEnoughForNoReward() throws IOException {
    String overflows = solution("best-window").replace("long sum", "int sum");
    Verdict verdict = environment.judge(all("best-window"), fenced(overflows), true);
    assertThat(verdict.reward()).isZero();
    assertThat(verdict.details()).containsEntry("passed", "5/6");
    assertThat(verdict.feedback())
        .isEqualTo(
            """
            Test Case 3: Wrong Answer

            Input
            [1000000000, 1000000000, 1000000000, 1000000000, 1000000000]
            5

            Output
            705032704

            Expected
            5000000000""");
  }

  @Test
  void exceptionsAreShownWithTheirLines() throws IOException {
    String fails =
        solution("run-lengths")
            .replace("out.append(text.charAt(i));", "out.append(text.charAt(j));");
    Verdict verdict = environment.judge(all("run-lengths"), fenced(fails), true);
    assertThat(verdict.feedback())
        .isEqualTo(
            """
            Runtime Error
            StringIndexOutOfBoundsException: Index 1 out of bounds for length 1
                out.append(text.charAt(j));
            Line 6 in runLengths (Solution.java)

            Last Executed Input
            "z"
            """
                .strip());
    assertThat(verdict.details())
        .containsEntry("outcome", "runtime-error")
        .containsEntry("passed", "1/7");
  }

  @Test
  void whatASolutionPrintsBesideItsResultIsDebugOutput() {
    String code =
        """
        class Solution {
          public long bestWindow(int[] numbers, int k) {
            System.out.println("k is " + k);
            System.err.println("n is " + numbers.length);
            return -1;
          }
        }
        """;
    assertThat(environment.judge(question("best-window"), fenced(code), true).feedback())
        .contains("Output\n-1\n", "\n\nDebug Output\nk is ", "\nn is ");
    String program =
        "class Solution { public static void main(String[] a) { System.err.println(\"here\");"
            + " System.out.println(-1); } }";
    assertThat(environment.judge(question("busy-rooms"), fenced(program), true).feedback())
        .contains("Output\n-1\n", "\n\nDebug Output\nhere");
  }

  @Test
  void compileErrorsAreShownWithTheirLines() {
    String code =
        "class Solution {\n  public char lonelyLetter(List<String> words) {\n    return 0;\n  }\n}";
    assertThat(environment.judge(question("lonely-letter"), fenced(code), true).feedback())
        .startsWith("Compile Error\nerror: cannot find symbol\n")
        .contains("class List")
        .endsWith("    public char lonelyLetter(List<String> words) {\nLine 2 (Solution.java)");
  }

  @Test
  void aResponseWithoutCodeIsToldSo() {
    Question question = question("way-out");
    assertThat(environment.judge(question, "I think it is 3.", true).feedback())
        .isEqualTo(CodeFeedback.INCORRECT);
    assertThat(environment.judge(question, "```java\nclass Solution {", false).feedback())
        .isEqualTo(CodeFeedback.TRUNCATED);
  }

  /** Styles of programs that a policy may write, and that are all right. */
  @Test
  void programsOfSeveralStylesAreRight() throws IOException {
    String body = solution("way-out");
    String statik =
        "import java.util.*;\nclass Main {\npublic "
            + body.substring(body.indexOf("void main"))
                .replace("void main()", "static void main(String[] args)")
            + "\n}";
    String other = statik.replace("class Main", "public class WayOut");
    String instance =
        "import java.util.*;\nclass Solution {\n"
            + body.substring(body.indexOf("void main"))
            + "\n}";
    for (String program : List.of(body, statik, other, instance)) {
      Verdict verdict = environment.judge(all("way-out"), fenced(program), true);
      assertThat(verdict.reward()).as(program + verdict.feedback()).isEqualTo(1);
    }
  }

  /** What the allowlist must let through: each of these needs a bootstrap method or a helper. */
  @Test
  void theLanguageIsAllThere() {
    String code =
        """
        import java.util.*;
        import java.util.function.*;
        import java.util.stream.*;

        class Solution {
          sealed interface Shape permits Square, Box {}
          record Square(int side) implements Shape {}
          record Box(int a, int b) implements Shape {}
          enum Mode { ONE, TWO { @Override int f() { return 2; } }; int f() { return 1; } }
          static <T extends Comparable<T>> T most(List<T> list) { return Collections.max(list); }

          public String runLengths(String text) {
            Shape shape = text.isEmpty() ? new Square(2) : new Box(1, 2);
            int area = switch (shape) { case Square(int s) -> s * s; case Box b when b.a() > 5 -> 0; case Box(int a, int b) -> a * b; };
            Object o = area;
            String kind = switch (o) { case Integer i when i > 3 -> "big"; case Integer i -> "small"; default -> "none"; };
            String word = switch (kind) { case "big", "small" -> kind + "!" + shape; default -> throw new IllegalStateException(); };
            Mode mode = Mode.valueOf("TWO");
            int f = switch (mode) { case ONE -> 1; case TWO -> mode.f(); };
            assert f == 2 : word;
            Supplier<List<String>> maker = ArrayList::new;
            List<String> list = maker.get();
            list.add(word);
            BiFunction<Integer, Integer, Integer> add = Integer::sum;
            Map<Boolean, List<Integer>> parts = IntStream.rangeClosed(1, 9).boxed().collect(Collectors.partitioningBy(x -> x % 2 == 0));
            int[][] grid = new int[3][4];
            int[] copy = grid[0].clone();
            Iterator<Integer> it = new Iterator<>() { int n = 3; public boolean hasNext() { return n > 0; } public Integer next() { return n--; } };
            for (Iterable<Integer> all = () -> it; it.hasNext(); ) { for (int x : all) copy[0] += x; }
            try (AutoCloseable c = () -> list.clear()) { copy[1] = add.apply(1, 2); } catch (Exception e) { throw new RuntimeException(e); }
            synchronized (this) { copy[2] = most(List.of(4, 7, 5)); }
            StringBuilder out = new StringBuilder();
            for (int i = 0, j; i < text.length(); i = j) {
              for (j = i; j < text.length() && text.charAt(j) == text.charAt(i); j++) {}
              out.append(text.charAt(i));
              if (j - i > 1) out.append(j - i);
            }
            if (copy[0] != 6 || copy[1] != 3 || copy[2] != 7 || parts.get(true).size() != 4 || !list.isEmpty()) return "?";
            return String.format(Locale.ROOT, "%s", out);
          }
        }
        """;
    Verdict verdict = environment.judge(all("run-lengths"), fenced(code), true);
    assertThat(verdict.reward()).as(verdict.feedback()).isEqualTo(1);
  }

  @Test
  void trainingSeesHalfOfTheTests() {
    for (CodeProblem problem : LiveCodeBench.sample()) {
      List<CodeTest> half = CodeEnvironment.trainTests(problem, 0);
      assertThat(half).hasSize(problem.tests().size() / 2).isSubsetOf(problem.tests());
      assertThat(CodeEnvironment.trainTests(problem, 0)).isEqualTo(half);
    }
    CodeProblem one = new CodeProblem("one", "s", "", null, List.of(new CodeTest("1", "1")));
    assertThat(CodeEnvironment.trainTests(one, 0)).hasSize(1);
    // each of 10 tests is in one of 50 halves, but for a chance of 10 / 2^50
    CodeProblem ten =
        new CodeProblem(
            "ten",
            "s",
            "",
            null,
            IntStream.range(0, 10).mapToObj(i -> new CodeTest("" + i, "" + i)).toList());
    Set<CodeTest> seen = new HashSet<>();
    for (int seed = 0; seed < 50; seed++) {
      List<CodeTest> half = CodeEnvironment.trainTests(ten, seed);
      assertThat(half).hasSize(5);
      seen.addAll(half);
    }
    assertThat(seen).hasSize(10);
  }

  @Test
  void theTestScoreTakesAllTests() {
    Question question = question("busy-rooms");
    assertThat(environment.records(question, fenced("class Solution { void main() {} }"), true))
        .hasSize(3);
    assertThat(
            environment.records(
                all("busy-rooms"), fenced("class Solution { void main() {} }"), true))
        .hasSize(6);
  }

  @Test
  void promptsSayWhatIsAsked() {
    assertThat(question("best-window").text())
        .contains(
            "expert Java programmer", "1 second", "public long bestWindow(int[] numbers, int k)")
        .endsWith("```java\n// your code\n```");
    assertThat(question("busy-rooms").text()).contains("standard input").doesNotContain("Complete");
    assertThat(all("busy-rooms").text()).isEqualTo(question("busy-rooms").text());
  }

  @Test
  void manyAtOnceAreJudgedInTheirOrder() throws IOException {
    List<Environment.Response> responses = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      for (Question question : environment.trainQuestions()) {
        responses.add(new Environment.Response(question, fenced(solution(question.id())), true));
        responses.add(new Environment.Response(question, fenced("class Solution {}"), true));
      }
    }
    List<Verdict> verdicts = environment.judgeAll(responses);
    assertThat(verdicts).hasSize(48);
    for (int i = 0; i < 48; i++) {
      assertThat(verdicts.get(i).reward()).isEqualTo(i % 2 == 0 ? 1 : 0);
    }
    assertThatThrownBy(
            () ->
                environment.judgeAll(
                    List.of(new Environment.Response(new Question("x", "y"), "", true))))
        .hasMessageContaining("question 'x'");
  }

  @Test
  void theDescriptionSaysWhatConfinesTheCode() {
    assertThat(environment.description())
        .startsWith("code-sample: 8 problems to learn from, 8 to test with; code runs in ")
        .contains("an allowlist over the class files")
        .contains("64 MB of heap")
        .contains(environment.sandbox().isolation().layers());
  }

  @Test
  void aForeignQuestionIsRefused() {
    assertThatThrownBy(() -> environment.judge(new Question("x", "y"), "", true))
        .hasMessageContaining("question 'x' is not one of this environment's");
  }

  @Test
  void whiteSpaceIsNormalised() {
    assertThat(CodeJudge.normalised(" 1  2\r\n3\t\n")).isEqualTo("1 2 3");
    assertThat(CodeJudge.normalised("\n")).isEmpty();
  }
}
