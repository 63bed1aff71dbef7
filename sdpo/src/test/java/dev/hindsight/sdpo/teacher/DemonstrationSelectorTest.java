package dev.hindsight.sdpo.teacher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Golden K: which sibling's solution and whose feedback each of four rollouts gets. A row reads
 * {@code (solution index or -, feedback used y/n, mask d)}.
 */
class DemonstrationSelectorTest {
  private static final DemonstrationOptions REFERENCE = DemonstrationOptions.REFERENCE;

  private static String select(DemonstrationOptions options, double[] rewards, String... feedback) {
    List<Attempt> group = new ArrayList<>();
    for (int i = 0; i < rewards.length; i++) {
      group.add(new Attempt("response " + i, rewards[i], feedback[i]));
    }
    StringBuilder row = new StringBuilder();
    for (Demonstration demonstration : new DemonstrationSelector(options).select(group)) {
      String index =
          demonstration.solutionIndex().isPresent()
              ? "" + demonstration.solutionIndex().getAsInt()
              : "-";
      demonstration.solution().ifPresent(text -> assertThat(text).isEqualTo("response " + index));
      row.append('(').append(index).append(',');
      row.append(demonstration.feedback().isPresent() ? 'y' : 'n').append(',');
      row.append(demonstration.active() ? 1 : 0).append(')');
    }
    return row.toString();
  }

  private static double[] rewards(double... rewards) {
    return rewards;
  }

  @Test
  void twoSuccessesTeachEachOther() {
    String[] feedback = {"", "E1", "", "E3"};
    assertThat(select(REFERENCE, rewards(1, 0, 1, 0), feedback))
        .isEqualTo("(2,n,1)(0,n,1)(0,n,1)(0,n,1)");
    assertThat(
            select(REFERENCE.withFeedbackOnlyWithoutSolution(false), rewards(1, 0, 1, 0), feedback))
        .isEqualTo("(2,n,1)(0,y,1)(0,n,1)(0,y,1)");
  }

  @Test
  void aLoneSuccessHasNothingToLearnUnlessItMaySeeItself() {
    String[] feedback = {"E0", "", " ", "E3"};
    assertThat(select(REFERENCE, rewards(0, 1, 0, 0), feedback))
        .isEqualTo("(1,n,1)(-,n,0)(1,n,1)(1,n,1)");
    assertThat(select(REFERENCE.withExcludeOwnSuccess(false), rewards(0, 1, 0, 0), feedback))
        .isEqualTo("(1,n,1)(1,n,1)(1,n,1)(1,n,1)");
  }

  @Test
  void withoutASuccessThereIsOnlyFeedback() {
    String[] feedback = {"E0", "", "E2", "E3"};
    assertThat(select(REFERENCE, rewards(0, 0, 0, 0), feedback))
        .isEqualTo("(-,y,1)(-,n,0)(-,y,1)(-,y,1)");
    assertThat(select(REFERENCE.withIncludeFeedback(false), rewards(0, 0, 0, 0), feedback))
        .isEqualTo("(-,n,0)(-,n,0)(-,n,0)(-,n,0)");
  }

  @Test
  void whereAllSucceedTheFirstTeachesAndLearnsFromTheSecond() {
    assertThat(select(REFERENCE, rewards(1, 1, 1, 1), "", "", "", ""))
        .isEqualTo("(1,n,1)(0,n,1)(0,n,1)(0,n,1)");
  }

  @Test
  void theThresholdItselfIsASuccess() {
    assertThat(select(REFERENCE, rewards(.5, .49), "", "")).isEqualTo("(-,n,0)(0,n,1)");
  }

  /** The foreign-feedback control: a lucky sibling must not tell the truth. */
  @Test
  void withoutSiblingSolutionsFeedbackIsUsedBesideASuccess() {
    assertThat(select(REFERENCE.withSiblingSolutions(false), rewards(1, 0), "", "E1"))
        .isEqualTo("(-,n,0)(-,y,1)");
  }

  @Test
  void removesThinkingFromSolutionsWhereAskedFor() {
    List<Attempt> group =
        List.of(new Attempt("<think>hm</think> lab[9]", 1, ""), new Attempt("x", 0, ""));
    assertThat(new DemonstrationSelector(REFERENCE).select(group).get(1).solution())
        .contains("lab[9]");
    assertThat(
            new DemonstrationSelector(REFERENCE.withRemoveThinking(false))
                .select(group)
                .get(1)
                .solution())
        .contains("<think>hm</think> lab[9]");
  }
}
