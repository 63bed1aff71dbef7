package dev.hindsight.opencl;

import dev.hindsight.opencl.DeviceMemory.Buffer;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/**
 * Indices that do not fit. A kernel that meets one computes nothing with it and notes the first it
 * sees in a few words of device memory, which are looked at when a value is next read to the host:
 * no launch has to wait for the check.
 */
final class IndexErrors {
  /** The operations that take indices, by their number in a kernel's note. */
  enum Operation {
    GATHER_ROWS("gatherRows"),
    SCATTER_ADD_ROWS("scatterAddRows"),
    GATHER_LAST("gatherLast"),
    SCATTER_ADD_LAST("scatterAddLast"),
    CROSS_ENTROPY("crossEntropy"),
    CROSS_ENTROPY_BACKWARD("crossEntropy backward");

    private final String label;

    Operation(String label) {
      this.label = label;
    }
  }

  /** Whether there is a note, the operation, the index, its extent, its place. */
  private static final int WORDS = 5;

  private final Device device;
  private @Nullable Buffer note;

  /** Whose kernels may have met one since the last look. */
  private final Set<Thread> launchers = Collections.newSetFromMap(new WeakHashMap<>());

  /** What was found when another thread looked. */
  private final Map<Thread, String> untold = new WeakHashMap<>();

  IndexErrors(Device device) {
    this.device = device;
  }

  /** The argument of a kernel that checks indices; call with the device's lock held. */
  cl_mem note() {
    if (note == null) {
      note = device.allocate(WORDS * 4);
      clear(note);
    }
    launchers.add(Thread.currentThread());
    return note.memory();
  }

  private void clear(Buffer to) {
    device.write(MemorySegment.ofArray(new int[WORDS]), to.memory(), 0);
  }

  /**
   * Waits for the device, when a kernel has checked indices since the last time. A note does not
   * say whose kernel it was: every thread that has launched such a kernel since is told, and no
   * other.
   */
  void check() {
    synchronized (device) {
      Thread self = Thread.currentThread();
      String former = untold.remove(self);
      if (former != null) {
        throw new IndexOutOfBoundsException(former);
      }
      if (launchers.isEmpty() || note == null) {
        return;
      }
      Set<Thread> all = Set.copyOf(launchers);
      launchers.clear();
      ByteBuffer words = ByteBuffer.allocateDirect(WORDS * 4).order(ByteOrder.nativeOrder());
      device.readUnchecked(note.memory(), words);
      if (words.getInt(0) == 0) {
        return;
      }
      clear(note);
      String message = message(words);
      all.forEach(thread -> untold.put(thread, message));
      if (untold.remove(self) != null) {
        throw new IndexOutOfBoundsException(message);
      }
    }
  }

  private static String message(ByteBuffer words) {
    return Operation.values()[words.getInt(4)].label
        + ": index "
        + words.getInt(8)
        + " (element "
        + words.getInt(16)
        + " of I32 indices) does not lie in [0, "
        + words.getInt(12)
        + "), the extent of what is indexed; found on the device, which goes on computing"
        + " until a value is read";
  }
}
