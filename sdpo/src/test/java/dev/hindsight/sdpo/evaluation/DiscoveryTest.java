package dev.hindsight.sdpo.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Guards pass@k and discovery@k against golden numbers that were computed elsewhere. */
class DiscoveryTest {
  /** Twelve digits are given; the sum of c logarithms loses less than 1e-13. */
  @Test
  void passAtKOfTheGoldenTable() {
    assertThat(Discovery.passAtK(2944, 1, 64)).isEqualTo(.021739130435, within(6e-13));
    assertThat(Discovery.passAtK(2944, 2, 64)).isEqualTo(.043012897221, within(6e-13));
    assertThat(Discovery.passAtK(2944, 30, 64)).isEqualTo(.484528397507, within(6e-13));
    assertThat(Discovery.passAtK(2944, 3, 500)).isEqualTo(.427995306962, within(6e-13));
    assertThat(Discovery.passAtK(2944, 1, 2750)).isEqualTo(.934103260870, within(6e-13));
  }

  /** Every subset of k of n attempts, counted. */
  @Test
  void passAtKIsTheShareOfSubsetsWithARightAttempt() {
    for (int n = 1; n <= 9; n++) {
      for (int c = 0; c <= n; c++) {
        for (int k = 1; k <= n; k++) {
          int all = 0;
          int with = 0;
          for (int set = 0; set < 1 << n; set++) {
            if (Integer.bitCount(set) == k) {
              all++;
              with += (set & ((1 << c) - 1)) != 0 ? 1 : 0;
            }
          }
          assertThat(Discovery.passAtK(n, c, k)).isEqualTo(with / (double) all, within(1e-14));
        }
      }
    }
  }

  @Test
  void discoveryAtKOfTheGoldenTable() {
    List<Long> first = List.of(24L, 300L, Discovery.NEVER, 1000L, 2751L);
    assertThat(Discovery.atK(first, 16)).isEqualTo(0);
    assertThat(Discovery.atK(first, 24)).isEqualTo(.2);
    assertThat(Discovery.atK(first, 500)).isEqualTo(.4);
    assertThat(Discovery.atK(first, 2750)).isEqualTo(.6);
    assertThat(Discovery.cappedMean(first, 2750)).isEqualTo(1364.8);
  }

  @Test
  void impossibleCountsAreRefused() {
    assertThatThrownBy(() -> Discovery.passAtK(10, 11, 1)).hasMessageContaining("0 <= c <= n");
    assertThatThrownBy(() -> Discovery.passAtK(10, 1, 11)).hasMessageContaining("1 <= k <= n");
  }
}
