package dev.hindsight.sdpo.tools;

import dev.hindsight.sdpo.environment.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Judges calls. Reward is 1 when the names after {@code Action:} are the right ones, in any order
 * and each as often as it is needed, and the objects after {@code Action Input:}, merged into one,
 * equal the merged right ones; and no input is broken. See {@link JsonInput} for equality. Where
 * calls share a key the last value counts on both sides, so the order of such calls matters, and
 * earlier values do not; that is the paper's grader.
 *
 * <p>Feedback says which calls were read and what is wrong with them. Of the right answer it tells
 * nothing but whether a parameter that was given is right, and that only once the functions are;
 * with {@code leakTruth} it ends in the right answer itself.
 */
public final class ToolGrader {
  /** Longest excerpt of a response in the feedback, in characters. */
  static final int EXCERPT = 300;

  private final boolean leakTruth;

  /**
   * @param leakTruth whether feedback tells the expected actions and inputs
   */
  public ToolGrader(boolean leakTruth) {
    this.leakTruth = leakTruth;
  }

  /** Judges a response to a question. */
  public Verdict judge(ToolQuestion question, String response) {
    ToolResponse given = ToolResponse.parse(response);
    List<String> actions = question.calls().stream().map(ToolCall::action).toList();
    Map<String, Object> truth =
        ToolResponse.merged(question.calls().stream().map(ToolCall::input).toList());
    Map<String, Object> inputs = ToolResponse.merged(given.inputs());
    boolean actionsRight = counts(given.actions()).equals(counts(actions));
    boolean broken = given.problems().stream().anyMatch(p -> p.startsWith("Action Input"));
    boolean inputsRight = !broken && inputs.equals(truth);
    boolean right = actionsRight && inputsRight;

    Map<String, String> details = new LinkedHashMap<>();
    details.put("actions", excerpt(given.actions().toString()));
    details.put("inputs", excerpt(JsonInput.text(inputs)));
    details.put("actions_correct", Boolean.toString(actionsRight));
    details.put("inputs_correct", Boolean.toString(inputsRight));
    details.put("incorrect_format", Boolean.toString(!given.problems().isEmpty()));
    if (right) {
      return new Verdict(1, "", details);
    }
    List<String> parts = new ArrayList<>();
    given.problems().forEach(problem -> parts.add("Incorrect format: " + excerpt(problem)));
    if (!actionsRight) {
      parts.add(actionFeedback(question, given.actions(), actions));
    }
    if (!inputsRight) {
      parts.add(inputFeedback(inputs, truth, actionsRight));
    }
    return new Verdict(0, String.join("; ", parts), details);
  }

  private String actionFeedback(ToolQuestion question, List<String> given, List<String> truth) {
    String unknown =
        given.stream()
            .filter(name -> !name.isEmpty() && !question.functions().contains(name))
            .distinct()
            .collect(Collectors.joining(", "));
    return "Actions mismatch: predicted "
        + excerpt(given.toString())
        + (unknown.isEmpty() ? "" : ", not documented: " + excerpt(unknown))
        + (leakTruth ? ", expected " + truth : "");
  }

  private String inputFeedback(
      Map<String, Object> given, Map<String, Object> truth, boolean actionsRight) {
    StringBuilder text = new StringBuilder("Action inputs mismatch: predicted ");
    text.append(excerpt(JsonInput.text(given)));
    if (actionsRight) {
      List<String> wrong =
          given.keySet().stream()
              .filter(key -> truth.containsKey(key) && !truth.get(key).equals(given.get(key)))
              .toList();
      List<String> unwanted =
          given.keySet().stream().filter(key -> !truth.containsKey(key)).toList();
      boolean missing = !given.keySet().containsAll(truth.keySet());
      text.append(wrong.isEmpty() ? "" : ", wrong value of " + names(wrong));
      text.append(unwanted.isEmpty() ? "" : ", not wanted: " + names(unwanted));
      text.append(missing ? ", a parameter is missing" : "");
    }
    return text.append(leakTruth ? ", expected " + JsonInput.text(truth) : "").toString();
  }

  private static String names(List<String> keys) {
    return excerpt(String.join(", ", keys));
  }

  private static String excerpt(String text) {
    return text.length() > EXCERPT ? text.substring(0, EXCERPT) + "..." : text;
  }

  private static Map<String, Integer> counts(List<String> names) {
    Map<String, Integer> counts = new HashMap<>();
    names.forEach(name -> counts.merge(name, 1, Integer::sum));
    return counts;
  }
}
