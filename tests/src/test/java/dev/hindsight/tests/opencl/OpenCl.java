package dev.hindsight.tests.opencl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import java.util.Optional;

/** The OpenCL backend where a device is there. */
final class OpenCl {
  private OpenCl() {}

  /** Opens it, or skips the test and says why. */
  static Backend backend() {
    Optional<String> reason =
        Backends.providers().stream()
            .filter(p -> p.name().equals("opencl"))
            .findFirst()
            .orElseThrow()
            .unavailable();
    assumeTrue(reason.isEmpty(), () -> "no OpenCL device: " + reason.orElseThrow());
    return Backends.get("opencl");
  }
}
