package dev.hindsight.sdpo.choice;

import java.util.stream.Collectors;

/** What the policy is told and asked. */
final class ChoicePrompt {
  /** Demands reasoning and answer tags, whatever is asked. */
  static final String SYSTEM =
      """
      You answer multiple-choice questions. Write your reasoning between <reasoning> and \
      </reasoning>, then the label of the one right option, and nothing else, between <answer> and \
      </answer>:
      <reasoning>
      ...
      </reasoning>
      <answer>
      ...
      </answer>

      """;

  private ChoicePrompt() {}

  /** The user's message: the question, an option a line, a request to go step by step. */
  static String text(ChoiceQuestion question) {
    return question.question().strip()
        + "\n\n"
        + question.options().stream()
            .map(option -> option.label() + ": " + option.text().strip())
            .collect(Collectors.joining("\n"))
        + "\n\nReason step by step before you answer.";
  }
}
