package dev.hindsight.opencl;

import dev.hindsight.engine.Backend;
import java.util.Map;
import java.util.TreeMap;

/** What the OpenCL backend counts of itself, for tests in other packages. */
public final class Inside {
  private Inside() {}

  /** How often which primitive was computed on the CPU so far. */
  public static Map<String, Long> fallbacks(Backend opencl) {
    return new TreeMap<>(((OpenClBackend) opencl).fallbacks());
  }

  /** Bytes of all buffers on the device, those that wait for the next owner included. */
  public static long allocated(Backend opencl) {
    DeviceMemory memory = ((OpenClBackend) opencl).device().memory();
    return memory.held() + memory.pooled();
  }
}
