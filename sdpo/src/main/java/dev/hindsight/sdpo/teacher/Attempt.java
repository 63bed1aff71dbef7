package dev.hindsight.sdpo.teacher;

/**
 * What the choice of demonstrations needs to know about one rollout.
 *
 * @param response its text without control tokens
 * @param reward the environment's
 * @param feedback the environment's; blank means none
 */
public record Attempt(String response, double reward, String feedback) {}
