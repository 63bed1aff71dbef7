package dev.hindsight.cli.experiment;

import dev.hindsight.cli.report.Curve;
import dev.hindsight.cli.report.Figures;
import dev.hindsight.cli.report.RunRecord;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A number that sums a finished run up. */
public enum Metric {
  /** Answers sampled for training until exact held-out accuracy first reaches one half. */
  GENERATIONS_TO_HALF("generations to .5", true, true),
  /** The same for nine tenths. */
  GENERATIONS_TO_NINE_TENTHS("generations to .9", true, true),
  /** Held-out accuracy of the base. */
  INITIAL_ACCURACY("accuracy before training", false, false),
  /** Exact held-out accuracy after the last step. */
  FINAL_ACCURACY("final accuracy", false, false),
  /**
   * Accuracy averaged over the run's evaluations: early and lasting success alike, no threshold.
   */
  MEAN_ACCURACY("mean accuracy over the run", false, false),
  /** The best accuracy at any evaluation: optimistic, as every maximum is. */
  BEST_ACCURACY("best accuracy", false, false),
  /** Accuracy of the self-teacher after the last step, on its fixed prompts. */
  TEACHER_ACCURACY("final accuracy of the teacher", false, false),
  /** The same, less what it was before training. */
  TEACHER_GAIN("gain of the teacher", false, false),
  /** KL(student || teacher) a token before anything was learned. */
  INITIAL_GAP("gap before training", false, false),
  /** Accuracy of the base as its own teacher after one failed attempt. */
  BASE_TEACHER_ACCURACY("accuracy of the base given feedback", false, false),
  /** Attempts of a search to its first right answer, mean over questions. */
  ATTEMPTS("attempts to the first right answer", true, true),
  /** Entropy of the policy over the last step's answers, nats a token. */
  FINAL_ENTROPY("final entropy", true, false),
  /** Mean length of the first step's answers, which the base gave, tokens. */
  INITIAL_LENGTH("length before training", true, false),
  /** Mean length of the last step's answers, tokens. */
  FINAL_LENGTH("final length", true, false),
  /**
   * Clock time of a training step, evaluation left out: the median of the steps after the first
   * third, in which the just-in-time compiler has its share.
   */
  SECONDS_PER_STEP("seconds a step", true, false),
  /**
   * Rise of the held-out loss on documents of dialects that nobody trained on, over the base's:
   * nats a token.
   */
  FORGETTING("rise of the held-out loss on other dialects", true, false);

  /** Where a run's folder keeps what was measured on the finished model. */
  public static final String AFTERWARDS = "afterwards.json";

  private final String label;
  private final boolean lowerIsBetter;
  private final boolean counts;

  Metric(String label, boolean lowerIsBetter, boolean counts) {
    this.label = label;
    this.lowerIsBetter = lowerIsBetter;
    this.counts = counts;
  }

  /** The name for people. */
  public String label() {
    return label;
  }

  public boolean lowerIsBetter() {
    return lowerIsBetter;
  }

  /** Whether it counts answers and may never be reached, which then counts as the budget. */
  public boolean counts() {
    return counts;
  }

  /** Whether only a run with a self-teacher has it. */
  public boolean isOfTheTeacher() {
    return this == TEACHER_ACCURACY
        || this == TEACHER_GAIN
        || this == INITIAL_GAP
        || this == BASE_TEACHER_ACCURACY;
  }

  /** The name in a configuration file. */
  public String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * A run's number.
   *
   * @param value finite
   * @param reached false for a level that was never reached: the value is then the budget
   */
  public record Value(double value, boolean reached) {}

  /**
   * The metric of a finished run.
   *
   * @throws IOException when the run did not record what this is made of
   */
  public Value of(RunRecord run) throws IOException {
    Value value = find(run);
    if (value == null) {
      throw new IOException(
          run.folder()
              + " recorded nothing that "
              + key()
              + " could be made of; is it measured for this method, and evaluation switched on?");
    }
    return value;
  }

