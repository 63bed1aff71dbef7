package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** Guards that a drifting run is noticed and a healthy one is left in peace. */
class AlarmsTest {
  private static StepMetrics step(
      int step,
      double reward,
      double accuracy,
      double teacher,
      double entropy,
      double length,
      Double norm,
      double gap) {
    return new StepMetrics(
        step,
        step * 128L,
        reward,
        accuracy,
        null,
        teacher,
        .1,
        entropy,
        length,
        1.0,
        norm,
        gap,
        2e-3,
        step,
        .5,
        .5,
        .5,
        .5,
        .5,
        .5,
        1.0,
        0,
        1.0,
        0,
        new TreeMap<>(),
        List.of());
  }

  private static List<String> over(int steps, IntFunction<StepMetrics> run) {
    Alarms alarms = new Alarms();
    List<String> all = new ArrayList<>();
    for (int s = 1; s <= steps; s++) {
      all.addAll(alarms.observe(run.apply(s), null));
    }
    return all;
  }

  /** Accuracy .001 to .97, entropy .5 to .03, gap 1.2 to .05, as the built-in experiment has it. */
  @Test
  void aHealthyRunRaisesNothing() {
    assertThat(
            over(
                50,
                s -> {
                  double done = 1 / (1 + Math.exp(-(s - 8) / 2.0));
                  return step(
                      s,
                      done * .95,
                      done * .97,
                      .15 + .8 * done,
                      .5 - .47 * done,
                      8 + done,
                      1.5 - done + (s % 3) * .2,
                      1.2 - 1.15 * done);
                }))
        .isEmpty();
  }

  @Test
  void entropyThatRisesAgainIsNoticedOnce() {
    List<String> alarms =
        over(
            40,
            s -> step(s, .9, .9, .9, s < 20 ? .4 - .018 * s : .04 + .01 * (s - 20), 8, .5, .05));
    assertThat(alarms).singleElement().asString().startsWith("entropy rises again");
  }

  @Test
  void eachDriftHasItsAlarm() {
    assertThat(over(30, s -> step(s, .9, .9, .9, .03, s < 15 ? 8 : 14, .5, .05)))
        .singleElement()
        .asString()
        .startsWith("responses drifted from 8.0");
    assertThat(over(30, s -> step(s, .9, .9 - .02 * s, .9, .03, 8, .5, .05)))
        .singleElement()
        .asString()
        .contains("exceeds held-out accuracy");
    assertThat(over(30, s -> step(s, .9, .9, .9 - .02 * s, .03, 8, .5, .05)))
        .singleElement()
        .asString()
        .contains("self-teacher got worse");
    assertThat(over(30, s -> step(s, .9, .9, .9, .03, 8, .5, s < 15 ? .1 : .4)))
        .singleElement()
        .asString()
        .startsWith("the gap to the self-teacher grows");
    assertThat(over(30, s -> step(s, .9, .9, .9, .03, 8, s == 25 ? 90.0 : .5, .05)))
        .singleElement()
        .asString()
        .startsWith("the gradient norm jumped to 90");
    assertThat(over(3, s -> step(s, .9, .9, .9, .03, 8, s == 2 ? null : Double.valueOf(.5), .05)))
        .singleElement()
        .asString()
        .contains("not finite");
  }

  @Test
  void anAlarmThatEndedCanBeginAgain() {
    Alarms alarms = new Alarms();
    StepMetrics quiet = step(1, .9, .9, .9, .03, 8, .5, .05);
    assertThat(alarms.observe(quiet, "no signal: x")).hasSize(1);
    assertThat(alarms.observe(quiet, "no signal: x")).isEmpty();
    assertThat(alarms.observe(quiet, null)).isEmpty();
    assertThat(alarms.observe(quiet, "no signal: x")).hasSize(1);
  }
}
