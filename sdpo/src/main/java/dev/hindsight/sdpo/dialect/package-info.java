/**
 * The built-in environment: a miniature of coding against an unfamiliar API.
 *
 * <p>A question names an operation and digits, {@code max 4 9 2}. The answer is a call in a hidden
 * {@link dev.hindsight.sdpo.dialect.Dialect}, such as {@code lab[4;9;2]}: which bracket, separator,
 * terminator, argument order and name are right is nowhere in the question. A verifier works like a
 * compiler with recovery and says what it expected. The convention is all there is to learn, so
 * what a policy gains it gained from feedback.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.dialect;
