package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Guards that the run of the kit on TornadoVM is what it says: that products and attention are
 * computed on the device. Where no SDK is installed it is skipped, which the summary of the tests
 * shows.
 */
class TornadoConformanceTest {
  private static final boolean RUNNING = "tornado".equals(System.getProperty(Subject.ONLY));

  private static Path sdk() {
    String home = System.getenv("TORNADOVM_HOME");
    assumeTrue(
        home != null, "no SDK of TornadoVM: set TORNADOVM_HOME, and the kit runs on it, too");
    return Path.of(home);
  }

  /** Maven starts the run on TornadoVM when the variable is set, and needs this file. */
  @Test
  void theSdkHasAnArgumentFile() {
    assertThat(sdk().resolve("tornado-argfile")).exists();
  }

  @Test
  void theKitIsOnTheDevice() {
    sdk();
    assumeTrue(RUNNING, "this is the run without TornadoVM");
    Backend backend = Backends.get("tornado");
    Tensor x = Tensor.of(backend, Shape.of(2, 2), 1f, 2, 3, 4);
    assertThat(TensorOps.matmul(x, x).toFloats()).containsExactly(7, 10, 15, 22);
    Tensor q = Tensor.of(backend, Shape.of(3, 1, 2), 1f, 2, 3, 4, 5, 6);
    LayerOps.Attention y = LayerOps.attention(q, q, q, SequenceLayout.packed(3), 1);
    LayerOps.attentionBackward(q, q, q, SequenceLayout.packed(3), 1, y, q);
    assertThat(backend.summary())
        .filteredOn(line -> line.contains("arithmetic"))
        .hasSize(3)
        .allSatisfy(line -> assertThat(line).contains(" 100.0 % of their arithmetic"));
  }
}
