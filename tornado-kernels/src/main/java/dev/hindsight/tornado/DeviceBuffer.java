package dev.hindsight.tornado;

import org.jspecify.annotations.Nullable;

/** Memory of a {@link Machine} for one array of a product, which stays between runs. */
final class DeviceBuffer {
  /** How many elements there is room for. */
  final int elements;

  /** What the machine has allocated; null until it needs it. */
  @Nullable Object memory;

  /** Whether it holds what the host's memory holds, and need not be sent. */
  boolean current;

  DeviceBuffer(int elements) {
    this.elements = elements;
  }

  long bytes() {
    return SharedArray.HEADER + (long) Float.BYTES * elements;
  }
}
