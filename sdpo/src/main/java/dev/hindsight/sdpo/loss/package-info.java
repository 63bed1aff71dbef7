/**
 * The losses of SDPO (arXiv 2601.20802) and of GRPO, token by token: each file is one equation or
 * one choice of the paper. A loss sees chunks of logits, never those of a whole batch.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.loss;
