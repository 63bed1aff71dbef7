package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Philox;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final SamplingOptions ALL = SamplingOptions.sampling(1);

  /** Probabilities .4 .3 .2 .06 .04 of tokens 2, 0, 4, 1, 3. */
  private static final float[] ROW = logs(.3, .06, .4, .04, .2);

  private static float[] logs(double... probabilities) {
    float[] logs = new float[probabilities.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = (float) Math.log(probabilities[i]);
    }
    return logs;
  }

  /** Which tokens 2,000 draws meet; the rarest kept has at least .04: missed with odds e^-80. */
  private static Set<Integer> seen(SamplingOptions options) {
    Sampler sampler = new Sampler(ROW.length, options);
    Philox random = new Philox(1, 2);
    Set<Integer> seen = new TreeSet<>();
    for (int i = 0; i < 2000; i++) {
      seen.add(sampler.choose(ROW, null, 0, random));
    }
    return seen;
  }

  @Test
  void eachFilterKeepsWhatItSays() {
    assertThat(seen(ALL)).containsExactly(0, 1, 2, 3, 4);
    assertThat(seen(ALL.withTopK(3))).containsExactly(0, 2, 4);
    assertThat(seen(ALL.withTopK(99))).containsExactly(0, 1, 2, 3, 4);
    // .4 + .3 < .75 <= .4 + .3 + .2
    assertThat(seen(ALL.withTopP(.75))).containsExactly(0, 2, 4);
    assertThat(seen(ALL.withTopP(1e-9))).containsExactly(2);
    // at least .45 of .4
    assertThat(seen(ALL.withMinP(.45))).containsExactly(0, 2, 4);
    assertThat(seen(ALL.withMinP(1))).containsExactly(2);
    // after top-k 2, shares are 4/7 and 3/7: top-p .5 needs only the first
    assertThat(seen(ALL.withTopK(2).withTopP(.5))).containsExactly(2);
    assertThat(seen(SamplingOptions.greedy(1))).containsExactly(2);
  }

  @Test
  void equalsGoToTheLowerToken() {
    float[] even = logs(.25, .25, .25, .25);
    Philox random = new Philox(3, 4);
    assertThat(new Sampler(4, ALL.withTopK(1)).choose(even, null, 0, random)).isZero();
    assertThat(new Sampler(4, SamplingOptions.greedy(1)).choose(even, null, 0, random)).isZero();
  }

  /** Each token costs one double, so a stream's position says how many were sampled. */
  @Test
  void drawsOneDoubleATokenAndNoneWhenGreedy() {
    Philox random = new Philox(5, 6);
    new Sampler(5, ALL).choose(ROW, null, 0, random);
    assertThat(random.counter()).isEqualTo(2);
    new Sampler(5, ALL.withMinP(.1)).choose(ROW, null, 0, random);
    assertThat(random.counter()).isEqualTo(4);
    new Sampler(5, SamplingOptions.greedy(1)).choose(ROW, null, 0, random);
    assertThat(random.counter()).isEqualTo(4);
  }

  @Test
  void impossibleTokensAreNeverDrawn() {
    float[] row = {Float.NEGATIVE_INFINITY, 0f, Float.NEGATIVE_INFINITY};
    Philox random = new Philox(7, 8);
    for (SamplingOptions options :
        new SamplingOptions[] {ALL, ALL.withTopK(3), ALL.withTopP(.999), ALL.withTemperature(0)}) {
      Sampler sampler = new Sampler(3, options);
      for (int i = 0; i < 100; i++) {
        assertThat(sampler.choose(row, null, 0, random)).isEqualTo(1);
      }
    }
  }

  /**
   * The shortcut through weights that are off gives the exact token, also where the random number
   * falls onto a border: 64 equal tokens have borders at multiples of 1/64, which are drawn here.
   */
  @Test
  void weightsOfSomeUlpsChangeNoToken() {
    Philox random = new Philox(11, 12);
    int n = 64;
    Sampler sampler = new Sampler(n, ALL);
    for (int round = 0; round < 3000; round++) {
      float[] row = new float[n];
      float[] weights = new float[n];
      float spread = round % 3 * 8f;
      for (int i = 0; i < n; i++) {
        row[i] = (float) -Math.log(n) - spread * random.nextFloat();
        float exact = (float) Math.exp(row[i]);
        weights[i] = exact + (random.nextInt(9) - 4) * Math.ulp(exact);
      }
      Philox exactly = new Philox(13, round);
      Philox shortcut = new Philox(13, round);
      assertThat(sampler.choose(row, weights, 0, shortcut))
          .isEqualTo(sampler.choose(row, null, 0, exactly));
      assertThat(shortcut.counter()).isEqualTo(exactly.counter());
    }
    float[] even = new float[n];
    float[] first = new float[n];
    Arrays.fill(first, 1f);
    for (int border = 0; border < n; border++) {
      double uniform = border / (double) n;
      // too heavy or too light a first weight moves every border
      first[0] = border % 2 == 0 ? 1 + 4 * Math.ulp(1f) : 1 - 4 * Math.ulp(1f);
      assertThat(sampler.choose(even, first, 0, uniform)).isEqualTo(border);
    }
  }

  @Test
  void notANumberIsRefusedByEveryPath() {
    float[] row = {0, Float.NaN, -1};
    Philox random = new Philox(9, 10);
    for (SamplingOptions options :
        new SamplingOptions[] {ALL, ALL.withTopK(2), ALL.withTemperature(0)}) {
      assertThatThrownBy(() -> new Sampler(3, options).choose(row, null, 0, random))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("NaN");
    }
    assertThatThrownBy(() -> new Sampler(3, ALL).choose(row, row, 0, random))
        .hasMessageContaining("NaN");
  }

  @Test
  void optionsOutOfRangeAreNamed() {
    assertThatThrownBy(() -> ALL.withTemperature(-1)).hasMessageContaining("temperature");
    assertThatThrownBy(() -> ALL.withTemperature(Double.NaN)).hasMessageContaining("temperature");
    assertThatThrownBy(() -> ALL.withTopK(-1)).hasMessageContaining("top-k");
    assertThatThrownBy(() -> ALL.withTopP(0)).hasMessageContaining("top-p");
    assertThatThrownBy(() -> ALL.withMinP(1.1)).hasMessageContaining("min-p");
    assertThatThrownBy(() -> SamplingOptions.sampling(0)).hasMessageContaining("max new tokens");
  }
}
