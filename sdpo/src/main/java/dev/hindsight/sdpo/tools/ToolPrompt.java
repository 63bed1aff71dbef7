package dev.hindsight.sdpo.tools;

/** What the policy is asked: documentation, the form of an answer, the request. */
final class ToolPrompt {
  private static final String FORM =
      """
      Decide which functions the request below needs. Answer in this form, with one Action and one \
      Action Input for each call:

      Thought: what the request needs
      Action: the name of one function, as it stands above
      Action Input: its parameters as a JSON object, {} for none

      Request:\s""";

  private ToolPrompt() {}

  static String text(ToolQuestion question) {
    return "Functions of "
        + question.api()
        + ":\n\n"
        + question.documentation().strip()
        + "\n\n"
        + FORM
        + question.request().strip();
  }
}
