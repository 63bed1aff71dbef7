package dev.hindsight.sdpo.arithmetic;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.AnswerKey;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sums and products, answered with working or without. Reward is 1 when the value is right and
 * every step that is shown is true; feedback is about the first mistake.
 *
 * <p>Right responses cannot be listed, as true steps may be added without end: accuracy here is
 * sampled.
 */
public final class ArithmeticEnvironment implements Environment {
  /** The usual limit of a response in tokens: room for the working of six digits, and for more. */
  public static final int MAX_RESPONSE_TOKENS = 64;

  static final PromptRenderer RENDERER = PromptRenderer.between("<bos>", "<asst>");

  private static final long TRAIN_STREAM = 0x7375_6D73_2D74_7261L;
  private static final long TEST_STREAM = 0x7375_6D73_2D74_6573L;

  /**
   * Which questions are asked.
   *
   * @param minTerms fewest digits of a question, 2 to 6
   * @param maxTerms most digits of a question, {@code minTerms} to 6
   * @param train how many different questions to learn from
   * @param test how many different questions to test with; no training question is among them, nor
   *     is any question that pretraining reads
   * @param seed decides the questions
   */
  public record Questions(int minTerms, int maxTerms, int train, int test, long seed) {
    public Questions {
      require(minTerms >= 2, "min_terms", minTerms, "at least 2");
      require(
          maxTerms >= minTerms && maxTerms <= ArithmeticQuestion.MOST_TERMS,
          "max_terms",
          maxTerms,
          "min_terms, which is " + minTerms + ", to " + ArithmeticQuestion.MOST_TERMS);
      require(train > 0, "train_questions", train, "at least 1");
      require(test > 0, "test_questions", test, "at least 1");
    }

    private static void require(boolean holds, String key, Object given, String expected) {
      if (!holds) {
        throw new IllegalArgumentException(
            "environment." + key + ": got " + given + ", expected " + expected);
      }
    }
  }

  private final ArithmeticFeedback feedback;
  private final int maxResponseTokens;
  private final AnswerKey<ArithmeticQuestion> known = new AnswerKey<>("arithmetic");
  private final List<Question> train;
  private final List<Question> test;

  /**
   * An environment of generated questions.
   *
   * @param maxResponseTokens the longest response, in tokens
   */
  public ArithmeticEnvironment(
      Questions questions, ArithmeticFeedback feedback, int maxResponseTokens) {
    this.feedback = feedback;
    this.maxResponseTokens = maxResponseTokens;
    this.train = draw(questions, false, questions.train(), TRAIN_STREAM);
    this.test = draw(questions, true, questions.test(), TEST_STREAM);
  }

  private List<Question> draw(Questions from, boolean heldOut, int count, long stream) {
    Philox random = new Philox(from.seed(), stream);
    Map<Question, ArithmeticQuestion> drawn = new LinkedHashMap<>();
    // a fifth of all is held out; when so many draws bring nothing new there is hardly more
    int patience = 100 * count + 10_000;
    while (drawn.size() < count && patience-- > 0) {
      ArithmeticQuestion q = ArithmeticQuestion.draw(random, from.minTerms(), from.maxTerms());
      if (q.heldOut() == heldOut) {
        drawn.put(q.question(), q);
      }
    }
    if (drawn.size() < count) {
      throw new IllegalArgumentException(
          "environment."
              + (heldOut ? "test_questions" : "train_questions")
              + ": got "
              + count
              + ", expected at most "
              + drawn.size()
              + ", as there are hardly more with "
              + from.minTerms()
              + " to "
              + from.maxTerms()
              + " digits; raise max_terms");
    }
    drawn.forEach((question, q) -> known.add(question.id(), q));
    return List.copyOf(drawn.keySet());
  }

  @Override
  public String name() {
    return "arithmetic";
  }

  @Override
  public List<Question> trainQuestions() {
    return train;
  }

  @Override
  public List<Question> testQuestions() {
    return test;
  }

  @Override
  public Verdict judge(Question question, String response, boolean finished) {
    ArithmeticQuestion asked = known.of(question);
    ArithmeticVerifier.Reading read = ArithmeticVerifier.read(asked, response, finished);
    Map<String, String> details = new LinkedHashMap<>();
    details.put("mistake", read.mistake().map(Mistake::kind).orElse("none"));
    details.put("true_steps", Integer.toString(read.steps().size()));
    return new Verdict(
        read.mistake().isEmpty() ? 1 : 0, read.mistake().map(feedback::text).orElse(""), details);
  }

  /** Two of the right responses: the value alone, and the whole working before it. */
  public List<String> examples(Question question) {
    ArithmeticQuestion asked = known.of(question);
    return List.of(asked.answer(), asked.working());
  }

  @Override
  public PromptRenderer renderer() {
    return RENDERER;
  }

  @Override
  public int maxResponseTokens() {
    return maxResponseTokens;
  }
}
