/**
 * Sums and products whose working may be shown or left out: an environment in which a right answer
 * has no length of its own.
 *
 * <p>A question is {@code 6*7-3+8}. Right answers are {@code answer 47}, and {@code 6*7=42;
 * 42-3=39; 39+8=47; answer 47}, and whatever true steps stand before the right value. So when
 * responses become longer or shorter in training, it is the policy's doing, and not the verifier's.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.arithmetic;
