package dev.hindsight.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guards the arithmetic of the decision, and that a measurement survives between runs. */
class CostModelTest {
  private static Product square(int n) {
    return new Product(n, n, n, n, 1, n, 1, n, false, List.of(0, 0, 0), n * n, n * n, n * n);
  }

  /** With both operands to be sent. */
  private static boolean pays(CostModel cost, int n) {
    return cost.pays(square(n), 8.0 * n * n);
  }

  /** 42 us on the CPU; there 30, 6.6 for the result, and 6.6 for each operand that is sent. */
  @Test
  void operandsThatAreThereCostNothing() {
    CostModel cost = new CostModel(8, 3e-5, 1e10, 1e13, 1e11, true);
    assertThat(pays(cost, 128)).isFalse();
    assertThat(cost.pays(square(128), 0)).isTrue();
  }

  @Test
  void theSmallestSquareIsWhereTheDecisionTurns() {
    CostModel cost = new CostModel(8, 1e-4, 1e10, 1e13, 1e11, true);
    int smallest = cost.smallestSquare().orElseThrow();
    assertThat(pays(cost, smallest)).isTrue();
    assertThat(pays(cost, smallest - 16)).isFalse();
    // 2 n^3 / 1e11 s on the CPU; 1e-4 + 12 n^2 / 1e10 + 2 n^3 / 1e13 s there: 192.3 by hand
    assertThat(smallest).isEqualTo(208);
    assertThat(cost.offloaded()).isEqualTo("products from 208 x 208 x 208 and attention");
  }

  @Test
  void aSlowDeviceGetsNothing() {
    CostModel cost = new CostModel(4, 1e-3, 1e9, 1e10, 1e11, false);
    assertThat(cost.smallestSquare()).isEmpty();
    assertThat(pays(cost, 4096)).isFalse();
    assertThat(cost.offloaded()).isEqualTo("no products, no attention");
  }

  @Test
  void readsWhatItWrote(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("new/device.properties");
    assertThat(CostModel.read(file)).isEmpty();
    CostModel cost = new CostModel(8, 1.5e-4, 1e10, 1.25e13, 1e11, true);
    cost.write(file);
    assertThat(CostModel.read(file)).contains(cost);
    Files.writeString(file, "block=8\nlaunch=soon\n");
    assertThat(CostModel.read(file)).as("measured again").isEmpty();
  }
}
