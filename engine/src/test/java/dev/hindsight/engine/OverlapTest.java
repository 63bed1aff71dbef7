package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Guards that an operation whose destination shares memory with an operand is refused instead of
 * giving wrong numbers, and that slices which only interleave, and the operand itself where an
 * operation may work in place, are not.
 */
class OverlapTest {
  private static final String SHARES = "the destination F32[3, 3] shares memory with ";

  private final Backend backend = Backends.get("reference");

  private Tensor ones(int... dims) {
    return TensorOps.full(backend, DType.F32, Shape.of(dims), 1);
  }

  private static void refused(String start, Runnable action) {
    assertThatIllegalArgumentException()
        .isThrownBy(action::run)
        .satisfies(e -> assertThat(e.getMessage()).startsWith(start));
  }

  @Test
  void productsNeedADestinationOfTheirOwn() {
    Tensor x = ones(6, 3);
    Tensor a = x.slice(0, 0, 3);
    Tensor shifted = x.slice(0, 1, 4);
    String operand = SHARES + "the operand F32[3, 3]; write to a tensor of its own";
    refused("matmul: " + operand, () -> TensorOps.matmul(a, ones(3, 3), a, false));
    refused("matmul: " + operand, () -> TensorOps.matmul(ones(3, 3), a, shifted, true));
    refused(
        "matmul: " + operand,
        () -> TensorOps.matmul(ones(3, 3), shifted.transpose(0, 1), a, false));
    TensorOps.matmul(a, a, x.slice(0, 3, 6), false);
  }

  @Test
  void movesInPlaceTakeTheSameViewOnly() {
    Tensor x = ones(4, 3);
    Tensor square = x.slice(0, 0, 3);
    String view = SHARES + "another view of the operand F32[3, 3]; copy one first";
    refused("copy: " + view, () -> TensorOps.copy(square.transpose(0, 1), square));
    refused("copy: " + view, () -> TensorOps.copy(square, x.slice(0, 1, 4)));
    refused("addScaled: " + view, () -> TensorOps.addScaled(square, 1, x.slice(0, 1, 4)));
    refused("lerp: " + view, () -> TensorOps.lerp(square.transpose(0, 1), 0.5, square));
    TensorOps.copy(square, square);
    TensorOps.addScaled(square, 1, square);
    TensorOps.lerp(square, 0.5, square);
    assertThat(square.toFloats()).containsOnly(2);
  }

  @Test
  void aBroadcastDestinationIsRefused() {
    Tensor row = ones(1, 3);
    Tensor rows = row.expand(Shape.of(2, 3));
    String message = "the destination F32[2, 3] is broadcast along axis 0";
    refused("copy: " + message, () -> TensorOps.copy(ones(2, 3), rows));
    refused("matmul: " + message, () -> TensorOps.matmul(ones(2, 3), ones(3, 3), rows, false));
  }

  @Test
  void scattersAndGradients() {
    Tensor x = ones(3, 3);
    Tensor ids = Tensor.of(backend, Shape.of(3), 0, 1, 2);
    refused("scatterAddRows: " + SHARES, () -> TensorOps.scatterAddRows(x, ids, x));
    Tensor w = ones(3);
    refused(
        "rmsNorm backward: " + SHARES,
        () -> LayerOps.rmsNormBackward(x, w, ones(3), ones(3, 3), x, null));
    LayerOps.LayerNorm y = LayerOps.layerNorm(x, w, w, 1e-5);
    refused(
        "layerNorm backward: the destination F32[3] shares memory with the operand F32[3]",
        () -> LayerOps.layerNormBackward(x, w, y, ones(3, 3), null, null, w));
    Tensor d = ones(3);
    refused(
        "layerNorm backward: the destinations F32[3] and F32[3] share memory; give each its own",
        () -> LayerOps.layerNormBackward(x, w, y, ones(3, 3), null, d, d));
  }

  @Test
  void optimiserState() {
    AdamWStep step = new AdamWStep(0.1, 0.9, 0.99, 1e-8, 0, 1, 1);
    Tensor p = ones(4);
    Tensor g = ones(4);
    refused(
        "adamW: the destinations F32[4] and F32[4] share memory",
        () -> TensorOps.adamW(p, g, p, ones(4), step));
    refused(
        "adamW: the destination F32[4] shares memory with the operand F32[4]",
        () -> TensorOps.adamW(p, g, ones(4), g, step));
  }

  /** Columns of one projection lie between one another, and no element is in two of them. */
  @Test
  void slicesThatInterleaveDoNotMeet() {
    Tensor x = ones(5, 2, 6);
    assertThat(Overlap.between(x.slice(2, 0, 3), x.slice(2, 3, 6))).isFalse();
    assertThat(Overlap.between(x.slice(1, 0, 1), x.slice(1, 1, 2))).isFalse();
    assertThat(Overlap.between(x.slice(2, 0, 4), x.slice(2, 3, 6))).isTrue();
    assertThat(Overlap.between(x.slice(0, 0, 2), x.slice(0, 2, 5))).isFalse();
    assertThat(Overlap.between(x, ones(5, 2, 6))).isFalse();
    assertThat(Overlap.between(x, x.slice(0, 2, 2))).isFalse();
    TensorOps.copy(x.slice(2, 0, 3), x.slice(2, 3, 6));
  }

  /** Against listing every element, on views of one to three axes with any strides. */
  @Test
  void agreesWithListingEveryElement() {
    Random random = new Random(3);
    Storage storage = ones(4096).storage();
    int met = 0;
    for (int i = 0; i < 20_000; i++) {
      Tensor a = anyView(storage, random);
      Tensor b = anyView(storage, random);
      Set<Long> common = elements(a);
      common.retainAll(elements(b));
      met += common.isEmpty() ? 0 : 1;
      assertThat(Overlap.between(a, b))
          .as("case %d: %s and %s", i, a, b)
          .isEqualTo(!common.isEmpty());
    }
    assertThat(met).isBetween(2_000, 18_000); // both answers are tried
  }

  private static Tensor anyView(Storage storage, Random random) {
    int rank = 1 + random.nextInt(3);
    int[] dims = new int[rank];
    long[] strides = new long[rank];
    for (int i = 0; i < rank; i++) {
      dims[i] = 1 + random.nextInt(4);
      strides[i] = random.nextInt(random.nextBoolean() ? 4 : 40);
    }
    return new Tensor(storage, DType.F32, Shape.of(dims), strides, random.nextInt(60));
  }

  private static Set<Long> elements(Tensor t) {
    Set<Long> elements = new HashSet<>();
    for (int i = 0; i < t.size(); i++) {
      long at = t.offset();
      int rest = i;
      for (int axis = t.rank() - 1; axis >= 0; axis--) {
        at += rest % t.dim(axis) * t.stride(axis);
        rest /= t.dim(axis);
      }
      elements.add(at);
    }
    return elements;
  }
}
