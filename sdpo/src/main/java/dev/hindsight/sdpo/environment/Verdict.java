package dev.hindsight.sdpo.environment;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a verifier says about one response.
 *
 * @param reward the scalar outcome reward; 0 or 1 in the built-in environments
 * @param feedback what the environment tells about the response, shown to the self-teacher; blank
 *     means none. A verifier must leave it empty for a response that needs no correction: feedback
 *     is not gated on failure anywhere else.
 * @param details named facts about the verdict for the run's records, in order; never shown to a
 *     model
 */
public record Verdict(double reward, String feedback, Map<String, String> details) {
  public Verdict {
    if (!Double.isFinite(reward)) {
      throw new IllegalArgumentException("Verdict: reward " + reward + " is not finite");
    }
    details = Collections.unmodifiableMap(new LinkedHashMap<>(details));
  }

  /** A verdict without details. */
  public Verdict(double reward, String feedback) {
    this(reward, feedback, Map.of());
  }

  /** Whether there is something to show to the self-teacher. */
  public boolean hasFeedback() {
    return !feedback.isBlank();
  }
}
