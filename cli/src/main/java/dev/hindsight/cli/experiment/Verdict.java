package dev.hindsight.cli.experiment;

import dev.hindsight.sdpo.evaluation.Band;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * What the numbers say about what was expected, in sentences. Two arms differ where their bands do
 * not overlap; everything else is told as undecided.
 */
public final class Verdict {
  /** How an expectation fared. */
  enum Outcome {
    HOLDS("holds"),
    UNDECIDED("is undecided: bands overlap"),
    FAILS("does not hold");

    final String words;

    Outcome(String words) {
      this.words = words;
    }
  }

  /** An expectation, judged. */
  private record Judged(Outcome outcome, String sentence) {}

  private final Definition definition;
  private final Results results;

  private Verdict(Definition definition, Results results) {
    this.definition = definition;
    this.results = results;
  }

  /** The sentences about all expectations of an experiment, and about its correlation. */
  public static String of(Definition definition, Results results) {
    Verdict verdict = new Verdict(definition, results);
    List<String> sentences = new ArrayList<>();
    for (Definition.Expectation e : definition.expect()) {
      sentences.add(verdict.judge(e).sentence);
    }
    if (definition.correlate() != null) {
      sentences.addAll(verdict.correlations(definition.correlate()));
    }
    int seeds =
        results.arms().values().iterator().next().values().iterator().next().values().size();
    if (seeds == 1) {
      sentences.add("One seed has no band: run it with --seeds 5 before you believe any of this.");
    }
    return String.join(" ", sentences);
  }

  private Judged judge(Definition.Expectation e) {
    Metric metric = e.metric() == null ? definition.metric() : e.metric();
    if (e.order() != null) {
      return order(e.order(), metric);
    }
    if (e.alike() != null) {
      return alike(e.alike(), metric);
    }
    double limit = Objects.requireNonNull(e.atMost());
    return e.ratio() != null
        ? ratio(e.ratio(), limit, metric)
        : stays(Objects.requireNonNull(e.stays()), limit, metric);
  }

  private Judged order(List<String> arms, Metric metric) {
    Outcome outcome = Outcome.HOLDS;
    List<String> against = new ArrayList<>();
    for (int i = 0; i + 1 < arms.size(); i++) {
      Measured better = results.of(arms.get(i), metric);
      Measured worse = results.of(arms.get(i + 1), metric);
      Outcome pair = pair(better, worse);
      outcome = pair.compareTo(outcome) > 0 ? pair : outcome;
      if (pair != Outcome.HOLDS) {
        against.add(label(arms.get(i)) + " and " + label(arms.get(i + 1)));
      }
    }
    List<String> figures = new ArrayList<>();
    for (String arm : arms) {
      figures.add(label(arm) + " " + results.of(arm, metric).text());
    }
    String head =
        "The order "
            + String.join(" before ", arms.stream().map(this::label).toList())
            + " by "
            + metric.label()
            + " "
            + outcome.words
            + (arms.size() > 2 && !against.isEmpty()
                ? " (" + String.join("; ", against) + ")"
                : "");
    String factor = arms.size() == 2 ? factor(arms, metric) : "";
    return new Judged(outcome, head + ": " + String.join(", ", figures) + factor + ".");
  }

  /** How many times as many, for metrics that count answers. */
  private String factor(List<String> arms, Metric metric) {
    if (!metric.counts()) {
      return "";
    }
    double first = results.of(arms.get(0), metric).band().mean();
    double second = results.of(arms.get(1), metric).band().mean();
    boolean fewer = first <= second;
    double times = fewer ? second / Math.max(1, first) : first / Math.max(1, second);
    if (times < 1.05) {
      return "";
    }
    return String.format(
        Locale.ROOT, "; %s needs %.1f times as many", label(arms.get(fewer ? 1 : 0)), times);
  }

  private static Outcome pair(Measured better, Measured worse) {
    if (better.band().overlaps(worse.band())) {
      return Outcome.UNDECIDED;
    }
    return better.betterThan(worse) ? Outcome.HOLDS : Outcome.FAILS;
  }

