/**
 * Reinforcement learning by self-distillation: SDPO (arXiv 2601.20802) and GRPO.
 *
 * <p>One step of training passes through the packages in this order: {@code environment} (what is
 * asked and how it is judged; {@code dialect} is the built-in one), {@code rollout} (sampled
 * answers with their verdicts), {@code teacher} (the self-teacher's prompts and weights), {@code
 * loss}, {@code evaluation}, {@code run} (records and checkpoints). {@code trainer} is the loop
 * over them, {@code config} reads its settings from files.
 */
@NullMarked
package dev.hindsight.sdpo;

import org.jspecify.annotations.NullMarked;
