package dev.hindsight.engine.vector;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import java.util.Optional;

/**
 * Registers {@code vector}, which {@code auto} prefers. Links no vector class before it knows that
 * the incubator module is there.
 */
public final class VectorProvider implements Backends.Provider {
  private static final String MODULE = "jdk.incubator.vector";

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
    KernelCompilation.prepare();
    return new VectorBackend();
  }
}
