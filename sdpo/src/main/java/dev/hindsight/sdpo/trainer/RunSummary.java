package dev.hindsight.sdpo.trainer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a run: {@code summary.json}.
 *
 * @param method as in the configuration
 * @param environment the environment's name
 * @param seed of the run
 * @param backend that computed it; where a resume changed it all of them, in the order of their
 *     first steps, joined by ", then "
 * @param steps generation steps done
 * @param complete whether all steps of the configuration are done; false after a stop
 * @param generations rollouts sampled
 * @param baseAccuracy exact held-out accuracy before training; null when not evaluated
 * @param finalAccuracy after the last step; null when not evaluated
 * @param bestAccuracy the largest of any evaluation
 * @param bestStep where that was
 * @param generationsToHalf generations until accuracy .5, linearly interpolated between
 *     evaluations; null when never reached
 * @param generationsToNinety the same for .9
 * @param baseTeacherAccuracy accuracy of the self-teacher before training
 * @param initialGap KL(student || teacher) before training, as the first step's {@code
 *     initial_gap}; null for a method whose teacher reads nothing
 * @param wallSeconds clock time of the run: of this process, and of the steps done before a resume
 * @param alarms every different alarm of the run, with the step that raised it first
 */
public record RunSummary(
    String method,
    String environment,
    long seed,
    String backend,
    int steps,
    boolean complete,
    long generations,
    @Nullable Double baseAccuracy,
    @Nullable Double finalAccuracy,
    @Nullable Double bestAccuracy,
    @Nullable Integer bestStep,
    @Nullable Double generationsToHalf,
    @Nullable Double generationsToNinety,
    @Nullable Double baseTeacherAccuracy,
    @Nullable Double initialGap,
    double wallSeconds,
    List<String> alarms) {

  /**
   * Generations until the accuracy passes {@code level} for the first time, linearly interpolated
   * between evaluations; null when it never does.
   */
  public static @Nullable Double generationsTo(double level, List<StepMetrics> metrics) {
    StepMetrics before = null;
    for (StepMetrics m : metrics) {
      Double now = m.accuracy();
      if (now == null) {
        continue;
      }
      if (now >= level) {
        if (before == null) {
          return (double) m.generations();
        }
        double former = before.accuracy();
        double share = (level - former) / (now - former);
        return before.generations() + share * (m.generations() - before.generations());
      }
      before = m;
    }
    return null;
  }
}
