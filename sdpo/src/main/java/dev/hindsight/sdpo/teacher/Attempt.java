package dev.hindsight.sdpo.teacher;

/**
 * What the choice of demonstrations needs to know about one rollout.
 *
 * @param response its text without control tokens
 * @param reward the environment's
 * @param feedback the environment's; blank means none
 */
public record Attempt(String response, double reward, String feedback) {
  /** With the response quoted before its feedback, where there is any. */
  public Attempt quoted() {
    return feedback.isBlank() ? this : new Attempt(response, reward, response + "\n\n" + feedback);
  }
}
