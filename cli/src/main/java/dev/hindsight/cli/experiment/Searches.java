package dev.hindsight.cli.experiment;

import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.sdpo.evaluation.Band;
import dev.hindsight.sdpo.evaluation.Discovery;
import dev.hindsight.sdpo.trainer.TestTimeSearch.Found;
import dev.hindsight.sdpo.trainer.TestTimeSearch.Way;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Searches of one kind for several questions with several seeds.
 *
 * @param way how they looked
 * @param budget most attempts of each
 * @param found by seed, then by question
 */
public record Searches(Way way, long budget, List<List<Found>> found) {
  public Searches {
    found = found.stream().map(List::copyOf).toList();
  }

  /** Mean attempts to the first right answer over the questions, one a seed, capped. */
  public Measured attempts() {
    List<Metric.Value> values = new ArrayList<>();
    for (List<Found> ofSeed : found) {
      List<Long> first = ofSeed.stream().map(Found::first).toList();
      values.add(
          new Metric.Value(
              Discovery.cappedMean(first, budget), first.stream().anyMatch(t -> t <= budget)));
    }
    return new Measured(Metric.ATTEMPTS, values);
  }

  /**
   * discovery@k: the share of questions that have a right answer within k attempts, mean over seeds
   * with its interval. Of independent attempts this is the unbiased estimate of pass@k.
   */
  public Band at(long k) {
    return Band.of(found.stream().mapToDouble(ofSeed -> at(ofSeed, k)).toArray());
  }

  private double at(List<Found> ofSeed, long k) {
    return way == Way.BEST_OF_K
        ? ofSeed.stream()
            .mapToDouble(f -> Discovery.passAtK(f.attempts(), f.right(), k))
            .average()
            .orElseThrow()
        : Discovery.atK(ofSeed.stream().map(Found::first).toList(), k);
  }

  /** The smallest k at which the mean of discovery@k reaches a level; null when none does. */
  public @Nullable Long kTo(double level) {
    for (long k = 1; k <= budget; k++) {
      long at = k;
      double mean = found.stream().mapToDouble(s -> at(s, at)).average().orElseThrow();
      if (mean >= level) {
        return k;
      }
    }
    return null;
  }

  /** The curve at 1, 2, 4, ... and the budget, three points a doubling. */
  public ExperimentPage.Line curve(String label) {
    List<Long> ks = new ArrayList<>();
    for (double k = 1; k < budget; k *= Math.cbrt(2)) {
      if (ks.isEmpty() || Math.round(k) > ks.getLast()) {
        ks.add(Math.round(k));
      }
    }
    if (ks.isEmpty() || ks.getLast() < budget) {
      ks.add(budget);
    }
    List<Band> bands = ks.stream().map(this::at).toList();
    return new ExperimentPage.Line(
        label,
        ks.stream().mapToDouble(k -> k).toArray(),
        bands.stream().mapToDouble(Band::mean).toArray(),
        bands.stream().mapToDouble(Band::low).toArray(),
        bands.stream().mapToDouble(Band::high).toArray());
  }
}
