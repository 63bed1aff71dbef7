package dev.hindsight.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is measured can be named, prepared and done; how fast it is belongs to no test. */
final class CasesTest {
  @Test
  void everyCaseIsFoundByAnIdOfItsOwn() {
    for (List<Case> all : List.of(Cases.all(), Cases.device())) {
      assertThat(new HashSet<>(all.stream().map(Case::id).toList())).hasSize(all.size());
      assertThat(all).allSatisfy(c -> assertThat(Cases.of(c.id())).isEqualTo(c));
    }
    assertThatThrownBy(() -> Cases.of("sgemm/none")).hasMessageContaining("no case sgemm/none");
  }

  @Test
  void quickHasSomeOfEveryGroup() {
    assertThat(Cases.all()).containsAll(Cases.quick());
    assertThat(Cases.quick().stream().map(Case::group).distinct())
        .containsExactlyElementsOf(Cases.all().stream().map(Case::group).distinct().toList());
    assertThat(Cases.quick()).hasSize(15);
    assertThat(Cases.device()).containsAll(Cases.quickDevice());
    assertThat(Cases.quickDevice().stream().map(Case::group).distinct())
        .containsExactlyElementsOf(Cases.device().stream().map(Case::group).distinct().toList());
    assertThat(Cases.quickDevice()).hasSize(19);
  }

  /** 12 layers of 7.1 million, 39 million of tokens, .8 of positions: GPT-2's 124. */
  @Test
  void gpt2HasItsParameters() {
    Case.Train step = (Case.Train) Cases.of("gpt-train/gpt2-124M 8x512");
    assertThat(step.model().parameterCount()).isEqualTo(124_439_808);
  }

  @Test
  void aPassOverMemoryIsLimitedByWhatItMoves() {
    Limits limits = new Limits(1000, 84);
    assertThat(Cases.of("elementwise/adamw 8192x4096").limit(limits)).isEqualTo(3);
    assertThat(Cases.of("elementwise/add 8192x4096").limit(limits)).isEqualTo(7);
    assertThat(Cases.of("sgemm/4096x768x768 Bt").limit(limits)).isEqualTo(1000);
  }

  @Test
  void everyKindOfStepRunsTwice() {
    Hindsight hindsight = new Hindsight("vector");
    for (String id :
        List.of(
            "sgemm/128x128x128",
            "sgemm/512x512x512 At Bt",
            "attention/8x256 8x32 forward+backward",
            "elementwise/layer-norm 2048x256",
            "pretrain-tiny/dialect-48x2",
            "sdpo-tiny/dialect-48x2")) {
      Case c = Cases.of(id);
      assertThat(c.work()).as(id).isPositive();
      Runnable step = hindsight.prepare(c);
      step.run();
      step.run();
    }
  }

  @Test
  void theMedianLiesBetweenTheMiddleTwo() {
    double[] values = {4, 1, 3, 2};
    assertThat(SideBySide.quantile(values, .5)).isEqualTo(2.5);
    assertThat(SideBySide.quantile(values, 0)).isEqualTo(1);
    assertThat(SideBySide.quantile(values, 1)).isEqualTo(4);
  }

  @Test
  void aRowWithoutAPeerSaysNull() {
    Row row = new Row(Cases.all().getFirst(), 1, 2, .1, null, Double.NaN, Double.NaN, .5);
    assertThat(row.json())
        .containsEntry("group", "sgemm")
        .containsEntry("ours", 2.0)
        .containsEntry("ratio", null)
        .containsEntry("peer", null)
        .containsEntry("limit_share", .5);
  }
}
