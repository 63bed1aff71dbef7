package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.cli.experiment.Curves;
import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Measured;
import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.cli.experiment.Results;
import dev.hindsight.cli.experiment.RunGroup;
import dev.hindsight.cli.experiment.Verdict;
import dev.hindsight.cli.report.Curve;
import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.cli.report.RunRecord;
import dev.hindsight.sdpo.config.ConfigException;
import dev.hindsight.sdpo.run.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guards what is said about given numbers, and which definitions are refused. */
class ExperimentVerdictTest {
  @TempDir Path folder;

  private Definition definition(String expect) throws IOException {
    return read(
        """
        title: a test
        metric: generations-to-half
        arms:
          fast: {label: Fast, set: {method: sdpo}}
          slow: {label: Slow, set: {method: grpo}}
          third: {}
        expect:
        """
            + expect.indent(2));
  }

  private Definition read(String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve("x.yaml"), yaml);
    return Definition.read(file, List.of());
  }

  private static Results results(double[] fast, double[] slow, double[] third) {
    Map<String, Map<Metric, Measured>> arms = new LinkedHashMap<>();
    arms.put("fast", measured(fast));
    arms.put("slow", measured(slow));
    arms.put("third", measured(third));
    return new Results("test", Metric.GENERATIONS_TO_HALF, arms);
  }

  private static Map<Metric, Measured> measured(double[] values) {
    return Map.of(
        Metric.GENERATIONS_TO_HALF,
        new Measured(
            Metric.GENERATIONS_TO_HALF,
            Arrays.stream(values).mapToObj(v -> new Metric.Value(v, v < 6400)).toList()));
  }

  private static final double[] A = {1000, 1010, 1020};
  private static final double[] B = {2000, 2010, 6400};
  private static final double[] BETWEEN = {1015, 1500, 2500};

  @Test
  void anOrderHoldsFailsOrStaysOpenByTheBands() throws IOException {
    Definition order = definition("- order: [fast, slow]");
    assertThat(Verdict.of(order, results(A, B, BETWEEN)))
        .startsWith("The order Fast before Slow by generations to .5 holds: Fast 1,010 [")
        .contains("(1 of 3 never)")
        .endsWith("; Slow needs 3.4 times as many.");
    assertThat(Verdict.of(order, results(B, A, BETWEEN)))
        .contains("does not hold")
        .endsWith("; Fast needs 3.4 times as many.");
    assertThat(Verdict.of(order, results(A, BETWEEN, B))).contains("is undecided: bands overlap");
  }

  @Test
  void aChainNamesThePairThatBreaksIt() throws IOException {
    assertThat(Verdict.of(definition("- order: [fast, slow, third]"), results(A, B, A)))
        .contains("does not hold (Slow and third)");
  }

  @Test
  void alikeRatioAndStaysAreJudged() throws IOException {
    assertThat(Verdict.of(definition("- alike: [fast, third]"), results(A, B, BETWEEN)))
        .startsWith("No difference by generations to .5 can be told");
    assertThat(Verdict.of(definition("- alike: [fast, slow, third]"), results(A, B, A)))
        .contains("They differ")
        .contains("Fast and Slow");
    assertThat(Verdict.of(definition("- ratio: [slow, fast]\n  at_most: 1.5"), results(A, B, A)))
        .contains("the limit of 1.50 does not hold");
    assertThat(Verdict.of(definition("- stays: fast\n  at_most: 1100"), results(A, B, A)))
        .contains("The control Fast stays at or below 1,100");
    assertThat(Verdict.of(definition("- stays: slow\n  at_most: 1100"), results(A, B, A)))
        .contains("does not stay");
  }

  @Test
  void oneSeedSaysSo() throws IOException {
    double[] one = {1000};
    assertThat(Verdict.of(definition("- order: [fast, slow]"), results(one, one, one)))
        .contains("One seed has no band");
  }

  @Test
  void aLevelThatWasNeverReachedCountsAsTheBudget() throws IOException {
    RunFixtures.run(folder.resolve("never"), 50, 1e9, .9, true);
    Metric.Value never = Metric.GENERATIONS_TO_HALF.of(RunRecord.read(folder.resolve("never")));
    assertThat(never).isEqualTo(new Metric.Value(6400, false));
    RunFixtures.run(folder.resolve("reached"), 50, 900, .97, true);
    Metric.Value reached = Metric.GENERATIONS_TO_HALF.of(RunRecord.read(folder.resolve("reached")));
    assertThat(reached.reached()).isTrue();
    assertThat(reached.value()).isBetween(850.0, 950.0);
  }

  @Test
  void aRunThatEndedEarlyKeepsItsLastAccuracyInTheCurve() throws IOException {
    RunFixtures.run(folder.resolve("short"), 10, 300, .97, true);
    RunFixtures.run(folder.resolve("long"), 50, 900, .97, true);
    RunGroup group =
        RunGroup.read(List.of(0L, 1L), List.of(folder.resolve("short"), folder.resolve("long")));
    ExperimentPage.Line line = Curves.of("both", group);
    Curve one = RunRecord.read(folder.resolve("short")).curve();
    Curve other = RunRecord.read(folder.resolve("long")).curve();
    int last = other.accuracies().size() - 1;
    assertThat(line.x()).hasSize(last + 1);
    assertThat(line.mean()[last])
        .isCloseTo((one.accuracies().getLast() + other.accuracies().getLast()) / 2, within(1e-12));
    assertThat(line.mean()[3])
        .isCloseTo((one.accuracies().get(3) + other.accuracies().get(3)) / 2, within(1e-12));
  }

  @Test
  void theJsonHasTheKeysThatAreAskedFor() {
    assertThat(Json.line(results(new double[] {1000}, B, A).json("because")))
        .startsWith(
            "{\"experiment\":\"test\",\"metric\":\"generations to .5\",\"arms\":{\"fast\":"
                + "{\"mean\":1000.0,\"low\":1000.0,\"high\":1000.0,\"seeds\":[1000.0]},\"slow\":")
        .endsWith("},\"verdict\":\"because\"}");
  }

  @Test
  void mistakesInADefinitionAreNamedWithWhatWasMeant() {
    refused("titel: x", "unknown key 'titel'", "did you mean 'title'?");
    refused("set: {seed: 7}", "set.seed: got 7", "--seeds N takes 0 to N-1");
    refused("arms: {a: {set: {seed: 7}}}", "arms.a.set.seed: got 7");
    refused("arms: {a: {tuned_as: a}}", "arms.a.tuned_as: got 'a'", "an arm that is tuned itself");
    refused("arms: {a: {tuned_as: b}, b: {tuned_as: a}}", "an arm that is tuned itself");
    refused("arms: {a: {base: q}}", "a name that is defined above, where there is none");
    refused("also: [seconds-per-step]", "got seconds-per-step", "without a lengths section");
    refused("arms: {a: {}, b: {}}\nexpect: [{order: [a, a]}]", "two different arms or more");
    refused("metric: generations-to-halve", "metric", "did you mean 'generations-to-half'?");
    refused(
        "arms: {fast: {}, slow: {}}\nexpect: [{order: [fsat, slow]}]",
        "'fsat'",
        "did you mean 'fast'?");
    refused("arms: {a: {tuned_as: b}}", "arms.a.tuned_as", "expected one of a");
    refused("arms: {a: {}}\nexpect: [{}]", "one of order, alike, ratio, stays");
    refused("arms: {a: {way: best-of-k}}", "arms.a.way", "none without a search section");
    refused("tuning: {grid: {optim.lr: [1]}, seeds: [3, 3]}", "each seed once");
  }

  private void refused(String yaml, String... parts) {
    assertThatThrownBy(() -> read(yaml))
        .isInstanceOf(ConfigException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(parts));
  }
}
