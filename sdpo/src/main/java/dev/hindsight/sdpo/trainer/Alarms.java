package dev.hindsight.sdpo.trainer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Watches a run for collapse: what it sees in the metrics of the steps so far, and nothing else, so
 * that a resumed run raises the same alarms. Each alarm is one sentence with cause and remedy,
 * raised when its condition begins to hold.
 *
 * <p>The thresholds come from runs of the built-in experiments that drifted: low entropy alone is
 * no warning, healthy runs end at .02 to .04; entropy that rises again is.
 */
final class Alarms {
  /** Steps over which a quantity is averaged before it is judged. */
  private static final int WINDOW = 5;

  private final List<StepMetrics> history = new ArrayList<>();

  /** The step in which each alarm that holds was said last. */
  private final Map<String, Integer> raised = new HashMap<>();

  private final @Nullable Integer interval;

  /** Every alarm is said once. */
  Alarms() {
    this(null);
  }

  /**
   * @param interval steps after which an alarm that still holds is said again; null for never
   */
  Alarms(@Nullable Integer interval) {
    this.interval = interval;
  }

  /**
   * Takes in a step.
   *
   * @param metrics of the step, its own alarms not yet in
   * @param noSignal why no sample carries signal in this step; null when some do
   * @return the alarms that begin with this step
   */
  List<String> observe(StepMetrics metrics, @Nullable String noSignal) {
    if (metrics.step() > 0) {
      history.add(metrics);
    }
    List<String> begun = new ArrayList<>();
    raise(begun, "signal", noSignal);
    raise(begun, "gradient", gradient());
    raise(
        begun,
        "entropy",
        rebound(
            StepMetrics::entropy,
            .05,
            "entropy rises again, from %.3f to %.3f: the policy drifts; use a slower teacher"
                + " (teacher_update_rate .01, or trust-region) or a lower learning rate, and keep"
                + " checkpoints/best.safetensors"));
    raise(begun, "gap", gap());
    raise(begun, "length", length());
    raise(begun, "reward", rewardWithoutAccuracy());
    raise(begun, "teacher", teacher());
    return begun;
  }

  private void raise(List<String> begun, String name, @Nullable String message) {
    if (message == null) {
      raised.remove(name);
      return;
    }
    int step = history.isEmpty() ? 0 : history.getLast().step();
    Integer said = raised.get(name);
    if (said == null || (interval != null && step - said >= interval)) {
      raised.put(name, step);
      begun.add(message);
    }
  }

  private @Nullable String gradient() {
    if (history.isEmpty()) {
      return null;
    }
    Double now = history.getLast().gradNorm();
    if (now == null) {
      return "the gradient is not finite and the optimiser did not step; lower optim.lr, and look at"
          + " the loss of the steps before";
    }
    List<Double> before =
        recent(20).stream().map(StepMetrics::gradNorm).filter(g -> g != null).sorted().toList();
    double median = before.get(before.size() / 2);
    return before.size() >= 10 && now > 20 * median && now > 1
        ? said(
            "the gradient norm jumped to %.3g from a median of %.3g: one step may undo many; lower"
                + " optim.lr or optim.grad_clip",
            now, median)
        : null;
  }

  /** A windowed mean that has doubled from its minimum, by at least {@code least}. */
  private @Nullable String rebound(
      Function<StepMetrics, @Nullable Double> quantity, double least, String message) {
    double minimum = Double.POSITIVE_INFINITY;
    double now = Double.NaN;
    for (int end = WINDOW; end <= history.size(); end++) {
      now = mean(history.subList(end - WINDOW, end), quantity);
      minimum = Math.min(minimum, now);
    }
    return now > 2 * minimum && now > minimum + least ? said(message, minimum, now) : null;
  }

  private @Nullable String gap() {
    boolean taught = mean(recent(WINDOW), StepMetrics::repromptSampleFraction) > .5;
    return taught
        ? rebound(
            StepMetrics::teacherGap,
            .1,
            "the gap to the self-teacher grows again, from %.3f to %.3f, although most samples have a"
                + " target: student and teacher part; use a slower teacher or a lower learning rate")
        : null;
  }

  private @Nullable String length() {
    if (history.size() < 2 * WINDOW) {
      return null;
    }
    double first = mean(history.subList(0, WINDOW), StepMetrics::responseLength);
    double now = mean(recent(WINDOW), StepMetrics::responseLength);
    return now > 1.5 * first || now < first / 1.5
        ? said(
            "responses drifted from %.1f to %.1f tokens: training may favour that, or they no longer"
                + " answer; read some with ./hindsight inspect, and if they do not, use a slower"
                + " teacher or a lower learning rate",
            first, now)
        : null;
  }

  private @Nullable String rewardWithoutAccuracy() {
    if (history.size() < WINDOW || history.getLast().accuracy() == null) {
      return null;
    }
    double reward = mean(recent(WINDOW), StepMetrics::trainReward);
    double accuracy = mean(recent(WINDOW), StepMetrics::accuracy);
    return reward > accuracy + .2
        ? said(
            "training reward %.2f exceeds held-out accuracy %.2f by far: the policy learns the"
                + " training questions, or a hole in the verifier; read some"
                + " answers with ./hindsight inspect, and use more questions or mend the verifier",
            reward, accuracy)
        : null;
  }

  private @Nullable String teacher() {
    double best = 0;
    double now = Double.NaN;
    for (StepMetrics m : history) {
      Double accuracy = m.teacherAccuracy();
      if (accuracy != null) {
        now = accuracy;
        best = Math.max(best, now);
      }
    }
    return now < best - .2
        ? said(
            "the self-teacher got worse on its fixed probe, from %.2f to %.2f: it forgets how to use"
                + " feedback; use a slower teacher (teacher_update_rate .01, trust-region, frozen)",
            best, now)
        : null;
  }

  private List<StepMetrics> recent(int steps) {
    return history.subList(Math.max(0, history.size() - steps), history.size());
  }

  /** Mean over the steps that have the quantity; NaN when none has. */
  private static double mean(
      List<StepMetrics> steps, Function<StepMetrics, @Nullable Double> quantity) {
    double sum = 0;
    int count = 0;
    for (StepMetrics m : steps) {
      Double value = quantity.apply(m);
      if (value != null) {
        sum += value;
        count++;
      }
    }
    return sum / count;
  }

  private static String said(String message, Object... values) {
    return String.format(Locale.ROOT, message, values);
  }
}
