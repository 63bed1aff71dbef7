package dev.hindsight.opencl;

import static org.jocl.CL.*;

import dev.hindsight.engine.DeviceException;
import dev.hindsight.engine.DeviceException.Reason;
import dev.hindsight.opencl.DeviceMemory.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/**
 * An opened device: its context, one queue that works in order, and its memory. Launches return at
 * once; only {@link #read} and {@link #finish} wait.
 */
final class Device {
  private static final int BLOCK = 1 << 26;

  private final DeviceInfo info;
  private final cl_context context;
  private final cl_command_queue queue;
  private final DeviceMemory memory;
  private final Programs programs;
  private final IndexErrors indexErrors;
  private @Nullable Buffer scratch;

  /** Why the device is gone. */
  private volatile @Nullable String lost;

  Device(DeviceInfo info) {
    this(info, info.memory());
  }

  /** A device of which at most so many bytes are used. */
  @SuppressWarnings("deprecation") // clCreateCommandQueue: the newer one is not in OpenCL 1.2
  Device(DeviceInfo info, long bytes) {
    CL.setExceptionsEnabled(true);
    this.info = info;
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL_CONTEXT_PLATFORM, info.platform());
    cl_device_id[] ids = {info.id()};
    this.context = open(info, () -> clCreateContext(properties, 1, ids, null, null, null));
    this.queue = open(info, () -> clCreateCommandQueue(context, info.id(), 0, null));
    this.memory = new DeviceMemory(this, bytes);
    this.programs = new Programs(this);
    this.indexErrors = new IndexErrors(this);
  }

  DeviceInfo info() {
    return info;
  }

  cl_context context() {
    return context;
  }

  cl_command_queue queue() {
    return queue;
  }

  /** The kernel {@code name} of the source file {@code file}, compiled with these definitions. */
  Kernel kernel(String file, String name, String... definitions) {
    return programs.kernel(file, name, definitions);
  }

  /** Where kernels note indices that do not fit. */
  IndexErrors indexErrors() {
    return indexErrors;
  }

  /**
   * Memory for what one operation hands from launch to launch. The queue works in order, so that
   * the next operation may write to it at once: hold the device's lock from this call until the
   * last launch that reads it.
   */
  cl_mem scratch(long bytes) {
    if (scratch == null || scratch.bytes() < bytes) {
      if (scratch != null) {
        scratch.release(); // launches that still use it keep it
        scratch = null; // there may be no room for another
      }
      scratch = allocate(Math.max(bytes, 1 << 20));
    }
    return scratch.memory();
  }

  DeviceMemory memory() {
    return memory;
  }

  /** See {@link DeviceMemory#allocate}. */
  Buffer allocate(long bytes) {
    return memory.allocate(bytes);
  }

  // ---------------------------------------------------------------- failures

  /**
   * Calls the driver before there is a device.
   *
   * @throws DeviceException when it fails
   */
  static <T> T open(DeviceInfo info, Supplier<T> call) {
    try {
      return call.get();
    } catch (CLException e) {
      throw new DeviceException(
          reason(e.getStatus()),
          "open "
              + info.name()
              + " ("
              + info.platformName()
              + "): its driver answers "
              + e.getMessage()
              + "; another program may have the device to itself, or the driver may be older than its"
              + " kernel module; clinfo says more, and ./hindsight devices lists other devices",
          e);
    }
  }

  /** A call of the driver. */
  interface Call {
    void run();
  }

  /**
   * Calls the driver.
   *
   * @param doing what for, as an error's first words
   * @throws DeviceException when it fails
   */
  void ask(String doing, Call call) {
    get(
        doing,
        () -> {
          call.run();
          return call;
        });
  }

  /** {@link #ask} for something. */
  <T> T get(String doing, Supplier<T> call) {
    requireThere(doing);
    try {
      return call.get();
    } catch (CLException e) {
      throw failure(doing, e);
    }
  }

  void requireThere(String doing) {
    String why = lost;
    if (why != null) {
      throw new DeviceException(Reason.LOST, doing + ": " + why, null);
    }
  }

  /** What a status of the driver means. Once the device is gone nothing more is asked of it. */
  DeviceException failure(String doing, CLException e) {
    Reason reason = reason(e.getStatus());
    if (reason == Reason.LOST) {
      lost =
          info.name()
              + " does not answer any more ("
              + e.getMessage()
              + "): it was removed or reset, or its driver ended a kernel; what was on it is lost."
              + " Start again, from the last checkpoint if there is one";
    }
    return new DeviceException(
        reason,
        doing
            + ": "
            + switch (reason) {
              case LOST -> lost;
              case OUT_OF_MEMORY ->
                  info.name()
                      + " found no room for it ("
                      + e.getMessage()
                      + ") beside "
                      + DeviceMemory.readable(memory.held())
                      + " that this process holds; take a smaller batch or model";
              case REFUSED ->
                  info.name()
                      + " refuses: "
                      + e.getMessage()
                      + "; a newer driver may not, and ./hindsight devices lists other devices";
            },
        e);
  }

  private static Reason reason(int status) {
    return switch (status) {
      case CL_MEM_OBJECT_ALLOCATION_FAILURE -> Reason.OUT_OF_MEMORY;
      // -9999 is what NVIDIA's driver says after a kernel has read or written where it must not
      case CL_DEVICE_NOT_AVAILABLE,
          CL_INVALID_DEVICE,
          CL_INVALID_CONTEXT,
          CL_INVALID_COMMAND_QUEUE,
          CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST,
          -9999 ->
          Reason.LOST;
      default -> Reason.REFUSED;
    };
  }

  // --------------------------------------------------------------- transfers

  /** Copies host memory to the device and returns when the host memory may change again. */
  void write(MemorySegment host, cl_mem to, long offset) {
    for (long done = 0; done < host.byteSize(); done += BLOCK) {
      MemorySegment part = part(host, done);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment from = host.isNative() ? part : staging(arena, part).copyFrom(part);
        long at = offset + done;
        ask(
            "write to the device",
            () ->
                clEnqueueWriteBuffer(
                    queue, to, true, at, from.byteSize(), pointer(from), 0, null, null));
      }
    }
  }

  /**
   * Waits for what was launched and copies device memory to the host.
   *
   * @throws IndexOutOfBoundsException when a kernel has met an index that does not fit
   */
  void read(cl_mem from, long offset, MemorySegment host) {
    for (long done = 0; done < host.byteSize(); done += BLOCK) {
      MemorySegment part = part(host, done);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment to = host.isNative() ? part : staging(arena, part);
        long at = offset + done;
        ask(
            "read from the device",
            () ->
                clEnqueueReadBuffer(
                    queue, from, true, at, to.byteSize(), pointer(to), 0, null, null));
        if (!host.isNative()) {
          part.copyFrom(to);
        }
      }
    }
    indexErrors.check();
  }

  /** {@link #read} of memory that says itself whether something went wrong. */
  void readUnchecked(cl_mem from, ByteBuffer direct) {
    ask(
        "read from the device",
        () ->
            clEnqueueReadBuffer(
                queue, from, true, 0, direct.remaining(), Pointer.to(direct), 0, null, null));
  }

  private static MemorySegment part(MemorySegment host, long from) {
    return host.asSlice(from, Math.min(BLOCK, host.byteSize() - from));
  }

  /** The driver reads and writes native memory alone; arrays go through a piece of it. */
  private static MemorySegment staging(Arena arena, MemorySegment part) {
    return arena.allocate(part.byteSize(), 64);
  }

  private static Pointer pointer(MemorySegment part) {
    return Pointer.to(part.asByteBuffer());
  }

  /**
   * Waits for everything that was launched.
   *
   * @throws IndexOutOfBoundsException when a kernel has met an index that does not fit
   */
  void finish() {
    ask("wait for the device", () -> clFinish(queue));
    indexErrors.check();
  }
}
