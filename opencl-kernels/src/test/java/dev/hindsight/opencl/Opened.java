package dev.hindsight.opencl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;

/** A device for tests; where there is none, they are skipped with the reason. */
final class Opened {
  private Opened() {}

  static DeviceInfo info() {
    List<DeviceInfo> all;
    try {
      all = DeviceInfo.all();
    } catch (LinkageError | UnsupportedOperationException e) {
      all = List.of();
    }
    assumeTrue(!all.isEmpty(), "no OpenCL device here: install pocl-opencl-icd to run this test");
    return all.getFirst();
  }

  static OpenClBackend backend() {
    return new OpenClBackend(new Device(info()));
  }

  /** A backend that may use so many bytes of the device. */
  static OpenClBackend backend(long bytes) {
    return new OpenClBackend(new Device(info(), bytes));
  }
}
