package dev.hindsight.sdpo.teacher;

import java.util.List;
import java.util.Optional;

/** The self-teacher's prompt for one rollout, and what became of its parts. */
public final class TeacherPrompt {
  private final Optional<String> solution;
  private final List<String> feedback;
  private final String message;
  private final int[] tokens;
  private final int untruncatedLength;

  TeacherPrompt(
      Optional<String> solution,
      List<String> feedback,
      String message,
      int[] tokens,
      int untruncatedLength) {
    this.solution = solution;
    this.feedback = List.copyOf(feedback);
    this.message = message;
    this.tokens = tokens;
    this.untruncatedLength = untruncatedLength;
  }

  /** The solution that the prompt shows, shortened where it had to be. */
  public Optional<String> solution() {
    return solution;
  }

  /** The pieces of feedback that the prompt shows, oldest first, shortened where they had to be. */
  public List<String> feedback() {
    return feedback;
  }

  /**
   * The user's message that the tokens were made from, for records and reports. With {@link
   * Truncation#RIGHT} and {@link Truncation#LEFT} the tokens hold only a part of it.
   */
  public String message() {
    return message;
  }

  /** The prompt's tokens; the response follows them directly. */
  public int[] tokens() {
    return tokens.clone();
  }

  /**
   * Whether there is anything to distil: the self-distillation mask d. False where the prompt is
   * the plain one, also because nothing of solution and feedback fitted.
   */
  public boolean active() {
    return solution.isPresent() || !feedback.isEmpty();
  }

  /** Whether anything was left out so that the prompt fits. */
  public boolean truncated() {
    return tokens.length < untruncatedLength;
  }

  /** How many tokens the prompt would have had without truncation. */
  public int untruncatedLength() {
    return untruncatedLength;
  }
}
