package dev.hindsight.sdpo.trainer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One line of {@code samples.jsonl}: a rollout, what the environment said, and what the
 * self-teacher thinks of each of its tokens.
 *
 * @param step of the rollout, before the step's update
 * @param questionId of the environment
 * @param question its text
 * @param response its text, without the end-of-sequence token
 * @param tokens the response's tokens, the end-of-sequence token included
 * @param reward of the verifier
 * @param finished whether it ended by itself
 * @param feedback of the environment, empty when none
 * @param solution the sibling's response that the teacher saw; null when none
 * @param teacherPrompt the message that the teacher saw in place of the question; the question
 *     itself where the sample has no target
 * @param target the self-distillation mask d_i
 * @param studentLogProbs log p(y_t)
 * @param teacherLogProbs log q(y_t); null where the method has no teacher
 * @param logRatio log q(y_t) - log p(y_t): below zero where the teacher finds fault
 * @param studentTop what the student thought likeliest at each token; null where it was not
 *     recorded
 * @param teacherTop the same of the teacher; null also where the method has none
 */
public record SampleRecord(
    int step,
    String questionId,
    String question,
    String response,
    List<String> tokens,
    double reward,
    boolean finished,
    String feedback,
    @Nullable String solution,
    String teacherPrompt,
    boolean target,
    float[] studentLogProbs,
    float @Nullable [] teacherLogProbs,
    float @Nullable [] logRatio,
    @Nullable Top studentTop,
    @Nullable Top teacherTop) {

  /**
   * The K likeliest tokens of a model before each token of the response, the likeliest first.
   *
   * @param tokens K a position
   * @param logProbs of these, over the whole vocabulary
   */
  public record Top(List<List<String>> tokens, List<float[]> logProbs) {}
}
