package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.teacher.DemonstrationOptions;
import dev.hindsight.sdpo.teacher.TeacherPrompt;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the learning signal of a step comes from, and why there is none when there is none.
 *
 * @param successGroupFraction questions with at least one success
 * @param variedGroupFraction questions whose rollouts did not all get the same reward
 * @param signalGroupFraction questions with at least one rollout that the method can learn from
 * @param successSampleFraction rollouts for which a demonstration was found
 * @param feedbackAvailableFraction rollouts that got feedback
 * @param feedbackUsedFraction rollouts whose teacher sees it
 * @param repromptSampleFraction rollouts whose teacher sees anything: the mean of the mask d
 * @param truncatedPrompts teacher prompts that were cut to fit
 * @param absent why no sample carries signal; null when some do
 */
record Signal(
    double successGroupFraction,
    double variedGroupFraction,
    double signalGroupFraction,
    double successSampleFraction,
    double feedbackAvailableFraction,
    double feedbackUsedFraction,
    double repromptSampleFraction,
    int truncatedPrompts,
    @Nullable String absent) {

  /**
   * @param prompts of the teacher, one a rollout; empty for a method that has none
   * @param n rollouts of each question, which follow one another
   */
  static Signal of(
      TrainConfig config,
      List<Rollout> rollouts,
      List<TeacherPrompt> prompts,
      DemonstrationOptions options,
      int n) {
    double success = config.selfDistillation().successRewardThreshold();
    double flat = config.selfDistillation().diagnosticsFlatTolerance();
    int groups = rollouts.size() / n;
    int successGroups = 0;
    int varied = 0;
    int withSignal = 0;
    for (int g = 0; g < groups; g++) {
      List<Rollout> group = rollouts.subList(g * n, (g + 1) * n);
      successGroups += group.stream().anyMatch(r -> r.reward() >= success) ? 1 : 0;
      DoubleSummaryStatistics rewards =
          group.stream().mapToDouble(Rollout::reward).summaryStatistics();
      boolean differ = rewards.getMax() - rewards.getMin() > flat;
      varied += differ ? 1 : 0;
      boolean taught =
          !prompts.isEmpty()
              && prompts.subList(g * n, (g + 1) * n).stream().anyMatch(TeacherPrompt::active);
      withSignal += taught || (differ && comparesRewards(config)) ? 1 : 0;
    }
    double all = rollouts.size();
    double available = rollouts.stream().filter(r -> r.verdict().hasFeedback()).count() / all;
    double active = prompts.stream().filter(TeacherPrompt::active).count() / all;
    double successFraction = successGroups / (double) groups;
    double variedFraction = varied / (double) groups;
    String absent = null;
    if (isAbsent(config, active, variedFraction, successFraction)) {
      absent =
          config.method() == TrainConfig.Method.GRPO
              ? "no signal: in every group all rewards are equal, so every advantage is 0; more"
                  + " rollouts a question, easier questions or a stronger base model are needed"
              : "no signal: " + why(successGroups, available, options);
    }
    return new Signal(
        successFraction,
        variedFraction,
        withSignal / (double) groups,
        prompts.stream().filter(p -> p.solution().isPresent()).count() / all,
        available,
        prompts.stream().filter(p -> !p.feedback().isEmpty()).count() / all,
        active,
        (int) prompts.stream().filter(TeacherPrompt::truncated).count(),
        absent);
  }

  /** Whether rewards that differ within a group are a signal, targets or not. */
  private static boolean comparesRewards(TrainConfig config) {
    return config.method() == TrainConfig.Method.GRPO
        || (config.method() == TrainConfig.Method.SDPO && config.mixes());
  }

  /**
   * Whether no sample of a step carries signal. Under GRPO that is no alarm where every question
   * has a success: then all rollouts succeeded.
   *
   * @param active rollouts whose teacher sees anything
   * @param varied questions with varied rewards
   * @param successGroupFraction questions with at least one success
   */
  static boolean isAbsent(
      TrainConfig config, double active, double varied, double successGroupFraction) {
    boolean noAdvantage = varied == 0 && successGroupFraction < 1;
    return switch (config.method()) {
      case SDPO -> active == 0 && (noAdvantage || !config.mixes());
      case GRPO -> noAdvantage;
      case SFT -> active == 0;
    };
  }

  private static String why(int successGroups, double available, DemonstrationOptions options) {
    if (available > 0 && !options.includeFeedback()) {
      return "the environment gives feedback, but self_distillation.include_environment_feedback is"
          + " false, and no sibling succeeded; switch it on";
    }
    if (successGroups == 0) {
      return "no rollout succeeded and the environment gave no feedback, so no sample has a target;"
          + " use an environment with feedback, easier questions or a stronger base model";
    }
    if (!options.siblingSolutions()) {
      return "rollouts succeeded, but this environment withholds solutions and gave no feedback; switch"
          + " its feedback on, or use one that shows solutions";
    }
    return "each success is alone in its group and self_distillation.dont_reprompt_on_self_success"
        + " keeps it from being its own demonstration; more rollouts a question are needed";
  }
}
