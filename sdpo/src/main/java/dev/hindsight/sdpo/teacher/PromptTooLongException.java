package dev.hindsight.sdpo.teacher;

/** A prompt that does not fit, where shortening is not allowed or would not help. */
public final class PromptTooLongException extends RuntimeException {
  private static final long serialVersionUID = 1;

  PromptTooLongException(String message) {
    super(message);
  }
}
