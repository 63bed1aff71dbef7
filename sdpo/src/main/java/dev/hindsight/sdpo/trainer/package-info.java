/** The training loop: rollouts, verdicts, teacher prompts, one update, one line of record. */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.trainer;
