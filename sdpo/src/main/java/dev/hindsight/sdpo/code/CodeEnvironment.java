package dev.hindsight.sdpo.code;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.code.sandbox.Sandbox;
import dev.hindsight.sdpo.code.sandbox.SandboxLimits;
import dev.hindsight.sdpo.environment.AnswerKey;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Programming problems, solved in Java and judged by running their tests in a {@link Sandbox}.
 * Reward is 1 when every test is passed, else 0; feedback is {@link CodeFeedback}.
 *
 * <p>As in the paper, training judges by a fixed random half of each problem's tests, and the test
 * score by all of them: the questions are the same, and the tests that training held back tell
 * whether it overfits to tests. This is no split by question; give the test problems a file of
 * their own for that.
 *
 * <p>Verdicts are pure functions of question and response, but for programs near a limit of time.
 *
 * <p>Children of the sandbox end when this is closed, or with the process.
 */
public final class CodeEnvironment implements Environment {
  /** The paper's longest response, in tokens. */
  public static final int MAX_RESPONSE_TOKENS = 8192;

  private static final long TESTS_STREAM = 0x636F_6465_7465_7374L;

  /** A question with the tests that judge it. */
  private record Task(CodeProblem problem, List<CodeTest> tests) {}

  private final String name;
  private final int maxResponseTokens;
  private final Sandbox sandbox;
  private final CodeJudge judge;
  private final AnswerKey<Task> tasks;
  private final List<Question> train = new ArrayList<>();
  private final List<Question> test = new ArrayList<>();

  /**
   * @param name for records and tables
   * @param problems to learn from
   * @param testProblems to test with; the same list for the paper's setting
   * @param testSeed decides which half of a problem's tests training sees
   * @param maxResponseTokens the longest response, in tokens
   */
  public CodeEnvironment(
      String name,
      List<CodeProblem> problems,
      List<CodeProblem> testProblems,
      long testSeed,
      int maxResponseTokens,
      SandboxLimits limits) {
    this.name = name;
    this.maxResponseTokens = maxResponseTokens;
    this.tasks = new AnswerKey<>(name);
    for (CodeProblem problem : problems) {
      add(train, problem.id(), problem, trainTests(problem, testSeed));
    }
    for (CodeProblem problem : testProblems) {
      add(test, problem.id() + "/all-tests", problem, problem.tests());
    }
    this.sandbox = new Sandbox(limits);
    this.judge = new CodeJudge(sandbox);
  }

  private void add(List<Question> to, String id, CodeProblem problem, List<CodeTest> tests) {
    tasks.add(id, new Task(problem, tests));
    to.add(new Question(id, CodePrompt.text(problem)));
  }

  /** {@code max(1, n / 2)} of the tests, drawn without replacement, in their own order. */
  static List<CodeTest> trainTests(CodeProblem problem, long seed) {
    int n = problem.tests().size();
    int wanted = Math.max(1, n / 2);
    Philox random = new Philox(seed, TESTS_STREAM).split(problem.id());
    List<CodeTest> chosen = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      // of the n - i tests that are left, so many are still wanted
      if (random.nextInt(n - i) < wanted - chosen.size()) {
        chosen.add(problem.tests().get(i));
      }
    }
    return List.copyOf(chosen);
  }

  @Override
  public String name() {
    return name;
  }

  /** How many problems there are, and the layers of the sandbox that are active on this machine. */
  @Override
  public String description() {
    return name
        + ": "
        + train.size()
        + " problems to learn from, "
        + test.size()
        + " to test with; code runs in "
        + String.join("; ", sandbox.layers());
  }

  /** What runs the code, and the layers that confine it on this machine. */
  public Sandbox sandbox() {
    return sandbox;
  }

  @Override
  public List<Question> trainQuestions() {
    return List.copyOf(train);
  }

  @Override
  public List<Question> testQuestions() {
    return List.copyOf(test);
  }

  @Override
  public Verdict judge(Question question, String response, boolean finished) {
    List<TestRecord> records = records(question, response, finished);
    int tests = tasks.of(question).tests().size();
    long passed = records.stream().filter(r -> r instanceof TestRecord.Passed).count();
    Map<String, String> details = new LinkedHashMap<>();
    details.put("outcome", outcome(records));
    details.put("passed", passed + "/" + tests);
    return new Verdict(passed == tests ? 1 : 0, CodeFeedback.text(records), details);
  }

  /** At once, as many as the sandbox has children: most of the time goes into waiting for them. */
  @Override
  public List<Verdict> judgeAll(List<Response> responses) {
    List<Callable<Verdict>> tasks =
        responses.stream()
            .map(r -> (Callable<Verdict>) () -> judge(r.question(), r.text(), r.finished()))
            .toList();
    try (ExecutorService judges =
        Executors.newFixedThreadPool(sandbox.limits().workers(), CodeEnvironment::thread)) {
      List<Verdict> verdicts = new ArrayList<>();
      for (Future<Verdict> verdict : judges.invokeAll(tasks)) {
        verdicts.add(verdict.get());
      }
      return verdicts;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(name + ": interrupted while responses were judged", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(name + ": " + e.getCause().getMessage(), e.getCause());
    }
  }

  private static Thread thread(Runnable task) {
    return Thread.ofPlatform().name("code-judge").daemon(true).unstarted(task);
  }

  /** What every test said, however much of it the feedback tells. */
  public List<TestRecord> records(Question question, String response, boolean finished) {
    Task task = tasks.of(question);
    return judge.judge(task.problem(), task.tests(), response, finished);
  }

  /** The first kind of failure in the order of the feedback. */
  private static String outcome(List<TestRecord> records) {
    return records.stream()
        .map(
            r ->
                switch (r) {
                  case TestRecord.CompileError _ -> "0 compile-error";
                  case TestRecord.RuntimeError _ -> "1 runtime-error";
                  case TestRecord.TimeLimit _ -> "2 time-limit";
                  case TestRecord.Incorrect i -> i.truncated() ? "3 truncated" : "3 no-code";
                  case TestRecord.WrongAnswer _ -> "4 wrong-answer";
                  case TestRecord.Passed _ -> "5 passed";
                })
        .min(String::compareTo)
        .map(kind -> kind.substring(2))
        .orElse("none");
  }

  @Override
  public PromptRenderer renderer() {
    return PromptRenderer.between("<bos>", "<asst>");
  }

  @Override
  public int maxResponseTokens() {
    return maxResponseTokens;
  }

  @Override
  public void close() {
    sandbox.close();
  }
}
