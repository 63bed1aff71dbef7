package dev.hindsight.sdpo.teacher;

/**
 * How demonstrations are chosen. The names in parentheses are the reference implementation's.
 *
 * @param successThreshold a rollout with at least this reward is a success ({@code
 *     success_reward_threshold})
 * @param excludeOwnSuccess a rollout is never its own solution ({@code
 *     dont_reprompt_on_self_success}). The paper's Table 2 gives a success itself as the solution;
 *     every released configuration excludes it. With it excluded, a lone success of a group has
 *     nothing to learn from
 * @param removeThinking {@code <think>} blocks are cut from solutions ({@code
 *     remove_thinking_from_demonstration})
 * @param includeFeedback the environment's feedback is used at all ({@code
 *     include_environment_feedback})
 * @param feedbackOnlyWithoutSolution feedback is used where no solution was found, otherwise always
 *     ({@code environment_feedback_only_without_solution})
 * @param siblingSolutions successful responses are used at all; not in the reference, where they
 *     always are. Without them this is learning from feedback alone
 */
public record DemonstrationOptions(
    double successThreshold,
    boolean excludeOwnSuccess,
    boolean removeThinking,
    boolean includeFeedback,
    boolean feedbackOnlyWithoutSolution,
    boolean siblingSolutions) {

  /** What the reference implementation's shipped configuration runs with. */
  public static final DemonstrationOptions REFERENCE =
      new DemonstrationOptions(0.5, true, true, true, true, true);

  public DemonstrationOptions {
    if (Double.isNaN(successThreshold)) {
      throw new IllegalArgumentException(
          "DemonstrationOptions: success threshold is NaN, expected a reward");
    }
  }

  /** The same, with this choice of {@code excludeOwnSuccess}. */
  public DemonstrationOptions withExcludeOwnSuccess(boolean exclude) {
    return new DemonstrationOptions(
        successThreshold,
        exclude,
        removeThinking,
        includeFeedback,
        feedbackOnlyWithoutSolution,
        siblingSolutions);
  }

  /** The same, with this choice of {@code includeFeedback}. */
  public DemonstrationOptions withIncludeFeedback(boolean include) {
    return new DemonstrationOptions(
        successThreshold,
        excludeOwnSuccess,
        removeThinking,
        include,
        feedbackOnlyWithoutSolution,
        siblingSolutions);
  }

  /** The same, with this choice of {@code feedbackOnlyWithoutSolution}. */
  public DemonstrationOptions withFeedbackOnlyWithoutSolution(boolean only) {
    return new DemonstrationOptions(
        successThreshold,
        excludeOwnSuccess,
        removeThinking,
        includeFeedback,
        only,
        siblingSolutions);
  }

  /** The same, with this choice of {@code removeThinking}. */
  public DemonstrationOptions withRemoveThinking(boolean remove) {
    return new DemonstrationOptions(
        successThreshold,
        excludeOwnSuccess,
        remove,
        includeFeedback,
        feedbackOnlyWithoutSolution,
        siblingSolutions);
  }

  /** The same, with this choice of {@code siblingSolutions}. */
  public DemonstrationOptions withSiblingSolutions(boolean use) {
    return new DemonstrationOptions(
        successThreshold,
        excludeOwnSuccess,
        removeThinking,
        includeFeedback,
        feedbackOnlyWithoutSolution,
        use);
  }
}
