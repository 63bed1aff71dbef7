package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Guards the cipher against its published vectors, and the promises that resuming and splitting
 * rest on.
 */
class PhiloxTest {

  private static int[] block(long key, long counterLow, long counterHigh) {
    int[] out = new int[4];
    Philox.block(key, counterLow, counterHigh, out);
    return out;
  }

  /** The three vectors of Philox4x32-10 that Random123 publishes (kat_vectors). */
  @Test
  void matchesPublishedVectors() {
    assertThat(block(0, 0, 0)).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assertThat(block(-1, -1, -1)).containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    // counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0 (digits of pi), low word
    // first
    assertThat(block(0x299f31d0a4093822L, 0x85a308d3243f6a88L, 0x0370734413198a2eL))
        .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  }

  @Test
  void drawsTheWordsOfSuccessiveBlocksInOrder() {
    long seed = 0x0123456789ABCDEFL;
    Philox random = new Philox(seed, 7);
    for (long b = 0; b < 5; b++) {
      for (int word : block(seed, b, 7)) {
        assertThat(random.nextInt()).isEqualTo(word);
      }
    }
    assertThat(random.counter()).isEqualTo(20);
  }

  /**
   * A checkpoint holds seed, stream and counter: wherever a generator stops, the restored one
   * continues.
   */
  @Test
  void restoresAtEveryPosition() {
    Philox original = new Philox(3, -9);
    for (int i = 0; i < 50; i++) {
      Philox restored = new Philox(original.seed(), original.stream(), original.counter());
      switch (i % 4) {
        case 0 -> assertThat(restored.nextInt(11)).isEqualTo(original.nextInt(11));
        case 1 -> assertThat(restored.nextDouble()).isEqualTo(original.nextDouble());
        case 2 -> assertThat(restored.nextFloat()).isEqualTo(original.nextFloat());
        default -> assertThat(restored.nextGaussian()).isEqualTo(original.nextGaussian());
      }
      assertThat(restored.counter()).isEqualTo(original.counter());
    }
  }

  @Test
  void splitDependsOnSeedStreamAndLabelButNotOnPosition() {
    Philox parent = new Philox(1, 2);
    int first = parent.split(5).nextInt();
    parent.nextLong();
    assertThat(parent.split(5).nextInt()).isEqualTo(first);
    assertThat(parent.split(5).stream())
        .isNotEqualTo(parent.stream())
        .isNotEqualTo(parent.split(6).stream())
        .isNotEqualTo(new Philox(1, 3).split(5).stream())
        .isNotEqualTo(new Philox(2, 2).split(5).stream())
        .isNotEqualTo(parent.split(5).split(5).stream());
    // FNV-1a of "a" and of nothing, as its authors give them
    assertThat(parent.split("a").stream()).isEqualTo(parent.split(0xAF63DC4C8601EC8CL).stream());
    assertThat(parent.split("").stream()).isEqualTo(parent.split(0xCBF29CE484222325L).stream());
  }

  @Test
  void boundedIntegersAreInRangeAndUniform() {
    Philox random = new Philox(11, 0);
    int[] counts = new int[7];
    for (int i = 0; i < 70_000; i++) {
      counts[random.nextInt(7)]++;
    }
    assertThat(chiSquare(counts))
        .isLessThan(22.46); // 6 degrees of freedom, odds 1 in 1,000; the seed is fixed
    assertThat(random.nextInt(1)).isZero();
    assertThatThrownBy(() -> random.nextInt(0)).hasMessageContaining("bound 0");
  }

  /**
   * 2^32 is 8/3 of this bound: multiply-and-shift without the rejection step would give the
   * residues of three the weights 3, 3, 2.
   */
  @Test
  void boundedIntegersAreUnbiasedForLargeBounds() {
    Philox random = new Philox(12, 0);
    int bound = 3 << 29;
    int[] residues = new int[3];
    for (int i = 0; i < 30_000; i++) {
      int value = random.nextInt(bound);
      assertThat(value).isBetween(0, bound - 1);
      residues[value % 3]++;
    }
    assertThat(chiSquare(residues)).isLessThan(13.82); // 2 degrees of freedom, odds 1 in 1,000
  }

  private static double chiSquare(int[] counts) {
    double expected = Arrays.stream(counts).average().orElseThrow();
    return Arrays.stream(counts).mapToDouble(c -> (c - expected) * (c - expected) / expected).sum();
  }

  @Test
  void floatingPointDrawsAreInTheHalfOpenUnitInterval() {
    Philox random = new Philox(5, 5);
    double sum = 0;
    double gaussSum = 0;
    double gaussSquares = 0;
    int draws = 20_000;
    for (int i = 0; i < draws; i++) {
      assertThat(random.nextFloat()).isGreaterThanOrEqualTo(0f).isLessThan(1f);
      double uniform = random.nextDouble();
      assertThat(uniform).isGreaterThanOrEqualTo(0).isLessThan(1);
      sum += uniform;
      double gauss = random.nextGaussian();
      gaussSum += gauss;
      gaussSquares += gauss * gauss;
    }
    // four standard errors: 1/sqrt(12 n), 1/sqrt(n), sqrt(2/n)
    assertThat(sum / draws).isBetween(0.5 - 0.0082, 0.5 + 0.0082);
    assertThat(gaussSum / draws).isBetween(-0.029, 0.029);
    assertThat(gaussSquares / draws).isBetween(0.96, 1.04);
  }

  @Test
  void permutationsHoldEveryIndexOnce() {
    Philox random = new Philox(0, 0);
    for (int size : new int[] {0, 1, 2, 17, 300}) {
      int[] sorted = random.permutation(size);
      Arrays.sort(sorted);
      for (int i = 0; i < size; i++) {
        assertThat(sorted[i]).isEqualTo(i);
      }
    }
  }

  @Test
  void refusesANegativeCounter() {
    assertThatThrownBy(() -> new Philox(0, 0, -1)).hasMessageContaining("counter -1");
  }
}
