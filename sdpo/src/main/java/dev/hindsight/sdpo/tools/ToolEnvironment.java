package dev.hindsight.sdpo.tools;

import dev.hindsight.sdpo.data.Split;
import dev.hindsight.sdpo.environment.AnswerKey;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.ArrayList;
import java.util.List;

/** Requests to documented functions, judged by {@link ToolGrader}; see {@link ToolAlpaca}. */
public final class ToolEnvironment implements Environment {
  /** The paper's longest response, in tokens. */
  public static final int MAX_RESPONSE_TOKENS = 8192;

  private final String name;
  private final ToolGrader grader;
  private final int maxResponseTokens;
  private final AnswerKey<ToolQuestion> answers;
  private final List<Question> train;
  private final List<Question> test;

  /**
   * @param name for records and tables
   * @param questions to learn from and to test with
   * @param maxResponseTokens the longest response, in tokens
   */
  public ToolEnvironment(
      String name, Split<ToolQuestion> questions, ToolGrader grader, int maxResponseTokens) {
    this.name = name;
    this.maxResponseTokens = maxResponseTokens;
    this.grader = grader;
    this.answers = new AnswerKey<>(name);
    this.train = questions("", questions.train());
    // of a file of its own, whose lines are numbered anew
    this.test = questions("test-", questions.test());
  }

  /** Splits requests at random; equal ones to one API stay on one side. */
  public static Split<ToolQuestion> split(
      List<ToolQuestion> questions, double testFraction, long seed) {
    return Split.random(questions, ToolPrompt::text, testFraction, seed);
  }

  /**
   * Requests to learn from and others to test with.
   *
   * @throws IllegalArgumentException when one stands in both
   */
  public static Split<ToolQuestion> given(List<ToolQuestion> train, List<ToolQuestion> test) {
    return Split.given(train, test, ToolPrompt::text);
  }

  private List<Question> questions(String prefix, List<ToolQuestion> from) {
    List<Question> questions = new ArrayList<>();
    for (ToolQuestion q : from) {
      String id = prefix + q.id();
      answers.add(id, q);
      questions.add(new Question(id, ToolPrompt.text(q)));
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
    return grader.judge(answers.of(question), response);
  }

  @Override
  public PromptRenderer renderer() {
    return PromptRenderer.between("<bos>", "<asst>");
  }

  @Override
  public int maxResponseTokens() {
    return maxResponseTokens;
  }
}
