package dev.hindsight.engine.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;

/** Operands and comparisons that the tests of this package share. */
final class Cases {
  static final Backend VECTOR = Backends.get("vector");
  static final Backend REFERENCE = Backends.get("reference");

  private Cases() {}

  /** Numbers in [-1, 1), the same for every backend. */
  static Tensor random(Backend backend, long seed, int... dims) {
    return spread(backend, seed, 1, dims);
  }

  /** Numbers in [-range, range), the same for every backend. */
  static Tensor spread(Backend backend, long seed, double range, int... dims) {
    Shape shape = Shape.of(dims);
    Philox random = new Philox(seed, 0);
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextInt() * 0x1p-31 * range);
    }
    return Tensor.of(backend, shape, values);
  }

  static int[] bits(Tensor t) {
    float[] values = t.toFloats();
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToIntBits(values[i]);
    }
    return bits;
  }

  static void assertSameBits(String what, Tensor actual, Tensor expected) {
    assertThat(bits(actual)).as(what).isEqualTo(bits(expected));
  }

  /**
   * Every element within {@code ulps} units in the last place of the larger of itself and {@code
   * floor}, which stands for the size of the terms that a sum cancels.
   */
  static void assertWithinUlps(
      String what, Tensor actual, Tensor expected, double ulps, double floor) {
    float[] a = actual.toFloats();
    float[] e = expected.toFloats();
    assertThat(a).as(what).hasSameSizeAs(e);
    for (int i = 0; i < a.length; i++) {
      if (Float.floatToIntBits(a[i]) == Float.floatToIntBits(e[i])) {
        continue;
      }
      double allowed = ulps * Math.ulp((float) Math.max(floor, Math.abs(e[i])));
      assertThat(Math.abs((double) a[i] - e[i]))
          .as("%s: element %d is %s, expected %s", what, i, a[i], e[i])
          .isLessThanOrEqualTo(allowed);
    }
  }
}
