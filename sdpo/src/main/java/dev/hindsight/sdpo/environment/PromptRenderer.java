package dev.hindsight.sdpo.environment;

/**
 * Wraps a user's message the way the model's chat format wants it. The student's prompt and the
 * self-teacher's go through the same renderer: they differ in the message alone.
 */
@FunctionalInterface
public interface PromptRenderer {
  RenderedPrompt render(String message);

  /** A renderer that puts fixed control text before and after the message. */
  static PromptRenderer between(String header, String assistantHeader) {
    return message -> new RenderedPrompt(header, message, assistantHeader);
  }

  /** The message and nothing else, for models without a chat format. */
  static PromptRenderer plain() {
    return between("", "");
  }
}
