package dev.hindsight.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

/** Guards that the emulation would find what a device would make of a wrong kernel. */
class WorkItemsTest {
  private static final int[] ONE = {1, 1, 1};
  private static final int[] FOUR = {4, 1, 1};

  @Test
  void everyItemRunsOnceWithItsOwnNumbers() {
    AtomicIntegerArray runs = new AtomicIntegerArray(2 * 3 * 2 * 4 * 2);
    WorkItems.run(
        new int[] {2, 3, 2},
        new int[] {4, 2, 1},
        c -> {
          assertThat(c.globalIdx).isEqualTo(c.groupIdx * 4 + c.localIdx);
          assertThat(c.globalIdy).isEqualTo(c.groupIdy * 2 + c.localIdy);
          runs.incrementAndGet((c.groupIdz * 6 + c.globalIdy) * 8 + c.globalIdx);
        });
    for (int i = 0; i < runs.length(); i++) {
      assertThat(runs.get(i)).isEqualTo(1);
    }
  }

  @Test
  void itemsOfAGroupShareLocalMemoryAndMeetAtBarriers() {
    float[] sums = new float[4];
    WorkItems.run(
        ONE,
        FOUR,
        c -> {
          float[] shared = c.allocateFloatLocalArray(4);
          shared[c.localIdx] = c.localIdx;
          c.localBarrier();
          sums[c.localIdx] = shared[0] + shared[1] + shared[2] + shared[3];
        });
    assertThat(sums).containsOnly(6);
  }

  @Test
  void memoryThatNoItemWroteIsNaN() {
    float[] seen = new float[1];
    WorkItems.run(ONE, ONE, c -> seen[0] = c.allocateFloatLocalArray(1)[0]);
    assertThat(seen[0]).isNaN();
  }

  @Test
  void aBarrierThatSomeItemsPassByIsAnError() {
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(
            () ->
                WorkItems.run(
                    ONE,
                    FOUR,
                    c -> {
                      if (c.localIdx < 2) {
                        c.localBarrier();
                      }
                    }))
        .withMessageContaining("ended while others of its group wait at a barrier");
  }

  @Test
  void whatAnItemThrowsIsTold() {
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(
            () ->
                WorkItems.run(
                    ONE,
                    FOUR,
                    c -> {
                      if (c.localIdx == 3) {
                        throw new IllegalStateException("broken");
                      }
                      c.localBarrier();
                    }))
        .withMessageContaining("a work-item failed: broken");
  }
}
