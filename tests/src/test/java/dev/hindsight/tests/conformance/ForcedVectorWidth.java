package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
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

  /**
   * All that runs where the processor lacks the width: Java then emulates it a hundred times
   * slower, so a few small calls stand for the kit. The test above is skipped there, which the
   * summary of the tests shows with the reason.
   */
  @Test
  void aFewSmallCallsEvenWhereTheWidthIsEmulated() {
    VectorWidth width = VectorWidth.forced();
    assumeTrue(width != null, "no vector width is forced in this run");
    Backend vector = Backends.get("vector");
    assertThat(vector.description()).contains(width.bits() + "-bit");
    for (int[] size : new int[][] {{1, 9, 17}, {7, 16, 33}, {13, 5, 70}}) {
      Tensor[] got = Kernels.ofSize(size[0], size[1], size[2], 2).run(vector);
      Tensor[] want = Kernels.ofSize(size[0], size[1], size[2], 2).run(Subject.TRUTH);
      for (int i = 0; i < 5; i++) { // products: one chain, the same bits
        assertThat(got[i].toFloats()).as("result %d", i).isEqualTo(want[i].toFloats());
      }
      for (int i = 5; i < got.length; i++) { // sums of at most 13 keys times 20 channels below 2
        assertThat(got[i].toDoubles())
            .as("result %d", i)
            .containsExactly(want[i].toDoubles(), within(20 * 13 * 4 * 0x1p-22));
      }
    }
    Tensor x = Tensor.of(vector, Shape.of(3, 37), floats(3 * 37));
    Tensor w = Tensor.of(vector, Shape.of(37), floats(37));
    near(LayerOps.softmax(x), LayerOps.softmax(x.to(Subject.TRUTH)));
    near(
        LayerOps.rmsNorm(x, w, 1e-5).out(),
        LayerOps.rmsNorm(x.to(Subject.TRUTH), w.to(Subject.TRUTH), 1e-5).out());
    for (UnaryOp op : new UnaryOp[] {UnaryOp.EXP, UnaryOp.TANH, UnaryOp.GELU, UnaryOp.SILU}) {
      near(TensorOps.unary(op, x), TensorOps.unary(op, x.to(Subject.TRUTH)));
    }
  }

  private static float[] floats(int n) {
    double[] values = Values.uniform(1, n, -2, 2);
    float[] floats = new float[n];
    for (int i = 0; i < n; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** Within gamma(40): 37 terms and a few roundings, of values below 8. */
  private static void near(Tensor got, Tensor want) {
    assertThat(got.toDoubles()).containsExactly(want.toDoubles(), within(8 * 40 * 0x1p-23));
  }
}
