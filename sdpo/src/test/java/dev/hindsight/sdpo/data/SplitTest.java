package dev.hindsight.sdpo.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards the sizes of the paper's splits, and that no question is on both sides. */
class SplitTest {
  private static List<String> items(int count) {
    return IntStream.range(0, count).mapToObj(i -> "q" + i).toList();
  }

  /** The four domains as shipped with the reference implementation. */
  @ParameterizedTest
  @CsvSource({"500, 450, 50", "2100, 1890, 210", "935, 841, 94", "800, 720, 80", "2, 1, 1"})
  void aTenthIsHeldOutRoundedUp(int all, int train, int test) {
    Split<String> split = Split.random(items(all), q -> q, 0.1, 42);
    assertThat(split.train()).hasSize(train);
    assertThat(split.test()).hasSize(test).doesNotContainAnyElementsOf(split.train());
  }

  @Test
  void theSeedDecidesAndOrderIsKept() {
    List<String> all = items(100);
    Split<String> one = Split.random(all, q -> q, 0.2, 1);
    assertThat(Split.random(all, q -> q, 0.2, 1)).isEqualTo(one);
    assertThat(Split.random(all, q -> q, 0.2, 2).test()).isNotEqualTo(one.test());
    List<String> inOrder = new ArrayList<>(all);
    inOrder.retainAll(one.train());
    assertThat(one.train()).isEqualTo(inOrder);
  }

  @Test
  void equalQuestionsStayTogetherAndNoneIsLost() {
    List<Integer> all = IntStream.range(0, 60).boxed().toList();
    for (int seed = 0; seed < 20; seed++) {
      Split<Integer> split = Split.random(all, i -> "" + i / 3, 0.25, seed);
      assertThat(split.train()).noneMatch(i -> split.test().stream().anyMatch(t -> t / 3 == i / 3));
      assertThat(split.test()).hasSize(15);
      assertThat(split.train()).hasSize(45);
    }
  }

  @Test
  void whatCannotBeSplitIsRefused() {
    assertThatThrownBy(() -> Split.random(List.of("a", "a"), q -> q, 0.1, 0))
        .hasMessageContaining("1 different ones, expected at least 2");
    assertThatThrownBy(() -> Split.random(items(9), q -> q, 1, 0))
        .hasMessageContaining("test_fraction is 1.0, expected between 0 and 1");
    assertThatThrownBy(() -> Split.given(List.of("a", "b"), List.of("c", "b"), q -> q))
        .hasMessageContaining("1 of its questions are training questions, too, such as 'b'");
  }
}
