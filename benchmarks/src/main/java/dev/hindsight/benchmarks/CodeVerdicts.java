package dev.hindsight.benchmarks;

import dev.hindsight.sdpo.code.CodeEnvironment;
import dev.hindsight.sdpo.code.CodeProblem;
import dev.hindsight.sdpo.code.LiveCodeBench;
import dev.hindsight.sdpo.code.sandbox.SandboxLimits;
import dev.hindsight.sdpo.environment.Environment.Response;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * How long the code environment takes for a verdict: compiling, checking, running the six tests of
 * a problem, comparing.
 *
 * <pre>
 *   java -cp benchmarks/target/bench.jar dev.hindsight.benchmarks.CodeVerdicts [verdicts]
 * </pre>
 */
final class CodeVerdicts {
  private static final String RIGHT =
      """
      ```java
      class Solution {
        public long bestWindow(int[] numbers, int k) {
          long sum = 0;
          for (int i = 0; i < k; i++) sum += numbers[i];
          long best = sum;
          for (int i = k; i < numbers.length; i++) {
            sum += numbers[i] - numbers[i - k];
            best = Math.max(best, sum);
          }
          return best;
        }
      }
      ```
      """;

  private static final String LOOPS =
      "```java\nclass Solution { long bestWindow(int[] a, int k) { while (true) {} } }\n```";

  private CodeVerdicts() {}

  public static void main(String[] args) {
    int count = args.length == 0 ? 200 : Integer.parseInt(args[0]);
    List<CodeProblem> sample = LiveCodeBench.sample();
    SandboxLimits limits = SandboxLimits.DEFAULT.withTime(2000, 2000);
    long began = System.nanoTime();
    try (CodeEnvironment environment =
        new CodeEnvironment("code", sample, sample, 0, 8192, limits)) {
      say("sandbox tried out: %.0f ms; %s", millis(began), environment.sandbox().layers());
      Question question =
          environment.testQuestions().stream()
              .filter(q -> q.id().startsWith("best-window"))
              .findFirst()
              .orElseThrow();
      say("first verdict, which starts two children: %.0f ms", judge(environment, question, RIGHT));
      double[] times = new double[count];
      for (int i = 0; i < count; i++) {
        times[i] = judge(environment, question, RIGHT);
      }
      double[] last = Arrays.copyOfRange(times, count / 2, count);
      Arrays.sort(last);
      say(
          "one at a time, the second half of %d: median %.1f ms, 90th percentile %.1f ms",
          count, last[last.length / 2], last[last.length * 9 / 10]);
      List<Response> all = Collections.nCopies(count, new Response(question, RIGHT, true));
      environment.judgeAll(all);
      long start = System.nanoTime();
      for (Verdict verdict : environment.judgeAll(all)) {
        require(verdict.reward() == 1);
      }
      say("%d workers: %.1f ms a verdict", limits.workers(), millis(start) / count);
      long late = System.nanoTime();
      require(environment.judge(question, LOOPS, true).reward() == 0);
      double looping = millis(late);
      double after = judge(environment, question, RIGHT);
      say(
          "one that loops, limit 2 s: %.0f ms; the next, with a new child: %.0f ms",
          looping, after);
    }
  }

  private static double judge(CodeEnvironment environment, Question question, String response) {
    long start = System.nanoTime();
    Verdict verdict = environment.judge(question, response, true);
    if (verdict.reward() != 1) {
      throw new IllegalStateException("expected a right answer, got: " + verdict);
    }
    return millis(start);
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new IllegalStateException("the verdict was wrong");
    }
  }

  private static double millis(long since) {
    return (System.nanoTime() - since) * 1e-6;
  }

  private static void say(String line, Object... values) {
    System.out.println(String.format(Locale.ROOT, line, values));
  }
}
