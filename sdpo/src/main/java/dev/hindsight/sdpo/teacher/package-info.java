/**
 * The self-teacher's context: which solution and feedback a rollout's teacher sees, and how they
 * become a prompt.
 *
 * <p>Nothing here computes with tensors. The weights of the teacher are another matter.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.teacher;
