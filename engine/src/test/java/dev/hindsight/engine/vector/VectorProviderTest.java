package dev.hindsight.engine.vector;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Widths for which no kernel is written are refused, not computed wrongly. */
final class VectorProviderTest {
  @Test
  void vectorsOfOtherWidthsAreRefused() {
    for (int lanes : new int[] {4, 8, 16}) {
      assertThatCode(() -> VectorProvider.requireLanes(lanes)).doesNotThrowAnyException();
    }
    assertThatThrownBy(() -> VectorProvider.requireLanes(2))
        .hasMessageContaining("vectors of 64 bits, expected 128 to 512");
    assertThatThrownBy(() -> VectorProvider.requireLanes(32))
        .hasMessageContaining("-XX:MaxVectorSize=64");
  }
}