  private Judged alike(List<String> arms, Metric metric) {
    List<String> apart = new ArrayList<>();
    List<String> figures = new ArrayList<>();
    for (int i = 0; i < arms.size(); i++) {
      Measured one = results.of(arms.get(i), metric);
      figures.add(label(arms.get(i)) + " " + one.text());
      for (int k = i + 1; k < arms.size(); k++) {
        if (!one.band().overlaps(results.of(arms.get(k), metric).band())) {
          apart.add(label(arms.get(i)) + " and " + label(arms.get(k)));
        }
      }
    }
    Outcome outcome = apart.isEmpty() ? Outcome.HOLDS : Outcome.FAILS;
    String head =
        apart.isEmpty()
            ? "No difference by " + metric.label() + " can be told from the spread of seeds"
            : "They differ by " + metric.label() + " (" + String.join("; ", apart) + ")";
    return new Judged(outcome, head + ": " + String.join(", ", figures) + ".");
  }

  private Judged ratio(List<String> arms, double limit, Metric metric) {
    double[] first = results.of(arms.get(0), metric).numbers();
    double[] second = results.of(arms.get(1), metric).numbers();
    double[] ratios = new double[first.length];
    for (int i = 0; i < first.length; i++) {
      ratios[i] = first[i] / second[i];
    }
    Band band = Band.of(ratios);
    Outcome outcome =
        band.high() <= limit
            ? Outcome.HOLDS
            : band.low() > limit ? Outcome.FAILS : Outcome.UNDECIDED;
    return new Judged(
        outcome,
        String.format(
            Locale.ROOT,
            "%s over %s in %s is %.3f [%.3f to %.3f]: the limit of %.2f %s.",
            label(arms.get(0)),
            label(arms.get(1)),
            metric.label(),
            band.mean(),
            band.low(),
            band.high(),
            limit,
            outcome.words));
  }

  private Judged stays(String arm, double limit, Metric metric) {
    Measured measured = results.of(arm, metric);
    Outcome outcome =
        measured.band().high() <= limit
            ? Outcome.HOLDS
            : measured.band().low() > limit ? Outcome.FAILS : Outcome.UNDECIDED;
    String what =
        switch (outcome) {
          case HOLDS -> " stays at or below ";
          case UNDECIDED -> " does not surely stay at or below ";
          case FAILS -> " does not stay at or below ";
        };
    return new Judged(
        outcome,
        "The control "
            + label(arm)
            + what
            + metric.format(limit)
            + " by "
            + metric.label()
            + ": "
            + measured.text()
            + ".");
  }

  // ------------------------------------------------------------ correlation

  private List<String> correlations(Definition.Correlation correlation) {
    double[] gains = new double[correlation.pairs().size()];
    for (int i = 0; i < gains.length; i++) {
      List<String> pair = correlation.pairs().get(i);
      Metric metric = definition.metric();
      double difference =
          results.of(pair.get(0), metric).band().mean()
              - results.of(pair.get(1), metric).band().mean();
      gains[i] = metric.lowerIsBetter() ? -difference : difference;
    }
    List<String> sentences = new ArrayList<>();
    for (Metric by : correlation.by()) {
      double[] before = new double[gains.length];
      for (int i = 0; i < gains.length; i++) {
        before[i] = results.of(correlation.pairs().get(i).get(0), by).band().mean();
      }
      double rho = spearman(before, gains);
      sentences.add(
          Double.isNaN(rho)
              ? "Whether the "
                  + by.label()
                  + " predicts the gain cannot be said: it is the same everywhere."
              : String.format(
                  Locale.ROOT,
                  "The %s and the gain have a rank correlation of %.2f over %d bases.",
                  by.label(),
                  rho,
                  gains.length));
    }
    return sentences;
  }

  /** Spearman's rank correlation, ties sharing their mean rank; NaN when a side is constant. */
  static double spearman(double[] x, double[] y) {
    double[] a = ranks(x);
    double[] b = ranks(y);
    double mean = (a.length + 1) / 2.0;
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - mean) * (b[i] - mean);
      aa += (a[i] - mean) * (a[i] - mean);
      bb += (b[i] - mean) * (b[i] - mean);
    }
    return aa == 0 || bb == 0 ? Double.NaN : ab / Math.sqrt(aa * bb);
  }

  private static double[] ranks(double[] values) {
    double[] ranks = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      int below = 0;
      int equal = 0;
      for (double v : values) {
        below += v < values[i] ? 1 : 0;
        equal += v == values[i] ? 1 : 0;
      }
      ranks[i] = below + (equal + 1) / 2.0;
    }
    return ranks;
  }

  private String label(String arm) {
    return definition.label(arm);
  }
}
