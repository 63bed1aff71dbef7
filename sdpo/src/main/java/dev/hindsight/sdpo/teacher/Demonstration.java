package dev.hindsight.sdpo.teacher;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the self-teacher of one rollout sees beside the question.
 *
 * @param solutionIndex whose response the solution is: an index into the group
 * @param solution the text of that response, thinking removed where asked for
 * @param feedback what the environment said about the rollout itself, where it is used
 */
public record Demonstration(
    OptionalInt solutionIndex, Optional<String> solution, Optional<String> feedback) {
  /** Nothing to see: the teacher's prompt is the student's. */
  public static final Demonstration NONE =
      new Demonstration(OptionalInt.empty(), Optional.empty(), Optional.empty());

  public Demonstration {
    if (solutionIndex.isPresent() != solution.isPresent()) {
      throw new IllegalArgumentException(
          "Demonstration: solution index "
              + solutionIndex
              + " and solution "
              + solution
              + " must be given together");
    }
  }

  /** Whether there is anything to distil: the self-distillation mask d of the rollout. */
  public boolean active() {
    return solution.isPresent() || feedback.isPresent();
  }
}
