package dev.hindsight.tornado;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Properties;

/**
 * What a product costs on the device and on the CPU, and where attention is computed. A product
 * takes the device {@code launch + bytes / bandwidth + operations / speed}, and the CPU {@code
 * operations / speed}; both give the same bits, so each may go where it takes less time. Attention
 * has other bits on the device, and a row's must not depend on what it is computed with: all of it
 * is computed in one place.
 *
 * @param block rows and columns of a product that a work-item computes fastest: 4 or 8
 * @param launch seconds that a product of nothing takes
 * @param bandwidth bytes a second that go to the device and back
 * @param deviceSpeed floating-point operations a second on the device
 * @param hostSpeed floating-point operations a second on the CPU
 * @param attention whether attention is faster on the device
 */
record CostModel(
    int block,
    double launch,
    double bandwidth,
    double deviceSpeed,
    double hostSpeed,
    boolean attention) {

  /** The largest square that is looked at. */
  private static final int LARGEST = 1 << 14;

  /** Everything on the device: for tests, where speed is none of the question. */
  static CostModel always(int block) {
    return new CostModel(block, 0, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 1, true);
  }

  /**
   * Whether the device is faster, with the result under way, and so many bytes of operands that are
   * not there.
   */
  boolean pays(Product product, double bytesToSend) {
    double traffic = bytesToSend + product.resultTraffic();
    return launch + traffic / bandwidth + product.operations() / deviceSpeed
        < product.operations() / hostSpeed;
  }

  /** The smallest n from which a product of two n x n matrices is faster on the device, if any. */
  Optional<Integer> smallestSquare() {
    for (int n = 16; n <= LARGEST; n += 16) {
      double operations = 2.0 * n * n * n;
      double device = launch + 12.0 * n * n / bandwidth + operations / deviceSpeed;
      if (device < operations / hostSpeed) {
        return Optional.of(n);
      }
    }
    return Optional.empty();
  }

  /** As in {@code products from 512 x 512, attention}; what is faster on the device. */
  String offloaded() {
    Optional<Integer> square = smallestSquare();
    String products =
        square.map(n -> "products from " + n + " x " + n + " x " + n).orElse("no products");
    return products + (attention ? " and attention" : ", no attention");
  }

  // ------------------------------------------------------------ between runs

  /** What was measured before; empty when nothing was, or what is there cannot be read. */
  static Optional<CostModel> read(Path file) {
    Properties p = new Properties();
    try {
      p.load(new StringReader(Files.readString(file)));
      return Optional.of(
          new CostModel(
              Integer.parseInt(p.getProperty("block")),
              Double.parseDouble(p.getProperty("launch")),
              Double.parseDouble(p.getProperty("bandwidth")),
              Double.parseDouble(p.getProperty("deviceSpeed")),
              Double.parseDouble(p.getProperty("hostSpeed")),
              Boolean.parseBoolean(p.getProperty("attention"))));
    } catch (IOException | RuntimeException e) {
      return Optional.empty(); // measured again
    }
  }

  /** Keeps it for the next run, if the folder can be written. */
  void write(Path file) {
    String text =
        String.join(
            "\n",
            "block=" + block,
            "launch=" + launch,
            "bandwidth=" + bandwidth,
            "deviceSpeed=" + deviceSpeed,
            "hostSpeed=" + hostSpeed,
            "attention=" + attention,
            "");
    try {
      Files.createDirectories(file.getParent());
      Path beside = Files.createTempFile(file.getParent(), "speed", ".tmp");
      Files.writeString(beside, text);
      Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // measured again next time
    }
  }
}