  /** Whether a run has this number: one without a self-teacher has none of those about it. */
  public boolean isRecordedBy(RunRecord run) throws IOException {
    return find(run) != null;
  }

  private @Nullable Value find(RunRecord run) throws IOException {
    Double value =
        switch (this) {
          case GENERATIONS_TO_HALF -> curve(run).generationsTo(.5);
          case GENERATIONS_TO_NINE_TENTHS -> curve(run).generationsTo(.9);
          case INITIAL_ACCURACY -> first(run.column("accuracy"));
          case FINAL_ACCURACY -> curve(run).last();
          case MEAN_ACCURACY ->
              curve(run).accuracies().stream().mapToDouble(a -> a).average().orElseThrow();
          case BEST_ACCURACY -> curve(run).best();
          case TEACHER_ACCURACY -> last(run.column("teacher_accuracy"));
          case TEACHER_GAIN -> gain(run.column("teacher_accuracy"));
          case INITIAL_GAP -> number(run.summary().path("initial_gap"));
          case BASE_TEACHER_ACCURACY -> first(run.column("teacher_accuracy"));
          case ATTEMPTS -> null; // of searches, which are no runs
          case FINAL_ENTROPY -> last(run.column("entropy"));
          case INITIAL_LENGTH -> first(run.column("response_length"));
          case FINAL_LENGTH -> last(run.column("response_length"));
          case SECONDS_PER_STEP -> secondsPerStep(run);
          case FORGETTING -> afterwards(run, "held_out_loss_rise");
        };
    if (value != null) {
      return new Value(value, true);
    }
    Double budget = this == ATTEMPTS ? null : last(run.column("generations"));
    return counts && budget != null ? new Value(budget, false) : null;
  }

  private static Curve curve(RunRecord run) throws IOException {
    Curve curve = run.curve();
    if (curve.accuracies().isEmpty()) {
      throw new IOException(
          run.folder() + " was never evaluated; set evaluation.test_freq to 1, or leave it out");
    }
    return curve;
  }

  private static @Nullable Double first(List<@Nullable Double> column) {
    return column.stream().filter(Objects::nonNull).findFirst().orElse(null);
  }

  private static @Nullable Double last(List<@Nullable Double> column) {
    return first(column.reversed());
  }

  private static @Nullable Double gain(List<@Nullable Double> column) {
    Double first = first(column);
    Double last = last(column);
    return first == null || last == null ? null : last - first;
  }

  private static @Nullable Double secondsPerStep(RunRecord run) throws IOException {
    List<JsonNode> timings = run.timings();
    double[] seconds =
        timings.stream()
            .skip(timings.size() / 3)
            .mapToDouble(
                t -> t.path("rollout_seconds").asDouble(0) + t.path("update_seconds").asDouble(0))
            .sorted()
            .toArray();
    return seconds.length == 0 ? null : seconds[seconds.length / 2];
  }

  private static @Nullable Double afterwards(RunRecord run, String key) throws IOException {
    return number(RunRecord.json(run.folder().resolve(AFTERWARDS)).path(key));
  }

  private static @Nullable Double number(JsonNode value) {
    return value.isNumber() ? Double.valueOf(value.doubleValue()) : null;
  }

  /** A value as people read it. */
  public String format(double value) {
    return switch (this) {
      case GENERATIONS_TO_HALF, GENERATIONS_TO_NINE_TENTHS, ATTEMPTS -> Figures.count(value);
      case INITIAL_ACCURACY,
          FINAL_ACCURACY,
          MEAN_ACCURACY,
          BEST_ACCURACY,
          TEACHER_ACCURACY,
          BASE_TEACHER_ACCURACY ->
          Figures.percent(value);
      case TEACHER_GAIN ->
          (value < 0 ? "-" : "+") + Figures.percent(Math.abs(value)).replace(" %", " points");
      case INITIAL_LENGTH, FINAL_LENGTH -> String.format(Locale.ROOT, "%.1f", value);
      case INITIAL_GAP, FINAL_ENTROPY, SECONDS_PER_STEP, FORGETTING ->
          String.format(Locale.ROOT, "%.3f", value);
    };
  }
}
