package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.run.Json;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Guards how generations to an accuracy are counted. */
class RunSummaryTest {
  private static StepMetrics at(long generations, String accuracy) {
    return Json.parse(
        "{\"generations\":" + generations + ",\"accuracy\":" + accuracy + ",\"alarms\":[]}",
        StepMetrics.class);
  }

  @Test
  void generationsAreInterpolatedBetweenEvaluations() {
    List<StepMetrics> run =
        List.of(at(0, "0.125"), at(100, "null"), at(200, "0.375"), at(300, "0.625"));
    assertThat(RunSummary.generationsTo(.5, run)).isEqualTo(250);
    assertThat(RunSummary.generationsTo(.25, run)).isEqualTo(100);
    assertThat(RunSummary.generationsTo(.05, run)).isEqualTo(0);
    assertThat(RunSummary.generationsTo(.9, run)).isNull();
  }
}
