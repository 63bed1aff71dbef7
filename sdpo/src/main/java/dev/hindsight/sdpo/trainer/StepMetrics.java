package dev.hindsight.sdpo.trainer;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One line of {@code metrics.jsonl}. Null means not measured: step 0 is the model as it came, and
 * evaluations need not happen at every step.
 *
 * @param step generation steps done
 * @param generations rollouts sampled so far
 * @param trainReward mean reward of this step's rollouts
 * @param accuracy exact accuracy on held-out questions, after the step's update
 * @param avgAtN mean reward of sampled answers to held-out questions
 * @param teacherAccuracy exact accuracy of the self-teacher on held-out questions after one failed
 *     attempt of the initial policy
 * @param loss aggregated loss, mean over the step's mini-batches
 * @param entropy of the policy's next-token distribution, nats, mean over response tokens
 * @param responseLength tokens, mean over rollouts
 * @param finishedFraction rollouts that ended by themselves
 * @param gradNorm global norm before clipping, mean over mini-batches; null also when not finite
 * @param teacherGap KL(student || teacher) over the full vocabulary, mean over live response tokens
 * @param learningRate of the last optimiser step
 * @param optimizerSteps optimiser steps taken so far; a step with a non-finite gradient is skipped
 * @param successGroupFraction questions with at least one success
 * @param variedGroupFraction questions whose rollouts did not all get the same reward: what GRPO
 *     can learn from
 * @param signalGroupFraction questions with at least one rollout that the method can learn from: a
 *     target of the self-teacher, or, where rewards are compared, a reward unlike the others
 * @param successSampleFraction rollouts for which a demonstration was found
 * @param feedbackAvailableFraction rollouts that the environment gave feedback to
 * @param feedbackUsedFraction rollouts whose teacher saw feedback
 * @param repromptSampleFraction rollouts with a teacher prompt of their own: the mean of the
 *     self-distillation mask
 * @param emptyTarget mini-batches in which no token was live
 * @param ratioMax largest ratio of the policy now to that at the start of the update
 * @param truncatedPrompts teacher prompts that were cut to fit
 * @param measures what else the step has to tell, by name: ratio statistics, spread of lengths,
 *     clip fractions, tail mass, masked and rejected shares; {@code docs/guide/metrics.md} lists
 *     them
 * @param alarms what deserves attention, one sentence each
 */
public record StepMetrics(
    int step,
    long generations,
    @Nullable Double trainReward,
    @Nullable Double accuracy,
    @Nullable Double avgAtN,
    @Nullable Double teacherAccuracy,
    @Nullable Double loss,
    @Nullable Double entropy,
    @Nullable Double responseLength,
    @Nullable Double finishedFraction,
    @Nullable Double gradNorm,
    @Nullable Double teacherGap,
    @Nullable Double learningRate,
    long optimizerSteps,
    @Nullable Double successGroupFraction,
    @Nullable Double variedGroupFraction,
    @Nullable Double signalGroupFraction,
    @Nullable Double successSampleFraction,
    @Nullable Double feedbackAvailableFraction,
    @Nullable Double feedbackUsedFraction,
    @Nullable Double repromptSampleFraction,
    @Nullable Integer emptyTarget,
    @Nullable Double ratioMax,
    @Nullable Integer truncatedPrompts,
    SortedMap<String, Double> measures,
    List<String> alarms) {
  public StepMetrics {
    // records of former versions have none
    measures =
        Collections.unmodifiableSortedMap(
            measures == null ? new TreeMap<>() : new TreeMap<>(measures));
    alarms = List.copyOf(alarms);
  }

  /** The same with these alarms. */
  StepMetrics withAlarms(List<String> sentences) {
    return new StepMetrics(
        step,
        generations,
        trainReward,
        accuracy,
        avgAtN,
        teacherAccuracy,
        loss,
        entropy,
        responseLength,
        finishedFraction,
        gradNorm,
        teacherGap,
        learningRate,
        optimizerSteps,
        successGroupFraction,
        variedGroupFraction,
        signalGroupFraction,
        successSampleFraction,
        feedbackAvailableFraction,
        feedbackUsedFraction,
        repromptSampleFraction,
        emptyTarget,
        ratioMax,
        truncatedPrompts,
        measures,
        sentences);
  }
}
