/** From a question to judged answers: prompts in tokens, sampling, the environment's verdict. */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.rollout;
