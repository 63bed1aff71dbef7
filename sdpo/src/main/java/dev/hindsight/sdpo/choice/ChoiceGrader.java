package dev.hindsight.sdpo.choice;

import dev.hindsight.sdpo.environment.Verdict;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Grades a response by its answer tags alone: the text between the last {@code <answer>} and the
 * {@code </answer>} after it, without the white space around it, must be the label of the right
 * option, in the same letters. What the reasoning says is not looked at, and there is never any
 * feedback: what a policy learns from are its siblings' right answers.
 */
final class ChoiceGrader {
  private static final String OPEN = "<answer>";
  private static final String CLOSE = "</answer>";

  private ChoiceGrader() {}

  /** What a response answers; empty where its last answer tag is not closed, or there is none. */
  static Optional<String> extract(String response) {
    int open = response.lastIndexOf(OPEN);
    int close = open < 0 ? -1 : response.indexOf(CLOSE, open);
    return close < 0
        ? Optional.empty()
        : Optional.of(response.substring(open + OPEN.length(), close).strip());
  }

  /**
   * Reward 1 or 0. Details: {@code prediction}, {@code answer}, and {@code incorrect_format}, which
   * is true when no answer could be read.
   */
  static Verdict judge(String answer, String response, boolean finished) {
    Optional<String> prediction = extract(response);
    Map<String, String> details = new LinkedHashMap<>();
    details.put("prediction", prediction.orElse(""));
    details.put("answer", answer);
    details.put("incorrect_format", Boolean.toString(prediction.isEmpty()));
    details.put("truncated", Boolean.toString(!finished));
    return new Verdict(prediction.equals(Optional.of(answer)) ? 1 : 0, "", details);
  }
}
