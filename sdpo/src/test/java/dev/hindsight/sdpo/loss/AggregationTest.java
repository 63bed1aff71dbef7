package dev.hindsight.sdpo.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/**
 * Guards the aggregation modes: golden case L of the specification, whose numbers have twelve
 * digits.
 */
class AggregationTest {
  private static final double[][] LOSSES = {{.2, .4, .6, .8}, {1, 2, 9, 9}, {5, 5, 5, 9}};

  /** Live tokens: masks 1111, 1100, 1110 and self-distillation mask 1, 1, 0. */
  private static final int[] LIVE = {4, 2, 0};

  private static double aggregate(Aggregation mode, int[] live, int from) {
    double[] weights = mode.weights(live, 4);
    double sum = 0;
    for (int i = 0; i < live.length; i++) {
      for (int t = 0; t < live[i]; t++) {
        sum += weights[i] * LOSSES[from + i][t];
      }
    }
    return sum;
  }

  @Test
  void goldenL() {
    assertThat(aggregate(Aggregation.TOKEN_MEAN, LIVE, 0)).isCloseTo(.833333333333, within(1e-12));
    assertThat(aggregate(Aggregation.SEQ_MEAN_TOKEN_SUM, LIVE, 0)).isCloseTo(2.5, within(1e-12));
    assertThat(aggregate(Aggregation.SEQ_MEAN_TOKEN_MEAN, LIVE, 0))
        .isCloseTo(.999999995625, within(1e-12));
    assertThat(aggregate(Aggregation.SEQ_MEAN_TOKEN_SUM_NORM, LIVE, 0))
        .isCloseTo(1.25, within(1e-12));
    assertThat(aggregate(Aggregation.REFERENCE_EFFECTIVE, LIVE, 0))
        .isCloseTo(.666666666667, within(1e-12));
  }

  /**
   * The reference's mode is a token mean a micro-batch: with larger ones other numbers come out.
   */
  @Test
  void goldenLMicroBatches() {
    double first = aggregate(Aggregation.TOKEN_MEAN, new int[] {4, 2}, 0);
    double second = aggregate(Aggregation.TOKEN_MEAN, new int[] {0}, 2);
    assertThat(first * 2 / 3 + second / 3).isCloseTo(.555555555556, within(1e-12));
  }

  @Test
  void weightsAreFiniteWhenNothingIsLive() {
    for (Aggregation mode : Aggregation.values()) {
      for (double weight : mode.weights(new int[] {0, 0}, 4)) {
        assertThat(weight).isFinite();
      }
    }
  }
}
