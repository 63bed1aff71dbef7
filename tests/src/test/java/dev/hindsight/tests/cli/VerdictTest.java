package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.cli.report.ArmResult;
import dev.hindsight.cli.report.Curve;
import dev.hindsight.cli.report.Figures;
import dev.hindsight.cli.report.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The sentence must follow from the numbers, above all when they are not what one hoped for. */
class VerdictTest {
  private static ArmResult arm(String id, List<Double> generations, List<Double> accuracies) {
    return new ArmResult(
        id, ArmResult.labelOf(id), new Curve(generations, accuracies), generations.getLast(), 1.0);
  }

  /** Passes .5 after {@code half} generations of 1,000 and ends at {@code end}. */
  private static ArmResult reaching(String id, double half, double end) {
    return arm(id, List.of(0.0, half, 1000.0), List.of(0.0, 0.5, end));
  }

  private static ArmResult never(String id, double end) {
    return arm(id, List.of(0.0, 1000.0), List.of(0.0, end));
  }

  private static String verdict(ArmResult... arms) {
    return Verdict.of(List.of(arms), 0.001);
  }

  @Test
  void sdpoWins() {
    assertThat(verdict(reaching("sdpo", 200, 0.97), reaching("grpo", 600, 0.9)))
        .isEqualTo(
            "SDPO overtook GRPO: it answered half of the held-out questions after 200 generations,"
                + " where GRPO needed 600 (3.0 times as many), and it ended at 97.0 % accuracy, GRPO"
                + " at 90.0 %.");
    assertThat(verdict(reaching("sdpo", 200, 0.97), never("grpo", 0.1)))
        .startsWith("SDPO overtook GRPO")
        .contains("GRPO did not get there within 1,000");
  }

  @Test
  void sdpoDoesNotWin() {
    assertThat(verdict(reaching("sdpo", 600, 0.9), reaching("grpo", 200, 0.9)))
        .startsWith("SDPO did not win here: GRPO answered")
        .contains("SDPO needed 600 (3.0 times as many)");
    assertThat(verdict(never("sdpo", 0.2), reaching("grpo", 200, 0.9)))
        .startsWith("SDPO did not win here")
        .contains("SDPO never within its 1,000");
    assertThat(verdict(never("sdpo", 0.2), never("grpo", 0.1)))
        .startsWith("Neither SDPO nor GRPO answered half");
    assertThat(verdict(reaching("sdpo", 300, 0.9), reaching("grpo", 320, 0.9)))
        .startsWith("SDPO and GRPO were about equally fast");
  }

  @Test
  void aFastStartThatEndsLowerIsNoVictory() {
    assertThat(verdict(reaching("sdpo", 200, 0.55), reaching("grpo", 600, 0.9)))
        .startsWith("SDPO was faster")
        .contains(", but it ended at 55.0 % accuracy, GRPO at 90.0 %");
    assertThat(verdict(reaching("sdpo", 200, 0.05), never("grpo", 0.4)))
        .startsWith("SDPO was faster")
        .doesNotContain("overtook");
  }

  @Test
  void theControlDecidesWhereTheGainComesFrom() {
    ArmResult sdpo = reaching("sdpo", 200, 0.97);
    ArmResult grpo = reaching("grpo", 600, 0.9);
    assertThat(verdict(sdpo, grpo, never("sdpo_foreign_feedback", 0.0006)))
        .endsWith(
            "; with feedback about a foreign dialect it learned nothing (0.06 %), so the gain comes"
                + " from what the feedback says.");
    assertThat(verdict(sdpo, grpo, never("sdpo_foreign_feedback", 0.3)))
        .endsWith("not all of the gain comes from what the feedback says.");
    assertThat(
            verdict(
                never("sdpo", 0.01), never("grpo", 0.01), never("sdpo_foreign_feedback", 0.0006)))
        .endsWith("; with feedback about a foreign dialect it ended at 0.06 %.");
    assertThat(verdict(never("sdpo_foreign_feedback", 0.0006))).doesNotContain("gain");
  }

  @Test
  void oneRunAloneIsDescribed() {
    assertThat(verdict(reaching("sdpo", 200, 0.97)))
        .isEqualTo(
            "SDPO went from 0.10 % to 97.0 % accuracy on held-out questions within 1,000"
                + " generations, half of them after 200.");
    assertThat(Verdict.of(List.of(), null)).isEqualTo("No run has finished a step.");
  }

  @Test
  void generationsToALevelAreInterpolated() {
    Curve c = new Curve(List.of(0.0, 100.0, 200.0, 300.0), List.of(0.1, 0.4, 0.6, 0.55));
    assertThat(c.generationsTo(0.5)).isEqualTo(150);
    assertThat(c.generationsTo(0.05)).isEqualTo(0);
    assertThat(c.generationsTo(0.7)).isNull();
    assertThat(c.best()).isEqualTo(0.6);
    assertThat(c.last()).isEqualTo(0.55);
  }

  @Test
  void figuresKeepWhatMatters() {
    assertThat(Figures.percent(0.97049)).isEqualTo("97.0 %");
    assertThat(Figures.percent(0.0005)).isEqualTo("0.05 %");
    assertThat(Figures.percent(0.00003)).isEqualTo("0.003 %");
    assertThat(Figures.percent(0.000003)).isEqualTo("<0.001 %");
    assertThat(Figures.percent(0.0)).isEqualTo("0 %");
    assertThat(Figures.percent(null)).isEqualTo("-");
    assertThat(Figures.count(6400.4)).isEqualTo("6,400");
    assertThat(Figures.seconds(200.0)).isEqualTo("3 min 20 s");
  }
}
