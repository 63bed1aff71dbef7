package dev.hindsight.sdpo.dialect;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A null control for rich feedback: rewards are the real ones, feedback is what the verifier of a
 * foreign dialect would say, drawn from the prior anew for each question and response. It has the
 * words, the length and the grammar of real feedback and says nothing about the dialect that is
 * asked for, so a policy that gains here gains from something else.
 *
 * <p>Feedback that is shuffled among questions is no such control: punctuation is common to all
 * questions, and feedback tells it whichever question it was meant for.
 *
 * <p>A response that is right keeps its empty feedback, as in every environment. Solutions are not
 * offered: a lucky sibling's answer would tell the self-teacher the whole dialect.
 */
public final class ForeignFeedbackEnvironment implements Environment {
  private static final long FOREIGN_STREAM = 0x666F_7265_6967_6EL;

  private final DialectEnvironment real;
  private final long seed;

  /**
   * @param real the environment whose questions and rewards these are
   * @param seed decides the foreign dialects, together with question and response
   */
  public ForeignFeedbackEnvironment(DialectEnvironment real, long seed) {
    this.real = real;
    this.seed = seed;
  }

  @Override
  public String name() {
    return real.name() + "-foreign-feedback";
  }

  @Override
  public Verdict judge(Question question, String response, boolean finished) {
    List<DialectError> errors = real.errors(question, response, finished);
    Verdict verdict = DialectEnvironment.verdict(errors, real.feedback());
    if (errors.isEmpty()) {
      return verdict;
    }
    List<String> tokens = DialectText.split(response);
    DialectVerifier foreign =
        new DialectVerifier(foreignDialect(question, tokens), real.argumentCheck());
    List<DialectError> foreignErrors =
        foreign.judge(DialectEnvironment.dialectQuestion(question), tokens, finished);
    Map<String, String> details = new LinkedHashMap<>(verdict.details());
    details.put("feedback", "foreign");
    return new Verdict(verdict.reward(), real.feedback().text(foreignErrors), details);
  }

  /** The dialect whose verifier speaks about this response. */
  Dialect foreignDialect(Question question, List<String> response) {
    Philox random =
        new Philox(seed, FOREIGN_STREAM).split(question.id()).split(String.join(" ", response));
    return DialectPrior.draw(random);
  }

  @Override
  public List<Question> trainQuestions() {
    return real.trainQuestions();
  }

  @Override
  public List<Question> testQuestions() {
    return real.testQuestions();
  }

  @Override
  public List<Question> drawBatch(int count, long batchSeed, long step) {
    return real.drawBatch(count, batchSeed, step);
  }

  @Override
  public List<Question> drawTest(int count, long testSeed) {
    return real.drawTest(count, testSeed);
  }

  @Override
  public List<String> correctResponses(Question question) {
    return real.correctResponses(question);
  }

  @Override
  public PromptRenderer renderer() {
    return real.renderer();
  }

  @Override
  public int maxResponseTokens() {
    return real.maxResponseTokens();
  }

  @Override
  public boolean offersSolutions() {
    return false;
  }

  @Override
  public void close() {
    real.close();
  }
}
