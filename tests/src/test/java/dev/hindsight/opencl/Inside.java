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

  /** Bytes of the device's buffers that are not released. */
  public static long allocated(Backend opencl) {
    return ((OpenClBackend) opencl).device().allocated();
  }
}
