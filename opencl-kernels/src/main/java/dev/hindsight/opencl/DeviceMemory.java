package dev.hindsight.opencl;

import static org.jocl.CL.*;

import dev.hindsight.engine.DeviceException;
import dev.hindsight.engine.DeviceException.Reason;
import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.jocl.CLException;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/**
 * The buffers of a device. One that is released goes to a pool, from which the next of its size is
 * taken: the queue works in order, so that it may be written to while launched kernels still read
 * what it held. The pool is emptied when there is no room for more.
 */
final class DeviceMemory {
  private static final Cleaner CLEANER = Cleaner.create();

  /** Vector loads of a kernel's last work-item may reach behind the last element. */
  private static final long SLACK = 64;

  /** The pool holds no more than this part of the device's memory. */
  private static final int POOL_PART = 16;

  /** How often an allocation that found no room is tried again, 5 ms apart. */
  private static final int WAITS_FOR_COLLECTOR = 20;

  private final Device device;
  private final long limit;
  private final LongFunction<cl_mem> driver;
  private final Map<Long, Deque<cl_mem>> pool = new TreeMap<>();
  private long held;
  private long pooled;

  /** Memory of a device, at most {@code limit} bytes of it. */
  DeviceMemory(Device device, long limit) {
    this(device, limit, size -> newBuffer(device, size));
  }

  /**
   * The same with another driver, for tests.
   *
   * @param driver makes a buffer of so many bytes, or throws a {@link CLException}
   */
  DeviceMemory(Device device, long limit, LongFunction<cl_mem> driver) {
    this.device = device;
    this.limit = limit;
    this.driver = driver;
  }

  /** A buffer that goes back when its owner says so, or is unreachable. */
  static final class Buffer {
    private final cl_mem memory;
    private final long bytes;
    private final Cleaner.Cleanable cleanable;

    private Buffer(DeviceMemory owner, cl_mem memory, long bytes) {
      this.memory = memory;
      this.bytes = bytes;
      this.cleanable = CLEANER.register(this, () -> owner.giveBack(memory, bytes));
    }

    cl_mem memory() {
      return memory;
    }

    long bytes() {
      return bytes;
    }

    void release() {
      cleanable.clean();
    }
  }

  /** Bytes of buffers that have an owner. */
  synchronized long held() {
    return held;
  }

  /** Bytes of buffers that wait for the next owner. */
  synchronized long pooled() {
    return pooled;
  }

  /**
   * @throws DeviceException when there is no room; the message says how much was wanted and is free
   */
  Buffer allocate(long bytes) {
    device.requireThere("allocate");
    long size = rounded(bytes + SLACK);
    if (size > device.info().largestBuffer()) {
      throw noRoom(bytes, "one buffer may have " + readable(device.info().largestBuffer()), null);
    }
    CLException refusal;
    try {
      return take(size);
    } catch (CLException e) {
      refusal = e;
    }
    // A driver may refuse long before this process has its limit: others have memory there, too.
    System.gc();
    int waits = 0;
    do {
      requireThere(refusal);
      empty();
      device.finish(); // released memory is free when nothing that was launched needs it
      try {
        return take(size);
      } catch (CLException e) {
        refusal = e;
      }
    } while (waits++ < WAITS_FOR_COLLECTOR && waitForCleaner());
    requireThere(refusal);
    throw noRoom(bytes, "", refusal);
  }

  private void requireThere(CLException refusal) {
    DeviceException why = device.failure("allocate", refusal);
    if (why.reason() == Reason.LOST) {
      throw why;
    }
  }

  /** A moment: what became unreachable goes back on another thread. */
  private static boolean waitForCleaner() {
    try {
      Thread.sleep(5);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Bytes that one buffer may have. */
  long largestBuffer() {
    return device.info().largestBuffer() / 9 * 8 - SLACK; // so much even when rounded
  }

  /** Few sizes, so that the pool finds them again, with at most an eighth unused. */
  private static long rounded(long bytes) {
    long step = Math.max(256, Long.highestOneBit(bytes) / 8);
    return (bytes + step - 1) / step * step;
  }

  private synchronized Buffer take(long size) {
    Deque<cl_mem> same = pool.get(size);
    cl_mem memory = same == null ? null : same.poll();
    if (memory != null) {
      pooled -= size;
    } else {
      if (held + pooled + size > limit) {
        empty();
      }
      memory = create(size);
    }
    held += size;
    return new Buffer(this, memory, size);
  }

  private cl_mem create(long size) {
    if (held + size > limit) {
      throw new CLException("more than the device has", CL_MEM_OBJECT_ALLOCATION_FAILURE);
    }
    return driver.apply(size);
  }

  private static cl_mem newBuffer(Device device, long size) {
    cl_mem memory = clCreateBuffer(device.context(), CL_MEM_READ_WRITE, size, null, null);
    try {
      // Drivers put off taking the memory until the first kernel needs it, whose error would name
      // the kernel.
      clEnqueueMigrateMemObjects(
          device.queue(),
          1,
          new cl_mem[] {memory},
          CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED,
          0,
          null,
          null);
    } catch (CLException e) {
      clReleaseMemObject(memory);
      throw e;
    }
    return memory;
  }

  private synchronized void giveBack(cl_mem memory, long size) {
    held -= size;
    if (pooled + size > limit / POOL_PART) {
      clReleaseMemObject(memory); // launched kernels that still need it keep it
    } else {
      pool.computeIfAbsent(size, s -> new ArrayDeque<>()).push(memory);
      pooled += size;
    }
  }

  private synchronized void empty() {
    pool.values().forEach(same -> same.forEach(m -> clReleaseMemObject(m)));
    pool.clear();
    pooled = 0;
  }

  private DeviceException noRoom(long bytes, String reason, @Nullable CLException cause) {
    long held = held();
    return new DeviceException(
        Reason.OUT_OF_MEMORY,
        "allocate: no room for "
            + readable(bytes)
            + " of tensor memory on "
            + device.info().name()
            + ": "
            + (reason.isEmpty()
                ? readable(Math.max(0, limit - held))
                    + " of its "
                    + readable(limit)
                    + " are free, "
                    + readable(held)
                    + " are held by this process, and others may hold some"
                : reason)
            + "; take a smaller batch or model",
        cause);
  }

  /** As in {@code 1.50 GiB (1610612736 bytes)}. */
  static String readable(long bytes) {
    return bytes < 1024
        ? bytes + " bytes"
        : String.format(
            Locale.ROOT,
            bytes < 1 << 30 ? "%.2f MiB (%d bytes)" : "%.2f GiB (%d bytes)",
            bytes / (bytes < 1 << 30 ? 0x1p20 : 0x1p30),
            bytes);
  }
}
