/**
 * What a policy learns from: questions, a verifier, a reward and textual feedback.
 *
 * <p>Implement {@link dev.hindsight.sdpo.environment.Environment} to bring a task of your own.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.environment;
