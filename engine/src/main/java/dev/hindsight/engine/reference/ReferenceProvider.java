package dev.hindsight.engine.reference;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import java.util.Optional;

/**
 * Registers {@code reference}, which runs everywhere: {@code auto} takes it when nothing else can.
 */
public final class ReferenceProvider implements Backends.Provider {
  @Override
  public String name() {
    return ReferenceBackend.NAME;
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Optional<String> unavailable() {
    return Optional.empty();
  }

  @Override
  public Backend open() {
    return new ReferenceBackend();
  }
}
