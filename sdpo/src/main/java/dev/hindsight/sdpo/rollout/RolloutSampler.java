package dev.hindsight.sdpo.rollout;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.transformer.Completion;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.Generator;
import dev.hindsight.transformer.SamplingOptions;
import dev.hindsight.transformer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Samples answers from a policy and has them judged. */
public final class RolloutSampler implements AutoCloseable {
  private final Environment environment;
  private final Tokenizer tokenizer;
  private final TeacherPrompts prompts;
  private final Generator generator;

  /** A sampler of {@code policy}, whose weights are read as they are at each call. */
  public RolloutSampler(
      Decoder policy, Tokenizer tokenizer, Environment environment, TeacherPrompts prompts) {
    this.environment = environment;
    this.tokenizer = tokenizer;
    this.prompts = prompts;
    this.generator = new Generator(policy);
  }

  /**
   * {@code n} rollouts of each question, those of one question one after another: rollout {@code i}
   * belongs to question {@code i / n} and draws from {@code random.split(i)}.
   */
  public List<Rollout> sample(
      List<Question> questions, int n, double temperature, int longest, Philox random) {
    return sample(
        questions,
        n,
        SamplingOptions.sampling(longest, tokenizer.eos()).withTemperature(temperature),
        random);
  }

  /** The same with every choice of how tokens are drawn. */
  public List<Rollout> sample(
      List<Question> questions, int n, SamplingOptions options, Philox random) {
    List<Question> asked = new ArrayList<>();
    List<int[]> inputs = new ArrayList<>();
    for (Question question : questions) {
      int[] prompt = prompts.student(question);
      for (int i = 0; i < n; i++) {
        asked.add(question);
        inputs.add(prompt);
      }
    }
    return answer(asked, inputs, options, random);
  }

  /**
   * One answer to each prompt, judged as one to its question; answer {@code i} draws from {@code
   * random.split(i)}.
   *
   * @param inputs in tokens, one a question
   */
  public List<Rollout> answer(
      List<Question> questions, List<int[]> inputs, SamplingOptions options, Philox random) {
    List<Philox> streams = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      streams.add(random.split(i));
    }
    List<Completion> completions = generator.generate(inputs, streams, options);
    List<Environment.Response> responses = new ArrayList<>();
    for (int i = 0; i < completions.size(); i++) {
      responses.add(response(questions.get(i), completions.get(i)));
    }
    List<Verdict> verdicts = environment.judgeAll(responses);
    List<Rollout> rollouts = new ArrayList<>();
    for (int i = 0; i < completions.size(); i++) {
      Completion y = completions.get(i);
      rollouts.add(
          new Rollout(
              questions.get(i), inputs.get(i), y, withoutControls(y.tokens()), verdicts.get(i)));
    }
    return rollouts;
  }

  private Environment.Response response(Question question, Completion y) {
    int written = y.finished() ? y.length() - 1 : y.length();
    String text = tokenizer.decode(Arrays.copyOf(y.tokens(), written));
    return new Environment.Response(question, text, y.finished());
  }

  /** The text of a response as a demonstration shows it. */
  private String withoutControls(int[] response) {
    return tokenizer.decode(IntStream.of(response).filter(t -> !tokenizer.isControl(t)).toArray());
  }

  @Override
  public void close() {
    generator.close();
  }
}
