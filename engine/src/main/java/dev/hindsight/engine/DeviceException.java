package dev.hindsight.engine;

import org.jspecify.annotations.Nullable;

/**
 * A device did not do what was asked of it; the message says what that was and how to go on. CPU
 * backends never throw it.
 */
public final class DeviceException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  private final Reason reason;

  /** What a program may do about it. */
  public enum Reason {
    /**
     * There is no room: a smaller batch or model may fit. Everything else on the device is well.
     */
    OUT_OF_MEMORY,
    /** The device is gone, with all that was on it; a new process may find it again. */
    LOST,
    /** It refuses this kernel; others run. */
    REFUSED
  }

  /** An error of that reason. */
  public DeviceException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** What a program may do about it. */
  public Reason reason() {
    return reason;
  }
}
