package dev.hindsight.sdpo.teacher;

import dev.hindsight.engine.Philox;
import java.util.ArrayList;
import java.util.List;

/**
 * A negative control: every failed answer gets the feedback of a failed answer to another question
 * of its batch. What all questions have in common is still told, so this is no null control where
 * there is such a thing; it shows how much of the gain needs the right question.
 */
public final class ShuffledFeedback {
  private ShuffledFeedback() {}

  /**
   * @param attempts those of a question one after another
   * @param n attempts a question
   * @param random draws in which order the questions hand their feedback on
   * @return the same attempts; those that had feedback have another question's, or none where no
   *     other question has any
   */
  public static List<Attempt> of(List<Attempt> attempts, int n, Philox random) {
    int questions = attempts.size() / n;
    int[] order = random.permutation(questions);
    int[] place = new int[questions];
    for (int k = 0; k < questions; k++) {
      place[order[k]] = k;
    }
    List<Attempt> shuffled = new ArrayList<>();
    for (int i = 0; i < attempts.size(); i++) {
      Attempt own = attempts.get(i);
      String feedback = "";
      if (!own.feedback().isBlank()) {
        // the next question in the drawn order whose attempt in the same place failed
        for (int step = 1; step < questions && feedback.isBlank(); step++) {
          int other = order[(place[i / n] + step) % questions];
          feedback = attempts.get(other * n + i % n).feedback();
        }
      }
      shuffled.add(new Attempt(own.response(), own.reward(), feedback));
    }
    return shuffled;
  }
}
