package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Guards that every tile gives the bits of the plain chain of fma over k, whichever the clock
 * chooses: those that this device would take, and those of others.
 */
class MatmulTilesTest {
  private static OpenClBackend backend;

  @BeforeAll
  static void open() {
    backend = Opened.backend();
  }

  static Stream<Tile> tiles() {
    DeviceInfo info = Opened.info();
    return Stream.concat(Tiles.GPU.stream(), Tiles.CPU.stream()).filter(t -> t.fits(info));
  }

  /** Each tile has one of the transpose forms; the conformance kit has all of the usual tiles. */
  @ParameterizedTest
  @MethodSource("tiles")
  void everyTileGivesTheSameBits(Tile tile) {
    Matmul matmul = new Matmul(backend.device());
    int form = Math.floorMod(tile.toString().hashCode(), 4);
    // around the edges of a tile; strides that are multiples of 4 are loaded as vectors
    for (int[] size : new int[][] {{1, 5, 3}, {136, 36, 264}, {129, 47, 67}}) {
      Tensor a = random(1, form % 2 == 1, 2, size[0], size[1]);
      Tensor b = random(2, form / 2 == 1, 2, size[1], size[2]);
      Tensor out = TensorOps.empty(backend, DType.F32, Shape.of(2, size[0], size[2]));
      matmul.run(a, b, out, tile);
      assertThat(out.toFloats()).as("%s form %d", tile, form).isEqualTo(chain(a, b, null));
    }
  }

  /** What a tile computes beside the product must not turn a sum of -0 into 0. */
  @ParameterizedTest
  @MethodSource("tiles")
  void signsOfZero(Tile tile) {
    Tensor a = TensorOps.full(backend, DType.F32, Shape.of(1, 1), 1e-30);
    Tensor b = TensorOps.full(backend, DType.F32, Shape.of(1, 1), -1e-30);
    Tensor out = TensorOps.empty(backend, DType.F32, Shape.of(1, 1));
    new Matmul(backend.device()).run(a, b, out, tile);
    assertThat(out.toFloats()).as("%s", tile).isEqualTo(new float[] {-0.0f});
  }

  /** All batches have one right operand, which is packed once. */
  @Test
  void broadcastOperands() {
    Tensor a = random(1, false, 2, 70, 60);
    Tensor b = random(2, true, 1, 60, 50).expand(Shape.of(2, 60, 50));
    Tensor out = TensorOps.empty(backend, DType.F32, Shape.of(2, 70, 50));
    new Matmul(backend.device()).run(a, b, out, false);
    assertThat(out.toFloats()).isEqualTo(chain(a, b, null));
  }

  /** The former value begins the chain. */
  @Test
  void panelsAccumulate() {
    Tensor a = random(1, false, 2, 70, 60);
    Tensor b = random(2, true, 2, 60, 50);
    Tensor out = random(3, false, 2, 70, 50);
    float[] want = chain(a, b, out);
    new Matmul(backend.device()).run(a, b, out, true);
    assertThat(out.toFloats()).isEqualTo(want);
  }

  private static Tensor random(long seed, boolean transposed, int batch, int rows, int columns) {
    Shape shape = transposed ? Shape.of(batch, columns, rows) : Shape.of(batch, rows, columns);
    float[] values = new float[Math.toIntExact(shape.size())];
    Philox random = new Philox(seed, 0);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble() - 0.5f;
    }
    Tensor t = Tensor.of(backend, shape, values);
    return transposed ? t.transpose(1, 2) : t;
  }

  private static float[] chain(Tensor a, Tensor b, Tensor start) {
    int m = a.dim(1);
    int k = a.dim(2);
    int n = b.dim(2);
    float[] x = a.toFloats();
    float[] y = b.toFloats();
    float[] out = start == null ? new float[2 * m * n] : start.toFloats();
    for (int at = 0; at < out.length; at++) {
      int batch = at / (m * n);
      for (int i = 0; i < k; i++) {
        float left = x[at / n * k + i];
        out[at] = Math.fma(left, y[batch * k * n + i * n + at % n], out[at]);
      }
    }
    return out;
  }
}
