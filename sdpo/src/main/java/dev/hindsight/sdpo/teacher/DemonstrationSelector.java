package dev.hindsight.sdpo.teacher;

import dev.hindsight.sdpo.environment.Environment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Chooses, for every rollout of a group, the solution and the feedback that its self-teacher sees
 * (section 3 of the SDPO paper, with the decisions of its reference implementation).
 *
 * <p>The solution is the first success of the group in batch order, or the second where the first
 * is the rollout itself and may not be used: all failing siblings see the same one. Feedback counts
 * where it is not blank, whatever the reward: verifiers leave it empty for a success.
 */
public final class DemonstrationSelector {
  private final DemonstrationOptions options;

  /** A selector that chooses by these options. */
  public DemonstrationSelector(DemonstrationOptions options) {
    this.options = options;
  }

  /** The selector for an environment: one that does not offer solutions never sees any. */
  public static DemonstrationSelector of(DemonstrationOptions options, Environment environment) {
    return new DemonstrationSelector(
        options.withSiblingSolutions(options.siblingSolutions() && environment.offersSolutions()));
  }

  /** How this selector chooses. */
  public DemonstrationOptions options() {
    return options;
  }

  /**
   * What each rollout's teacher sees.
   *
   * @param group the rollouts of one question, in batch order
   * @return as many, in the same order
   */
  public List<Demonstration> select(List<Attempt> group) {
    List<Demonstration> chosen = new ArrayList<>(group.size());
    for (int i = 0; i < group.size(); i++) {
      chosen.add(select(group, i));
    }
    return chosen;
  }

  private Demonstration select(List<Attempt> group, int self) {
    OptionalInt index = solutionFor(group, self);
    Optional<String> solution =
        index.isPresent() ? Optional.of(text(group.get(index.getAsInt()))) : Optional.empty();
    boolean mayUseFeedback =
        options.includeFeedback()
            && !(options.feedbackOnlyWithoutSolution() && solution.isPresent());
    Optional<String> feedback =
        Optional.of(group.get(self).feedback()).filter(text -> mayUseFeedback && !text.isBlank());
    return new Demonstration(index, solution, feedback);
  }

  private OptionalInt solutionFor(List<Attempt> group, int self) {
    if (!options.siblingSolutions()) {
      return OptionalInt.empty();
    }
    for (int i = 0; i < group.size(); i++) {
      boolean allowed = i != self || !options.excludeOwnSuccess();
      if (allowed && group.get(i).reward() >= options.successThreshold()) {
        return OptionalInt.of(i);
      }
    }
    return OptionalInt.empty();
  }

  private String text(Attempt attempt) {
    return options.removeThinking() ? Thinking.remove(attempt.response()) : attempt.response();
  }
}
