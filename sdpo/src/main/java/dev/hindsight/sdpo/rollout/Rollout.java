package dev.hindsight.sdpo.rollout;

import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.sdpo.teacher.Attempt;
import dev.hindsight.transformer.Completion;

/**
 * One sampled answer y with its verdict.
 *
 * @param question x
 * @param prompt the student's prompt, in tokens
 * @param completion y and the log-probabilities with which it was sampled
 * @param response the text of y without control tokens
 * @param verdict reward r and feedback f
 */
public record Rollout(
    Question question, int[] prompt, Completion completion, String response, Verdict verdict) {

  /** The same answer, read after another prompt. */
  public Rollout after(int[] otherPrompt) {
    return new Rollout(question, otherPrompt, completion, response, verdict);
  }

  /** What the choice of demonstrations needs to know. */
  public Attempt attempt() {
    return new Attempt(response, verdict.reward(), verdict.feedback());
  }

  /** The reward r. */
  public double reward() {
    return verdict.reward();
  }
}
