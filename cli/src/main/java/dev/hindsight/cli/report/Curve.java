package dev.hindsight.cli.report;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Held-out accuracy against generations (rollouts sampled for training), at the evaluations of one
 * run.
 *
 * @param generations ascending
 * @param accuracies fractions, one for each
 */
public record Curve(List<Double> generations, List<Double> accuracies) {
  public Curve {
    generations = List.copyOf(generations);
    accuracies = List.copyOf(accuracies);
    if (generations.size() != accuracies.size()) {
      throw new IllegalArgumentException(
          "Curve: " + generations.size() + " generations, " + accuracies.size() + " accuracies");
    }
  }

  /**
   * With the accuracy of the model that the run started from, where the run has not evaluated it.
   */
  public Curve startingAt(double accuracy) {
    if (generations.isEmpty() || generations.getFirst() == 0) {
      return this;
    }
    List<Double> x = new ArrayList<>(List.of(0.0));
    List<Double> y = new ArrayList<>(List.of(accuracy));
    x.addAll(generations);
    y.addAll(accuracies);
    return new Curve(x, y);
  }

  /**
   * Generations until accuracy first reaches {@code level}, by a straight line between the
   * evaluations on both sides; null when it never does.
   */
  public @Nullable Double generationsTo(double level) {
    for (int i = 0; i < accuracies.size(); i++) {
      double y = accuracies.get(i);
      if (y >= level) {
        if (i == 0) {
          return generations.getFirst();
        }
        double before = accuracies.get(i - 1);
        double share = (level - before) / (y - before);
        double from = generations.get(i - 1);
        return from + share * (generations.get(i) - from);
      }
    }
    return null;
  }

  /** Accuracy at the last evaluation; null without one. */
  public @Nullable Double last() {
    return accuracies.isEmpty() ? null : accuracies.getLast();
  }

  /** The best accuracy at any evaluation; null without one. */
  public @Nullable Double best() {
    return accuracies.stream().max(Double::compare).orElse(null);
  }
}
