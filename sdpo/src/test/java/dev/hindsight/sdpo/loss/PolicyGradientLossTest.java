package dev.hindsight.sdpo.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.sdpo.loss.Golden.Arithmetic;
import dev.hindsight.sdpo.loss.Golden.Result;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Guards GRPO: golden case M of the specification. */
class PolicyGradientLossTest {
  private static final PolicyGradientLoss LOSS = new PolicyGradientLoss(.2, .28, 3);

  @Test
  void goldenMAdvantages() {
    double[] rewards = {1, 0, 0, 1, 0, 0, 0, 0};
    double[] plain = Advantage.groupRelative(rewards, false);
    double[] byStd = Advantage.groupRelative(rewards, true);
    for (int i = 0; i < rewards.length; i++) {
      boolean success = rewards[i] == 1;
      assertThat(plain[i]).isCloseTo(success ? .75 : -.25, within(1e-12));
      assertThat(byStd[i]).isCloseTo(success ? 1.620181674610 : -.540060558203, within(1e-11));
    }
  }

  @Test
  void aGroupOfOneKeepsItsReward() {
    assertThat(Advantage.groupRelative(new double[] {1}, false)).containsExactly(1.0);
    assertThat(Advantage.groupRelative(new double[] {1}, true)[0]).isCloseTo(1, within(2e-6));
  }

  @Test
  void aGroupThatAgreesHasNoAdvantage() {
    // of any size: six times a sixth is not one
    for (int n = 2; n <= 64; n++) {
      double[] rewards = new double[n];
      Arrays.fill(rewards, 1);
      assertThat(Advantage.groupRelative(rewards, true)).containsOnly(0.0);
      assertThat(Advantage.groupRelative(rewards, false)).containsOnly(0.0);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.hindsight.sdpo.loss.Golden#arithmetics")
  void goldenMClippedLoss(Arithmetic a) {
    double[][] cases = {
      {.75, -.5, -.454897994784},
      {.75, .1, -.828878188557},
      {.75, .3, -.96},
      {.75, 1.5, -.96},
      {-.25, -.5, .2},
      {-.25, .1, .276292729519},
      {-.25, .3, .337464701894},
      {-.25, 1.5, .75}
    };
    for (double[] c : cases) {
      Result r = Golden.of(a, LOSS, Golden.Z, null, 1, c[1], c[0]);
      assertThat(r.loss()).isCloseTo(c[2], within(a.loss()));
      boolean clipped = Math.abs(Math.abs(c[2]) - Math.abs(c[0]) * Math.exp(c[1])) > 1e-6;
      for (int j = 0; j < 5; j++) {
        // -A w (onehot - p), or exactly nothing where a clip binds
        double free = -c[0] * Math.exp(c[1]) * ((j == 1 ? 1 : 0) - Golden.P[j]);
        if (clipped) {
          assertThat(r.gradient()[j]).isZero();
        } else {
          assertThat(r.gradient()[j]).isCloseTo(free, within(a.gradient()));
        }
      }
    }
  }

  @Test
  void rowsWithoutAdvantageAreRefused() {
    Arithmetic a = Golden.arithmetics().findFirst().orElseThrow();
    assertThatThrownBy(() -> Golden.of(a, LOSS, Golden.Z, null, 0))
        .hasMessageContaining("advantages");
    assertThatThrownBy(() -> new PolicyGradientLoss(.2, .28, 1)).hasMessageContaining("dual");
  }
}
