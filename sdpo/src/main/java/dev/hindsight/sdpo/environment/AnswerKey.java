package dev.hindsight.sdpo.environment;

import java.util.HashMap;
import java.util.Map;

/**
 * What an environment judges its questions by, found by their ids. Filled while the environment is
 * built; from then on safe for use by several threads.
 *
 * @param <T> what judges one question, such as its right answer or its tests
 */
public final class AnswerKey<T> {
  private final String environment;
  private final Map<String, T> byId = new HashMap<>();

  /**
   * @param environment the environment's name, for messages
   */
  public AnswerKey(String environment) {
    this.environment = environment;
  }

  /**
   * Adds a question.
   *
   * @throws IllegalArgumentException when there is one of this id
   */
  public void add(String id, T key) {
    if (byId.putIfAbsent(id, key) != null) {
      throw new IllegalArgumentException(
          environment + ": question id '" + id + "' stands twice, expected different ids");
    }
  }

  /**
   * What judges a question.
   *
   * @throws IllegalArgumentException when the question is not one of the environment's
   */
  public T of(Question question) {
    T key = byId.get(question.id());
    if (key == null) {
      throw new IllegalArgumentException(
          environment + ": question '" + question.id() + "' is not one of this environment's");
    }
    return key;
  }
}
