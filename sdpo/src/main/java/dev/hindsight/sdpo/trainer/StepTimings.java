package dev.hindsight.sdpo.trainer;

import org.jspecify.annotations.Nullable;

/**
 * One line of {@code timings.jsonl}: facts of the machine that did a step, its wall-clock seconds
 * and what computed it.
 *
 * @param step generation steps done
 * @param rolloutSeconds sampling and judging
 * @param updateSeconds teacher and student passes, optimiser, teacher's weights
 * @param evaluationSeconds held-out questions
 * @param totalSeconds all of the step, records and checkpoint included
 * @param backend that computed the step, with its device; null in lines that older versions wrote
 */
public record StepTimings(
    int step,
    double rolloutSeconds,
    double updateSeconds,
    double evaluationSeconds,
    double totalSeconds,
    @Nullable String backend) {}
