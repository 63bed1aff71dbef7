package dev.hindsight.engine;

import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What may be allocated off the heap, and the words in which more is refused. */
final class MemoryLimit {
  private static final String SMALLER =
      "take a smaller batch, shorter sequences or a smaller model";

  /** How the JVM says that its own limit is reached. */
  private static final Pattern RESERVED =
      Pattern.compile("Cannot reserve \\d+ bytes .*\\(allocated: (\\d+), limit: (\\d+)\\)");

  private MemoryLimit() {}

  /**
   * Refuses what this machine can never hold. The JVM's own limit is a quarter of the machine
   * unless somebody raised it, so smaller pieces are left to the JVM; beyond it Linux would promise
   * the memory and end the process when it is written.
   */
  static void requirePossible(long bytes) {
    if (bytes <= Runtime.getRuntime().maxMemory()) {
      return;
    }
    OptionalLong machine = physical();
    if (machine.isPresent() && bytes > machine.getAsLong()) {
      throw new OutOfMemoryError(
          "allocate: no room for "
              + readable(bytes)
              + " of tensor memory: this machine has "
              + readable(machine.getAsLong())
              + "; "
              + SMALLER);
    }
  }

  /** Memory and swap of the machine, or of the container that this process is in. */
  private static OptionalLong physical() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? OptionalLong.of(system.getTotalMemorySize() + system.getTotalSwapSpaceSize())
        : OptionalLong.empty();
  }

  /** The refusal of the JVM in words that name what is needed, what there is, and the way on. */
  static OutOfMemoryError refused(long bytes, OutOfMemoryError cause) {
    String message = String.valueOf(cause.getMessage());
    Matcher limit = RESERVED.matcher(message);
    OutOfMemoryError clear =
        new OutOfMemoryError(
            "allocate: no room for "
                + readable(bytes)
                + " of tensor memory: "
                + (limit.find()
                    ? readable(Long.parseLong(limit.group(1)))
                        + " of the JVM's limit of "
                        + readable(Long.parseLong(limit.group(2)))
                        + " are in use"
                    : message)
                + "; raise the limit with -XX:MaxDirectMemorySize, or "
                + SMALLER);
    clear.initCause(cause);
    return clear;
  }

  /** As in {@code 1.50 GiB}; below a KiB in bytes. */
  static String readable(long bytes) {
    if (bytes < 1024) {
      return bytes + " bytes";
    }
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < 6) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.2f %siB", value, " KMGTPE".charAt(unit));
  }
}
