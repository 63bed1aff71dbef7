/**
 * The truth that every other backend is tested against: plain loops that are meant to be read.
 *
 * <p>F32 operands are widened to double, which is exact, and each result is rounded to float once.
 * For one addition, subtraction, multiplication, division or square root that gives the bits of
 * float arithmetic (53 bits are more than twice 24 and 2: Figueroa, "When is double rounding
 * innocuous?", 1995); for sums and transcendental functions it is nearly the correctly rounded
 * result. Matrix products are the exception: their contract fixes a chain of fused multiply-adds in
 * the type of the operands.
 *
 * <p>The kernels take host tensors of any CPU backend and any strides, so that a faster backend can
 * hand over what it does not cover.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.engine.reference;
