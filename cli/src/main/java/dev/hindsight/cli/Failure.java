package dev.hindsight.cli;

/**
 * A command that cannot do what it was asked. The message is all that a person sees: what came,
 * what was expected, the fix.
 */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1;

  Failure(String message) {
    super(message);
  }

  Failure(String message, Throwable cause) {
    super(message, cause);
  }
}
