package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Guards devices that have no double precision, as Apple's have not: a device with it plays one.
 */
class WithoutDoublesTest {
  private static final float U = 0x1p-24f;
  private static final Backend CPU = Backends.get("reference");
  private static OpenClBackend backend;

  @BeforeAll
  static void open() {
    backend = new OpenClBackend(new Device(Opened.info().withoutExtensions()));
    assertThat(backend.device().info().hasDoubles()).isFalse();
  }

  private static float[] random(int count, double low, double high) {
    float[] values = new float[count];
    Philox random = new Philox(count, 0);
    for (int i = 0; i < count; i++) {
      values[i] = (float) (low + (high - low) * random.nextDouble());
    }
    return values;
  }

  /** A pair of floats has 48 bits; 2^-40 leaves room for the additions of many. */
  @Test
  void sumOfSquares() {
    float[] x = random(100_000, -3, 3);
    double want = TensorOps.sumOfSquares(Tensor.of(CPU, Shape.of(x.length), x));
    double got = TensorOps.sumOfSquares(Tensor.of(backend, Shape.of(x.length), x));
    assertThat(got).isCloseTo(want, within(want * 0x1p-40));
  }

  /** The bound of the conformance kit, which runs this kernel everywhere. */
  @Test
  void rotaryEmbeddingOfFarPositions() {
    float[] x = random(5 * 2 * 64, -1, 1);
    Shape shape = Shape.of(5, 2, 64);
    int[] positions = {0, 1, 4095, 1_000_003, 16_000_001};
    float[] want =
        LayerOps.rope(Tensor.of(CPU, shape, x), Tensor.of(CPU, Shape.of(5), positions), 5e5, false)
            .toFloats();
    float[] got =
        LayerOps.rope(
                Tensor.of(backend, shape, x),
                Tensor.of(backend, Shape.of(5), positions),
                5e5,
                false)
            .toFloats();
    for (int i = 0; i < x.length; i++) {
      int channel = i % 64;
      float pair = x[i - channel + (channel + 32) % 64];
      // the truth is rounded, too
      assertThat(got[i]).isCloseTo(want[i], within(4 * U * (Math.abs(x[i]) + Math.abs(pair))));
    }
  }

  /** What OpenCL asks of pow in single precision is 16 ulp. */
  @Test
  void powers() {
    float[] a = random(1000, 0.1, 5);
    float[] b = random(1000, -4, 4);
    float[] want = power(CPU, a, b);
    float[] got = power(backend, a, b);
    for (int i = 0; i < a.length; i++) {
      assertThat(got[i]).isCloseTo(want[i], within(17 * Math.ulp(want[i])));
    }
  }

  private static float[] power(Backend on, float[] a, float[] b) {
    Shape shape = Shape.of(a.length);
    return TensorOps.binary(BinaryOp.POW, Tensor.of(on, shape, a), Tensor.of(on, shape, b))
        .toFloats();
  }
}
