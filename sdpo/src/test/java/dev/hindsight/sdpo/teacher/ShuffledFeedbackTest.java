package dev.hindsight.sdpo.teacher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Philox;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Guards that the control never shows an answer the feedback of its own question. */
class ShuffledFeedbackTest {
  @Test
  void everyFailureGetsTheFeedbackOfAnotherQuestionAndSuccessesNone() {
    int n = 3;
    for (int seed = 0; seed < 50; seed++) {
      List<Attempt> attempts = new ArrayList<>();
      for (int i = 0; i < 5 * n; i++) {
        boolean success = (i + seed) % 4 == 0;
        attempts.add(new Attempt("y" + i, success ? 1 : 0, success ? "" : "question " + i / n));
      }
      List<Attempt> shuffled = ShuffledFeedback.of(attempts, n, new Philox(seed, 1));
      for (int i = 0; i < attempts.size(); i++) {
        assertThat(shuffled.get(i).response()).isEqualTo(attempts.get(i).response());
        assertThat(shuffled.get(i).reward()).isEqualTo(attempts.get(i).reward());
        String feedback = shuffled.get(i).feedback();
        if (attempts.get(i).reward() == 1) {
          assertThat(feedback).isEmpty();
        } else {
          assertThat(feedback).startsWith("question").isNotEqualTo("question " + i / n);
        }
      }
    }
  }

  @Test
  void aSingleQuestionHasNobodyToTakeFeedbackFrom() {
    List<Attempt> attempts = List.of(new Attempt("a", 0, "f"), new Attempt("b", 0, "g"));
    assertThat(ShuffledFeedback.of(attempts, 2, new Philox(0, 1)))
        .extracting(Attempt::feedback)
        .containsExactly("", "");
  }
}
