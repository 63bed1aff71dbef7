package dev.hindsight.sdpo.environment;

import dev.hindsight.engine.Philox;
import java.util.List;

/**
 * A task with verifiable answers and rich feedback: the setting that the SDPO paper calls
 * reinforcement learning with rich feedback (arXiv 2601.20802, section 2).
 *
 * <p>Everything here is a pure function of its arguments, so a run can be resumed, repeated and
 * audited: no method may depend on what was asked before. Implementations are safe for use by
 * several threads.
 *
 * <p>Who opens an environment closes it; what only works with it, such as a trainer, does not.
 */
public interface Environment extends AutoCloseable {

  /** A short name for records and tables, such as {@code dialect-Q}. */
  String name();

  /** What a person should know about this environment before it is used; here its name. */
  default String description() {
    return name();
  }

  /** The questions to learn from. Not empty, in a fixed order. */
  List<Question> trainQuestions();

  /** Held-out questions, disjoint from {@link #trainQuestions}, in a fixed order. */
  List<Question> testQuestions();

  /**
   * The training questions of one step, all different. The same {@code (seed, step)} gives the same
   * batch, whatever was drawn before.
   *
   * <p>Here: uniform over the training questions. An environment with uneven groups of questions
   * draws as suits it.
   *
   * @throws IllegalArgumentException when {@code count} is not positive or exceeds the number of
   *     training questions
   */
  default List<Question> drawBatch(int count, long seed, long step) {
    return QuestionSampler.uniform(
        trainQuestions(), count, new Philox(seed, QuestionSampler.BATCH_STREAM).split(step));
  }

  /**
   * A fixed sample of {@link #testQuestions}, all different, drawn the way batches are: what
   * evaluation uses when the whole test set costs too much.
   *
   * @throws IllegalArgumentException when {@code count} is not positive or exceeds the number of
   *     test questions
   */
  default List<Question> drawTest(int count, long seed) {
    return QuestionSampler.uniform(
        testQuestions(), count, new Philox(seed, QuestionSampler.TEST_STREAM));
  }

  /**
   * Judges a response.
   *
   * @param question one of this environment's questions
   * @param response the response's text, decoded with control tokens left in, but for the
   *     end-of-sequence token
   * @param finished whether the response ended by itself with the end-of-sequence token, rather
   *     than by running out of room
   */
  Verdict judge(Question question, String response, boolean finished);

  /**
   * A response to be judged: the arguments of {@link #judge}.
   *
   * @param finished whether the response ended by itself
   */
  record Response(Question question, String text, boolean finished) {}

  /**
   * Judges several responses; verdict {@code i} is that of response {@code i}. Here one after
   * another: an environment that waits for something while it judges does better at once.
   */
  default List<Verdict> judgeAll(List<Response> responses) {
    return responses.stream().map(r -> judge(r.question(), r.text(), r.finished())).toList();
  }

  /**
   * Responses that are right, for environments that can list them: the sum of their probabilities
   * under a policy is that policy's accuracy, without sampling noise. Empty where they cannot be
   * listed. Every response given here is judged with reward 1 when finished.
   */
  default List<String> correctResponses(Question question) {
    return List.of();
  }

  /** How messages become prompts for the models of this environment. */
  PromptRenderer renderer();

  /** The most tokens a response may take, the end-of-sequence token included. */
  int maxResponseTokens();

  /**
   * Whether a successful rollout may be shown to the self-teacher as a solution. Controls that must
   * not leak the truth say no.
   */
  default boolean offersSolutions() {
    return true;
  }

  /**
   * Gives back what this environment holds beside memory, such as processes; nothing here. Nothing
   * may be judged afterwards.
   */
  @Override
  default void close() {}
}
