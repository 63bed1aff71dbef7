package dev.hindsight.opencl;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import dev.hindsight.opencl.DeviceMemory.Buffer;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
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

  /** For a call of the driver in which this storage stays reachable until the call is made. */
  cl_mem memory() {
    return buffer.memory();
  }

  /** The index in the buffer of the first element of {@code t}. */
  static long first(Tensor t) {
    return of(t).start / t.dtype().bytes() + t.offset();
  }

  /** {@link Device#write} to here, from byte {@code at} on. */
  void write(Device device, MemorySegment host, long at) {
    try {
      device.write(host, memory(), start + at);
    } finally {
      Reference.reachabilityFence(this); // or its memory would have another owner by then
    }
  }

  /** {@link Device#read} from here, from byte {@code at} on. */
  void read(Device device, long at, MemorySegment host) {
    try {
      device.read(memory(), start + at, host);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** The first byte in the buffer. */
  long start() {
    return start;
  }
}
