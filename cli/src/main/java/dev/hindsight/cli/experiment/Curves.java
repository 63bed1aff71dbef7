package dev.hindsight.cli.experiment;

import dev.hindsight.cli.report.Curve;
import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.cli.report.RunRecord;
import dev.hindsight.sdpo.evaluation.Band;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;

/** Learning curves of several seeds as one line with a band. */
public final class Curves {
  private Curves() {}

  /**
   * Mean accuracy and interval at each evaluation. A run that ended early, with accuracy enough,
   * keeps its last.
   *
   * @throws IOException when the runs were evaluated at different places
   */
  public static ExperimentPage.Line of(String label, RunGroup runs) throws IOException {
    List<Curve> curves = runs.records().stream().map(RunRecord::curve).toList();
    List<Double> x =
        curves.stream()
            .map(Curve::generations)
            .max(Comparator.comparingInt(List::size))
            .orElseThrow();
    for (Curve curve : curves) {
      List<Double> its = curve.generations();
      if (!its.equals(x.subList(0, its.size()))) {
        throw new IOException(
            label + ": its runs were evaluated at different generations; they have one setting");
      }
    }
    double[] xs = new double[x.size()];
    double[] mean = new double[xs.length];
    double[] low = new double[xs.length];
    double[] high = new double[xs.length];
    for (int i = 0; i < xs.length; i++) {
      int at = i;
      Band band = Band.of(curves.stream().mapToDouble(c -> accuracy(c, at)).toArray());
      xs[i] = x.get(i);
      mean[i] = band.mean();
      low[i] = band.low();
      high[i] = band.high();
    }
    return new ExperimentPage.Line(label, xs, mean, low, high);
  }

  private static double accuracy(Curve curve, int at) {
    List<Double> all = curve.accuracies();
    return all.get(Math.min(at, all.size() - 1));
  }
}
