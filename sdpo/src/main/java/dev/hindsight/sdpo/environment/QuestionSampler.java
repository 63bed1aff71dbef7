package dev.hindsight.sdpo.environment;

import dev.hindsight.engine.Philox;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Drawing questions without replacement, from counter-based random numbers. */
public final class QuestionSampler {
  /** The stream of training batches, split by the step. */
  public static final long BATCH_STREAM = 0x7175_6573_7469_6F6EL;

  /** The stream of samples of the test questions. */
  public static final long TEST_STREAM = 0x6865_6C64_2D6F_7574L;

  private QuestionSampler() {}

  /**
   * {@code count} different questions, uniformly.
   *
   * @throws IllegalArgumentException when {@code count} is not positive or exceeds the number of
   *     questions
   */
  public static List<Question> uniform(List<Question> questions, int count, Philox random) {
    checkCount(count, questions.size());
    List<Question> drawn = new ArrayList<>(count);
    // Fisher and Yates from the front, of which only the moved places are held: a batch costs its
    // own size
    Map<Integer, Integer> moved = new HashMap<>();
    for (int i = 0; i < count; i++) {
      int j = i + random.nextInt(questions.size() - i);
      drawn.add(questions.get(moved.getOrDefault(j, j)));
      moved.put(j, moved.getOrDefault(i, i));
    }
    return List.copyOf(drawn);
  }

  /** Refuses a count that cannot be drawn without repeating a question. */
  public static void checkCount(int count, int available) {
    if (count < 1 || count > available) {
      throw new IllegalArgumentException(
          "drawing questions: asked for "
              + count
              + " different ones, expected 1 to "
              + available
              + ", the number there is; lower the number of questions a batch");
    }
  }
}
