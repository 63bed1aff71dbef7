package dev.hindsight.engine.vector;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Registers {@code vector}, which {@code auto} prefers. Links no vector class before it knows that
 * the incubator module is there.
 */
public final class VectorProvider implements Backends.Provider {
  private static final String MODULE = "jdk.incubator.vector";

  /** Of {@link Simd}, which is not linked here: as a constant, its name is copied. */
  private static final String WIDTH_PROPERTY = Simd.WIDTH_PROPERTY;

  private static final Set<String> WIDTHS = Set.of("128", "256", "512");

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public int priority() {
    return 100;
  }

  @Override
  public Optional<String> unavailable() {
    return ModuleLayer.boot().findModule(MODULE).isPresent()
        ? Optional.empty()
        : Optional.of("add --add-modules " + MODULE + " to the java command");
  }

  @Override
  public Backend open() {
    return new VectorBackend();
  }

  /** Kernels pack four columns and more at a time, and read 64 bytes past a tensor at most. */
  static void requireLanes(int lanes) {
    if (lanes < 4 || lanes > 16) {
      throw new IllegalStateException(
          "backend vector: this JVM prefers vectors of "
              + 32 * lanes
              + " bits, expected 128 to 512; give java -XX:MaxVectorSize=64, or ask for the"
              + " reference backend");
    }
  }

  /** A bad value is an error of the call here; in {@link Simd} it would be one of the class. */
  static void requireWidth(@Nullable String bits) {
    if (bits != null && !WIDTHS.contains(bits)) {
      throw new IllegalArgumentException(
          "backend vector: -D"
              + WIDTH_PROPERTY
              + ": expected 128, 256 or 512, got '"
              + bits
              + "'; leave it out for the widest that this processor prefers");
    }
  }
}
