package dev.hindsight.sdpo.trainer;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.rollout.RolloutSampler;
import dev.hindsight.sdpo.teacher.Attempt;
import dev.hindsight.sdpo.teacher.Demonstration;
import dev.hindsight.sdpo.teacher.DemonstrationSelector;
import dev.hindsight.sdpo.teacher.ShuffledFeedback;
import dev.hindsight.sdpo.teacher.TeacherPrompt;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.transformer.SamplingOptions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** From judged rollouts to what the update learns from, by method. */
final class SampleBuilder {
  private static final long FEEDBACK_STREAM = 0x7368_7566_666C_65L;

  private final TrainConfig config;
  private final TeacherPrompts prompts;
  private final DemonstrationSelector selector;
  private final @Nullable RolloutSampler teacherSampler;

  /**
   * @param teacherSampler samples from the self-teacher; null for a method that never does
   */
  SampleBuilder(
      TrainConfig config,
      TeacherPrompts prompts,
      DemonstrationSelector selector,
      @Nullable RolloutSampler teacherSampler) {
    this.config = config;
    this.prompts = prompts;
    this.selector = selector;
    this.teacherSampler = teacherSampler;
  }

  /**
   * @param samples for the update
   * @param prompts the self-teacher's, one a rollout; empty for a method without one
   */
  record Built(List<PolicyUpdate.Sample> samples, List<TeacherPrompt> prompts) {}

  /**
   * @param rollouts those of a question one after another
   * @param options how the self-teacher samples, where it does
   * @param random for the same, and for the order of shuffled feedback
   */
  Built build(List<Rollout> rollouts, SamplingOptions options, Philox random) {
    int n = config.rollout().n();
    double[] rewards = rollouts.stream().mapToDouble(Rollout::reward).toArray();
    double[] advantage = config.algorithm().advantages(rewards, n);
    List<TeacherPrompt> built =
        config.method() == TrainConfig.Method.GRPO
            ? List.of()
            : teacherPrompts(rollouts, n, random.split(FEEDBACK_STREAM));
    List<Rollout> answers = rollouts;
    if (teacherSampler != null) {
      // SFT imitates, under the student's prompt, what the self-teacher answers under its own
      answers =
          teacherSampler.answer(
              rollouts.stream().map(Rollout::question).toList(),
              built.stream().map(TeacherPrompt::tokens).toList(),
              options,
              random);
    }
    List<PolicyUpdate.Sample> samples = new ArrayList<>();
    for (int i = 0; i < rollouts.size(); i++) {
      double weight =
          config.algorithm().passRateWeights() ? passRateWeight(rewards, i / n * n, n) : 1;
      boolean success = success(answers.get(i).reward());
      samples.add(
          switch (config.method()) {
            case GRPO ->
                // the reference of a KL, where there is one, reads the plain prompt
                new PolicyUpdate.Sample(
                    rollouts.get(i), rollouts.get(i).prompt(), true, advantage[i], success, weight);
            case SDPO ->
                new PolicyUpdate.Sample(
                    rollouts.get(i),
                    built.get(i).tokens(),
                    built.get(i).active(),
                    advantage[i],
                    success,
                    weight);
            case SFT ->
                new PolicyUpdate.Sample(
                    answers.get(i).after(rollouts.get(i).prompt()),
                    built.get(i).tokens(),
                    built.get(i).active() && success,
                    0,
                    success,
                    weight);
          });
    }
    return new Built(samples, built);
  }

  /** What each rollout's teacher sees, as its prompt; the mask d is whether that is anything. */
  private List<TeacherPrompt> teacherPrompts(List<Rollout> rollouts, int n, Philox random) {
    List<Attempt> attempts = rollouts.stream().map(Rollout::attempt).toList();
    if (config.selfDistillation().shuffleFeedback()) {
      attempts = ShuffledFeedback.of(attempts, n, random);
    }
    if (config.selfDistillation().includeOwnAttempt()) {
      attempts = attempts.stream().map(Attempt::quoted).toList();
    }
    List<TeacherPrompt> built = new ArrayList<>();
    for (int g = 0; g < rollouts.size(); g += n) {
      List<Demonstration> chosen = selector.select(attempts.subList(g, g + n));
      for (int i = 0; i < n; i++) {
        built.add(prompts.build(rollouts.get(g + i).question(), chosen.get(i)));
      }
    }
    return built;
  }

  private boolean success(double reward) {
    return reward >= config.selfDistillation().successRewardThreshold();
  }

  /** sqrt(p (1 - p)) of a question whose share p of rollouts succeeded: 0 where all agree. */
  private double passRateWeight(double[] rewards, int from, int n) {
    int successes = 0;
    for (int i = from; i < from + n; i++) {
      successes += success(rewards[i]) ? 1 : 0;
    }
    double p = successes / (double) n;
    return Math.sqrt(p * (1 - p));
  }
}
