package dev.hindsight.sdpo.environment;

/**
 * One question of an environment.
 *
 * @param id unique in its environment and stable between runs: records and groups of rollouts refer
 *     to it
 * @param text what the policy is asked, as the user's message, without any control token
 */
public record Question(String id, String text) {
  public Question {
    if (id.isBlank() || text.isBlank()) {
      throw new IllegalArgumentException(
          "Question: id '" + id + "' and text '" + text + "' must not be blank");
    }
  }
}
