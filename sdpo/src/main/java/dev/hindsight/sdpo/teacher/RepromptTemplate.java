package dev.hindsight.sdpo.teacher;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The text that puts a question, a solution and feedback together into the self-teacher's message
 * (Table 2 of the SDPO paper, arXiv 2601.20802). The student's own attempt is not quoted: including
 * it hurts.
 *
 * <p>Two flavours are in use and differ in white space alone: {@link #REFERENCE}, which the
 * reference implementation's shipped configuration runs, and {@link #TRL}, the default of its
 * dataclass and of TRL. A section whose content is absent is left out; several pieces of feedback
 * make several feedback sections, oldest first.
 *
 * @param reprompt the whole message, with {@value #PROMPT}, {@value #SOLUTION} and {@value
 *     #FEEDBACK} once each, in this order
 * @param solutionSection a solution, with {@value #SOLUTION_TEXT} once
 * @param feedbackSection a piece of feedback, with {@value #FEEDBACK_TEXT} once
 */
public record RepromptTemplate(String reprompt, String solutionSection, String feedbackSection) {
  /** Where the question goes. */
  public static final String PROMPT = "{prompt}";

  /** Where the solution's section goes, if there is a solution. */
  public static final String SOLUTION = "{solution}";

  /** Where the feedback's sections go, if there is feedback. */
  public static final String FEEDBACK = "{feedback}";

  /** In the solution's section, where its text goes. */
  public static final String SOLUTION_TEXT = "{successful_previous_attempt}";

  /** In a section of feedback, where its text goes. */
  public static final String FEEDBACK_TEXT = "{feedback_raw}";

  /** The line above a solution. */
  public static final String SOLUTION_HEADING = "Correct solution:";

  /** The line above a piece of feedback. */
  public static final String FEEDBACK_HEADING =
      "The following is feedback from your unsuccessful earlier attempt:";

  /** The last line of the message. */
  public static final String CLOSING = "Correctly solve the original question.";

  /** No trailing newlines in sections and no final newline. */
  public static final RepromptTemplate REFERENCE =
      new RepromptTemplate(
          PROMPT + SOLUTION + FEEDBACK + "\n\n" + CLOSING,
          "\n" + SOLUTION_HEADING + "\n\n" + SOLUTION_TEXT,
          "\n" + FEEDBACK_HEADING + "\n\n" + FEEDBACK_TEXT);

  /** Two more newlines after each section and a final one. */
  public static final RepromptTemplate TRL =
      new RepromptTemplate(
          REFERENCE.reprompt + "\n",
          REFERENCE.solutionSection + "\n\n",
          REFERENCE.feedbackSection + "\n\n");

  public RepromptTemplate {
    cut("reprompt", reprompt, PROMPT, SOLUTION, FEEDBACK);
    cut("solution section", solutionSection, SOLUTION_TEXT);
    cut("feedback section", feedbackSection, FEEDBACK_TEXT);
  }

  /**
   * The teacher's message. What is filled in is never searched for placeholders.
   *
   * @param question the question's text, which without solution and feedback is the whole message
   * @param feedback oldest first
   */
  public String message(String question, Optional<String> solution, List<String> feedback) {
    if (solution.isEmpty() && feedback.isEmpty()) {
      return question;
    }
    List<String> frame = cut("reprompt", reprompt, PROMPT, SOLUTION, FEEDBACK);
    StringBuilder message = new StringBuilder();
    message.append(frame.get(0)).append(question).append(frame.get(1));
    solution.ifPresent(
        text ->
            appendSection(message, cut("solution section", solutionSection, SOLUTION_TEXT), text));
    message.append(frame.get(2));
    for (String text : feedback) {
      appendSection(message, cut("feedback section", feedbackSection, FEEDBACK_TEXT), text);
    }
    return message.append(frame.get(3)).toString();
  }

  private static void appendSection(StringBuilder message, List<String> frame, String text) {
    message.append(frame.get(0)).append(text).append(frame.get(1));
  }

  /** The pieces of a template between its placeholders. */
  private static List<String> cut(String what, String template, String... placeholders) {
    List<String> pieces = new ArrayList<>(placeholders.length + 1);
    int from = 0;
    for (String placeholder : placeholders) {
      int at = template.indexOf(placeholder, from);
      if (at < 0 || template.indexOf(placeholder) != template.lastIndexOf(placeholder)) {
        throw new IllegalArgumentException(
            "reprompt template: the "
                + what
                + " '"
                + template
                + "' must hold "
                + String.join(", ", placeholders)
                + " once each, in this order");
      }
      pieces.add(template.substring(from, at));
      from = at + placeholder.length();
    }
    pieces.add(template.substring(from));
    return pieces;
  }
}
