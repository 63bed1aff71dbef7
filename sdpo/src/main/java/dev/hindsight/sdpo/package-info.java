/** Reinforcement learning by self-distillation. */
@NullMarked
package dev.hindsight.sdpo;

import org.jspecify.annotations.NullMarked;
