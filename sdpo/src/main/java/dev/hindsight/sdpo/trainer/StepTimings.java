package dev.hindsight.sdpo.trainer;

/**
 * One line of {@code timings.jsonl}: wall-clock seconds of a step.
 *
 * @param step generation steps done
 * @param rolloutSeconds sampling and judging
 * @param updateSeconds teacher and student passes, optimiser, teacher's weights
 * @param evaluationSeconds held-out questions
 * @param totalSeconds all of the step, records and checkpoint included
 */
public record StepTimings(
    int step,
    double rolloutSeconds,
    double updateSeconds,
    double evaluationSeconds,
    double totalSeconds) {}
