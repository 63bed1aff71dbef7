package dev.hindsight.opencl;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import dev.hindsight.opencl.DeviceMemory.Buffer;
import org.jocl.cl_mem;

/** A part of a buffer on the device. */
final class DeviceStorage extends Storage {
  private final Buffer buffer; // also keeps the buffer reachable
  private final long start;

  DeviceStorage(
      Backend backend, Buffer buffer, long start, long bytes, Workspace.Generation generation) {
    super(backend, bytes, generation);
    this.buffer = buffer;
    this.start = start;
  }

  static DeviceStorage of(Tensor t) {
    return (DeviceStorage) t.storage();
  }

  cl_mem memory() {
    return buffer.memory();
  }

  /** The index in the buffer of the first element of {@code t}. */
  static long first(Tensor t) {
    return of(t).start / t.dtype().bytes() + t.offset();
  }

  /** The first byte in the buffer. */
  long start() {
    return start;
  }
}
