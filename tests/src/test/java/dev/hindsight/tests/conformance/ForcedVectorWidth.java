package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.Backends;
import org.junit.jupiter.api.Test;

/** Guards that the runs of the kit at a forced vector width are what they say. */
class ForcedVectorWidth {

  @Test
  void theVectorBackendHasTheForcedWidth() {
    VectorWidth width = VectorWidth.forced();
    assumeTrue(width != null, "no vector width is forced in this run");
    assumeTrue(width.isNative(), "this processor has no vectors of " + width.bits() + " bits");
    assertThat(Backends.get("vector").description()).contains(width.bits() + "-bit");
  }
}
