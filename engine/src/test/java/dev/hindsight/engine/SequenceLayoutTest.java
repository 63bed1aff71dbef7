package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

/** Guards what each query sees, packed and with a cache. */
class SequenceLayoutTest {

  private static int[] of(int... values) {
    return values;
  }

  @Test
  void packsOneAfterAnother() {
    SequenceLayout layout = SequenceLayout.packed(3, 0, 2);
    assertThat(layout.sequences()).isEqualTo(3);
    assertThat(layout.queryStart()).containsExactly(0, 3, 3);
    assertThat(layout.keyStart()).containsExactly(0, 3, 3);
    assertThat(layout.queryRows()).isEqualTo(5);
    assertThat(layout.keyRows()).isEqualTo(5);
    assertThat(layout.visibleKeys(0, 0)).isEqualTo(1);
    assertThat(layout.visibleKeys(2, 1)).isEqualTo(2);
  }

  @Test
  void theLastQuerySeesEveryKeyOfTheCache() {
    SequenceLayout layout = new SequenceLayout(of(0, 1), of(1, 2), of(0, 100), of(7, 9), true);
    assertThat(layout.visibleKeys(0, 0)).isEqualTo(7);
    assertThat(layout.visibleKeys(1, 0)).isEqualTo(8);
    assertThat(layout.visibleKeys(1, 1)).isEqualTo(9);
    assertThat(layout.keyRows()).isEqualTo(109);
    assertThat(new SequenceLayout(of(0), of(5), of(0), of(3), false).visibleKeys(0, 0))
        .isEqualTo(3);
  }

  @Test
  void refusesWhatCannotBe() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SequenceLayout(of(0, 1), of(1), of(0), of(1), true))
        .withMessage("sequence layout: the four arrays must have one entry a sequence");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SequenceLayout(of(0, -1), of(1, 1), of(0, 0), of(1, 1), true))
        .withMessage("sequence layout: sequence 1 has a negative start or length");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SequenceLayout(of(0), of(3), of(0), of(2), true))
        .withMessage("sequence layout: sequence 0 has 3 queries but only 2 keys");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SequenceLayout(of(0, 0), of(2, 2), of(0, 2), of(2, 2), true))
        .withMessageContaining("sequences 0 and 1 share query row 0");
  }

  /** A gap elsewhere must not hide it: two sequences would write one row, and none another. */
  @Test
  void refusesSharedQueryRowsWhereverTheyLie() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new SequenceLayout(of(9, 0, 1), of(1, 2, 2), of(0, 0, 0), of(2, 2, 2), true))
        .withMessageContaining("sequences 1 and 2 share query row 1");
    SequenceLayout gaps =
        new SequenceLayout(of(9, 1, 4), of(1, 2, 0), of(0, 0, 0), of(2, 2, 0), true);
    assertThat(gaps.queryRows()).isEqualTo(10);
  }

  /** Kernels check no bounds: a sum of rows that overflows would pass as small. */
  @Test
  void refusesMoreRowsThanCanBeCounted() {
    int most = Integer.MAX_VALUE;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SequenceLayout(of(0), of(2), of(most - 1), of(4), true))
        .withMessageContaining("the keys of sequence 0 begin at row 2147483646 and are 4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SequenceLayout.packed(most, most))
        .withMessageContaining("the queries of sequence 1 begin at row 2147483647");
  }
}
