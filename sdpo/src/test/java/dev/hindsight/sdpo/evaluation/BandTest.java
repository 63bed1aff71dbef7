package dev.hindsight.sdpo.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Philox;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Guards bands: repeatable, around the mean, of the width that theory gives. */
class BandTest {
  @Test
  void theSameMeasurementsHaveTheSameBand() {
    double[] values = {3, 1, 4, 1, 5};
    assertThat(Band.of(values)).isEqualTo(Band.of(values.clone()));
  }

  @Test
  void oneMeasurementAndEqualOnesHaveNoWidth() {
    assertThat(Band.of(.1)).isEqualTo(new Band(.1, .1, .1));
    Band equal = Band.of(.1, .1, .1, .1, .1, .1);
    assertThat(equal.high() - equal.low()).isLessThan(1e-15);
    assertThat(equal.overlaps(Band.of(.1))).isTrue();
  }

  /**
   * Two values 0 and 1: the resampled mean is 0, .5 or 1 with odds 1/4, 1/2, 1/4, so both ends of a
   * 95 % interval lie at the extremes.
   */
  @Test
  void twoValuesSpanTheirBand() {
    assertThat(Band.of(0, 1)).isEqualTo(new Band(.5, 0, 1));
  }

  /**
   * Of many normal numbers the interval's half width is 1.96 standard errors of the sample; with
   * 10,000 resamples the percentile's own error is below 3 %, here allowed 6.
   */
  @Test
  void ofManyNumbersTheWidthIsThatOfTheNormalApproximation() {
    Philox random = new Philox(7, 7);
    double[] values = new double[400];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    double mean = Arrays.stream(values).average().orElseThrow();
    double variance = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / values.length;
    double half = 1.96 * Math.sqrt(variance / values.length);
    Band band = Band.of(values);
    assertThat(band.mean()).isEqualTo(mean, within(1e-12));
    assertThat(band.high() - mean).isEqualTo(half, within(.06 * half));
    assertThat(mean - band.low()).isEqualTo(half, within(.06 * half));
  }

  @Test
  void nothingAndInfinityAreRefusedWithTheFix() {
    assertThatThrownBy(Band::of).hasMessageContaining("expected at least one");
    assertThatThrownBy(() -> Band.of(1, Double.POSITIVE_INFINITY))
        .hasMessageContaining("counts as the budget");
  }
}
