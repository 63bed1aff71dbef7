package dev.hindsight.opencl;

import static org.jocl.CL.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
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
  private static final Cleaner CLEANER = Cleaner.create();

  /** Vector loads of a kernel's last work-item may reach behind the last element. */
  private static final long SLACK = 64;

  private static final int BLOCK = 1 << 26;

  private final DeviceInfo info;
  private final cl_context context;
  private final cl_command_queue queue;
  private final Programs programs;
  private final IndexErrors indexErrors;
  private final AtomicLong allocated = new AtomicLong();
  private @Nullable Buffer scratch;

  /** A buffer that is released when its owner says so, or is unreachable. */
  static final class Buffer {
    private final cl_mem memory;
    private final long bytes;
    private Cleaner.@Nullable Cleanable cleanable;

    private Buffer(cl_mem memory, long bytes) {
      this.memory = memory;
      this.bytes = bytes;
    }

    cl_mem memory() {
      return memory;
    }

    long bytes() {
      return bytes;
    }

    void release() {
      Objects.requireNonNull(cleanable).clean();
    }
  }

  @SuppressWarnings("deprecation") // clCreateCommandQueue: the newer one is not in OpenCL 1.2
  Device(DeviceInfo info) {
    CL.setExceptionsEnabled(true);
    this.info = info;
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL_CONTEXT_PLATFORM, info.platform());
    this.context = clCreateContext(properties, 1, new cl_device_id[] {info.id()}, null, null, null);
    this.queue = clCreateCommandQueue(context, info.id(), 0, null);
    this.programs = new Programs(this);
    this.indexErrors = new IndexErrors(this);
  }

  DeviceInfo info() {
    return info;
  }

  /** Bytes of all buffers that are not released. */
  long allocated() {
    return allocated.get();
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
      }
      scratch = allocate(Math.max(bytes, 1 << 20));
    }
    return scratch.memory();
  }

  /**
   * @throws IllegalStateException when the device has no room; the message says how much was wanted
   */
  Buffer allocate(long bytes) {
    long wanted = bytes + SLACK;
    if (wanted > info.largestBuffer()) {
      throw noRoom(bytes, "one buffer may have " + info.largestBuffer() + " bytes there");
    }
    try {
      return create(wanted);
    } catch (CLException e) {
      System.gc(); // buffers of unreachable tensors
      clFinish(queue);
      try {
        return create(wanted);
      } catch (CLException again) {
        throw noRoom(bytes, again.getMessage());
      }
    }
  }

  private Buffer create(long bytes) {
    cl_mem memory = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, null, null);
    Buffer buffer = new Buffer(memory, bytes);
    AtomicLong count = allocated;
    count.addAndGet(bytes);
    // The queue keeps what launched kernels still need.
    buffer.cleanable =
        CLEANER.register(
            buffer,
            () -> {
              clReleaseMemObject(memory);
              count.addAndGet(-bytes);
            });
    return buffer;
  }

  private IllegalStateException noRoom(long bytes, String reason) {
    return new IllegalStateException(
        "allocate on "
            + info.name()
            + ": "
            + bytes
            + " bytes were wanted, the device has "
            + info.memory()
            + " in all: "
            + reason
            + "; take a smaller batch or model");
  }

  /** Copies host memory to the device and returns when the host memory may change again. */
  void write(MemorySegment host, cl_mem to, long offset) {
    for (long done = 0; done < host.byteSize(); done += BLOCK) {
      MemorySegment part = part(host, done);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment from = host.isNative() ? part : staging(arena, part).copyFrom(part);
        clEnqueueWriteBuffer(
            queue, to, true, offset + done, from.byteSize(), pointer(from), 0, null, null);
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
        clEnqueueReadBuffer(
            queue, from, true, offset + done, to.byteSize(), pointer(to), 0, null, null);
        if (!host.isNative()) {
          part.copyFrom(to);
        }
      }
    }
    indexErrors.check();
  }

  /** {@link #read} of memory that says itself whether something went wrong. */
  void readUnchecked(cl_mem from, ByteBuffer direct) {
    clEnqueueReadBuffer(
        queue, from, true, 0, direct.remaining(), Pointer.to(direct), 0, null, null);
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
    clFinish(queue);
    indexErrors.check();
  }
}
