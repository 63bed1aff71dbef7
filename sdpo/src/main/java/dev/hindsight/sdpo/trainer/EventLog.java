package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.sdpo.run.TensorBoardLog;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The metrics of a run for TensorBoard, grouped as {@code docs/guide/metrics.md} groups them. */
final class EventLog {
  private static final Map<String, String> GROUPS = groups();

  private EventLog() {}

  private static Map<String, String> groups() {
    Map<String, List<String>> keys =
        Map.of(
            "held_out",
            List.of("accuracy", "avg_at_n", "teacher_accuracy"),
            "answers",
            List.of("generations", "train_reward", "response_length", "finished_fraction"),
            "signal",
            List.of(
                "signal_group_fraction",
                "success_group_fraction",
                "varied_group_fraction",
                "success_sample_fraction",
                "feedback_available_fraction",
                "feedback_used_fraction",
                "reprompt_sample_fraction",
                "truncated_prompts",
                "empty_target"),
            "update",
            List.of(
                "loss",
                "grad_norm",
                "entropy",
                "teacher_gap",
                "ratio_max",
                "learning_rate",
                "optimizer_steps"));
    Map<String, String> groups = new LinkedHashMap<>();
    keys.forEach((group, members) -> members.forEach(key -> groups.put(key, group)));
    return groups;
  }

  /**
   * Begins the event file with the steps that the run has done.
   *
   * <p>No record holds the time of a step, only how long it took. So the steps so far are dated
   * back from now as if the run had never stood still, and TensorBoard's time axis is that of
   * computing.
   */
  static TensorBoardLog open(RunFolder run) throws IOException {
    List<StepMetrics> past = run.readMetrics(StepMetrics.class);
    double[] wallTimes = new double[past.size()];
    List<StepTimings> timings = run.readTimings(StepTimings.class);
    double now = System.currentTimeMillis() * 1e-3;
    for (int i = 0; i < wallTimes.length; i++) {
      int step = past.get(i).step();
      double since =
          timings.stream()
              .filter(t -> t.step() > step)
              .mapToDouble(StepTimings::totalSeconds)
              .sum();
      wallTimes[i] = now - since;
    }
    return TensorBoardLog.open(run.path().resolve("tensorboard"), GROUPS, past, wallTimes);
  }
}
