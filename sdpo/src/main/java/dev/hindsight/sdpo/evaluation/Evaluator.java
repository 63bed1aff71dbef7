package dev.hindsight.sdpo.evaluation;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.rollout.RolloutSampler;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.SamplingOptions;
import dev.hindsight.transformer.SequenceScorer;
import dev.hindsight.transformer.Tokenizer;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Measures a policy on fixed questions: exact accuracy, which is the summed probability of the
 * right responses, and avg@n, the mean reward of n sampled answers. The two agree but for sampling
 * noise.
 */
public final class Evaluator implements AutoCloseable {
  private final Environment environment;
  private final Tokenizer tokenizer;
  private final List<Question> questions;
  private final RightAnswers right;
  private final SequenceScorer scorer;
  private final RolloutSampler sampler;

  /**
   * @param policy whose weights are read as they are at each call
   * @param questions as {@link #questions} draws them, or any
   */
  public Evaluator(
      Decoder policy,
      Tokenizer tokenizer,
      Environment environment,
      TeacherPrompts prompts,
      List<Question> questions) {
    this.environment = environment;
    this.tokenizer = tokenizer;
    this.questions = List.copyOf(questions);
    this.right =
        new RightAnswers(
            environment, tokenizer, questions, questions.stream().map(prompts::student).toList());
    this.scorer = new SequenceScorer(policy);
    this.sampler = new RolloutSampler(policy, tokenizer, environment, prompts);
  }

  /**
   * Held-out questions: a fixed sample of {@code count}, or all of them when that is 0 or at least
   * their number.
   */
  public static List<Question> questions(Environment environment, int count, long seed) {
    List<Question> all = environment.testQuestions();
    return count == 0 || count >= all.size() ? all : environment.drawTest(count, seed);
  }

  /**
   * The mean over questions of the probability of a right answer; empty when the environment cannot
   * list the right responses.
   */
  public OptionalDouble accuracy(double temperature) {
    return right.complete()
        ? OptionalDouble.of(RightAnswers.mean(accuracyByQuestion(temperature)))
        : OptionalDouble.empty();
  }

  /** The probability of a right answer to each question. */
  public double[] accuracyByQuestion(double temperature) {
    return right.probabilities((prompts, y) -> scorer.logProbs(prompts, y, temperature));
  }

  /** avg@n: the mean reward of {@code n} answers to each question, sampled from {@code random}. */
  public double average(int n, double temperature, Philox random) {
    return average(n, temperature, 1, random);
  }

  /** The same from the fewest likeliest tokens whose probabilities reach {@code topP}. */
  public double average(int n, double temperature, double topP, Philox random) {
    SamplingOptions options =
        SamplingOptions.sampling(environment.maxResponseTokens(), tokenizer.eos())
            .withTemperature(temperature)
            .withTopP(topP);
    List<Rollout> rollouts = sampler.sample(questions, n, options, random);
    return RightAnswers.mean(rollouts.stream().mapToDouble(Rollout::reward).toArray());
  }

  /** The questions that are asked. */
  public List<Question> questions() {
    return questions;
  }

  @Override
  public void close() {
    scorer.close();
    sampler.close();
  }
}
