package dev.hindsight.sdpo.evaluation;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.rollout.RolloutSampler;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Fixed teacher prompts on held-out questions: how often the self-teacher would answer correctly if
 * it generated. As the prompts stay the same, a number that falls during training means that the
 * teacher itself gets worse.
 */
public final class TeacherProbe {
  private static final long STREAM = 0x7465_6163_6865_7273L;

  private final RightAnswers right;
  private final int prompts;

  private TeacherProbe(
      Environment environment, Tokenizer tokenizer, List<Question> questions, List<int[]> prompts) {
    this.right = new RightAnswers(environment, tokenizer, questions, prompts);
    this.prompts = prompts.size();
  }

  /**
   * Prompts with the feedback of one failed attempt each, which {@code policy} as it is now makes;
   * questions that it answers correctly, or whose attempt gets no feedback, are left out.
   */
  public static TeacherProbe afterFailedAttempt(
      Decoder policy,
      Tokenizer tokenizer,
      Environment environment,
      TeacherPrompts prompts,
      List<Question> questions,
      double temperature,
      long seed) {
    List<Question> failed = new ArrayList<>();
    List<int[]> tokens = new ArrayList<>();
    try (RolloutSampler sampler = new RolloutSampler(policy, tokenizer, environment, prompts)) {
      Philox random = new Philox(seed, STREAM);
      int longest = environment.maxResponseTokens();
      for (Rollout r : sampler.sample(questions, 1, temperature, longest, random)) {
        if (r.verdict().hasFeedback()) {
          List<String> feedback = List.of(r.verdict().feedback());
          failed.add(r.question());
          tokens.add(prompts.build(r.question(), Optional.empty(), feedback).tokens());
        }
      }
    }
    return new TeacherProbe(environment, tokenizer, failed, tokens);
  }

  /** Prompts with a right answer to the question itself: can the model copy a demonstration? */
  public static TeacherProbe withSolution(
      Tokenizer tokenizer,
      Environment environment,
      TeacherPrompts prompts,
      List<Question> questions) {
    List<int[]> tokens = new ArrayList<>();
    List<Question> solved = new ArrayList<>();
    for (Question question : questions) {
      List<String> right = environment.correctResponses(question);
      if (!right.isEmpty()) {
        Optional<String> solution = Optional.of(right.getFirst());
        solved.add(question);
        tokens.add(prompts.build(question, solution, List.of()).tokens());
      }
    }
    return new TeacherProbe(environment, tokenizer, solved, tokens);
  }

  /** Number of prompts. */
  public int size() {
    return prompts;
  }

  /**
   * The mean probability that the teacher answers correctly; empty when there is no prompt, or the
   * environment cannot list the right responses.
   */
  public OptionalDouble accuracy(SelfTeacher teacher, double temperature) {
    return prompts == 0 || !right.complete()
        ? OptionalDouble.empty()
        : OptionalDouble.of(
            RightAnswers.mean(right.probabilities((p, y) -> teacher.logProbs(p, y, temperature))));
  }
}
