package dev.hindsight.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

class MultiplyAddsTest {
  /** Every chain ends at its fixed point, x = x / 2 + 1: no multiply-add is left out. */
  @Test
  void everyItemDoesAllItsRounds() {
    FloatArray out = new FloatArray(8);
    IntArray rounds = new IntArray(1);
    rounds.set(0, 1);
    run(out, rounds);
    assertThat(out.get(0)).isEqualTo(8 + 0.5f * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7));
    rounds.set(0, 60);
    run(out, rounds);
    for (int item = 0; item < 8; item++) {
      assertThat(out.get(item)).isEqualTo(8 * 2);
    }
    assertThat(MultiplyAdds.operations(3)).isEqualTo(3 * 16.0 * 256 * 2048);
  }

  private static void run(FloatArray out, IntArray rounds) {
    WorkItems.run(
        new int[] {2, 1, 1},
        new int[] {4, 1, 1},
        context -> MultiplyAdds.run(context, out, rounds));
  }
}
