package dev.hindsight.tornado;

import dev.hindsight.engine.vector.VectorBackend;

/** placeholder, replaced below */
final class TornadoBackend extends VectorBackend {
  static final String NAME = "tornado";

  static TornadoBackend open() {
    return new TornadoBackend();
  }
}
