package dev.hindsight.cli.experiment;

import dev.hindsight.sdpo.evaluation.Band;
import java.util.List;

/**
 * One metric of several runs that differ by their seed.
 *
 * @param metric what was measured
 * @param values one a seed, in the order of the seeds
 */
public record Measured(Metric metric, List<Metric.Value> values) {
  public Measured {
    values = List.copyOf(values);
  }

  /** Mean and bootstrap interval over the seeds; a level never reached counts as the budget. */
  public Band band() {
    return Band.of(numbers());
  }

  /** The values alone. */
  public double[] numbers() {
    return values.stream().mapToDouble(Metric.Value::value).toArray();
  }

  /** Runs that reached the level; all of them for metrics that are no level. */
  public long reached() {
    return values.stream().filter(Metric.Value::reached).count();
  }

  /** The band in words: {@code 1,047 [1,020 to 1,071]}, and how many runs never got there. */
  public String text() {
    Band band = band();
    String text = metric.format(band.mean());
    if (values.size() > 1) {
      text += " [" + metric.format(band.low()) + " to " + metric.format(band.high()) + "]";
    }
    long never = values.size() - reached();
    return never == 0 ? text : text + " (" + never + " of " + values.size() + " never)";
  }

  /** Whether this is better than another by its mean. */
  boolean betterThan(Measured other) {
    double here = band().mean();
    double there = other.band().mean();
    return metric.lowerIsBetter() ? here < there : here > there;
  }
}
