package dev.hindsight.sdpo.code.sandbox;

/** A child ended, or said something that is no answer. */
final class WorkerLostException extends Exception {
  private static final long serialVersionUID = 1;

  private final boolean outOfTime;

  WorkerLostException(String message, boolean outOfTime) {
    super(message);
    this.outOfTime = outOfTime;
  }

  /** Whether it was still there and had not answered in time. */
  boolean outOfTime() {
    return outOfTime;
  }
}
