package dev.hindsight.opencl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;

/** A device for tests; where there is none, they are skipped with the reason. */
final class Opened {
  private Opened() {}

  static DeviceInfo info() {
    Optional<String> reason = new OpenClProvider().unavailable();
    assumeTrue(reason.isEmpty(), () -> "no OpenCL device: " + reason.orElseThrow());
    return DeviceInfo.all().getFirst();
  }

  static OpenClBackend backend() {
    return new OpenClBackend(new Device(info()));
  }

  /** A backend that may use so many bytes of the device. */
  static OpenClBackend backend(long bytes) {
    return new OpenClBackend(new Device(info(), bytes));
  }
}
