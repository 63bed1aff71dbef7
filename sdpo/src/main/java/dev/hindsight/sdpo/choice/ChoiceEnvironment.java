package dev.hindsight.sdpo.choice;

import dev.hindsight.sdpo.data.Split;
import dev.hindsight.sdpo.environment.AnswerKey;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.ArrayList;
import java.util.List;

/** Multiple-choice questions with exact-match reward and no feedback; see {@link SciKnowEval}. */
public final class ChoiceEnvironment implements Environment {
  /** The paper's longest response, in tokens. */
  public static final int MAX_RESPONSE_TOKENS = 8192;

  private static final PromptRenderer RENDERER =
      PromptRenderer.between("<bos>" + ChoicePrompt.SYSTEM, "<asst>");

  private final String name;
  private final int maxResponseTokens;
  private final List<Question> train;
  private final List<Question> test;
  private final AnswerKey<String> answers;

  /**
   * @param name for records and tables
   * @param questions to learn from and to test with
   * @param maxResponseTokens the longest response, in tokens
   */
  public ChoiceEnvironment(String name, Split<ChoiceQuestion> questions, int maxResponseTokens) {
    this.name = name;
    this.maxResponseTokens = maxResponseTokens;
    this.answers = new AnswerKey<>(name);
    this.train = questions(questions.train());
    this.test = questions(questions.test());
  }

  /** Splits questions at random; equal ones, options included, stay on one side. */
  public static Split<ChoiceQuestion> split(
      List<ChoiceQuestion> questions, double testFraction, long seed) {
    return Split.random(questions, ChoicePrompt::text, testFraction, seed);
  }

  private List<Question> questions(List<ChoiceQuestion> from) {
    List<Question> questions = new ArrayList<>();
    for (ChoiceQuestion q : from) {
      answers.add(q.id(), q.answer());
      questions.add(new Question(q.id(), ChoicePrompt.text(q)));
    }
    return List.copyOf(questions);
  }

  @Override
  public String name() {
    return name;
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
    return ChoiceGrader.judge(answers.of(question), response, finished);
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
