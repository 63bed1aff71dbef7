package dev.hindsight.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.junit.jupiter.api.Test;

/**
 * Worked examples small enough to check by hand: the truth itself is not tested against anything.
 */
class ReferenceBackendTest {
  private final Backend backend = Backends.get("reference");

  private Tensor of(Shape shape, double... elements) {
    return Tensor.of(backend, shape, elements);
  }

  @Test
  void addsWithBroadcasting() {
    Tensor column = of(Shape.of(2, 1), 10, 20);
    Tensor row = of(Shape.of(3), 1, 2, 3);
    assertThat(TensorOps.add(column, row).toDoubles()).containsExactly(11, 12, 13, 21, 22, 23);
  }

  @Test
  void comparesToOneAndZero() {
    Tensor a = of(Shape.of(3), 1, 2, 3);
    Tensor b = of(Shape.of(3), 2, 2, 2);
    assertThat(TensorOps.binary(BinaryOp.GREATER, a, b).toDoubles()).containsExactly(0, 0, 1);
    assertThat(TensorOps.binary(BinaryOp.LESS_EQUAL, a, b).toDoubles()).containsExactly(1, 1, 0);
  }

  @Test
  void multipliesTransposedMatricesWithoutCopies() {
    Tensor a = of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    assertThat(TensorOps.matmul(a, a.transpose(0, 1)).toDoubles()).containsExactly(14, 32, 32, 77);
    assertThat(TensorOps.matmul(a.transpose(0, 1), a).toDoubles())
        .containsExactly(17, 22, 27, 22, 29, 36, 27, 36, 45);
  }

  @Test
  void reducesAnyAxes() {
    Tensor x = of(Shape.of(2, 3), 1, 5, 3, 4, 2, 6);
    assertThat(TensorOps.reduce(ReduceOp.SUM, x).toDoubles()).containsExactly(21);
    assertThat(TensorOps.reduce(ReduceOp.SUM, x, 0).toDoubles()).containsExactly(5, 7, 9);
    assertThat(TensorOps.reduce(ReduceOp.MEAN, x, 1).toDoubles()).containsExactly(3, 4);
    assertThat(TensorOps.reduce(ReduceOp.MAX, x, 1).toDoubles()).containsExactly(5, 6);
    assertThat(TensorOps.reduce(ReduceOp.ARGMAX, x, 1).toInts()).containsExactly(1, 2);
    assertThat(TensorOps.reduce(ReduceOp.ARGMAX, x, 0).toInts()).containsExactly(1, 0, 1);
  }

  @Test
  void takesTheLargest() {
    Tensor x = of(Shape.of(5), 1, 7, 7, Double.NaN, 3);
    TensorOps.TopK top = TensorOps.topK(x, 4);
    assertThat(top.indices().toInts()).containsExactly(3, 1, 2, 4);
    assertThat(top.values().toDoubles()).containsExactly(Double.NaN, 7, 7, 3);
  }

  /** Two sequences: one of a single key gives that key's value; equal scores give the mean. */
  @Test
  void attendsToWhatEachSequenceSees() {
    Tensor q = of(Shape.of(3, 1, 1), 0, 0, 5);
    Tensor v = of(Shape.of(3, 1, 1), 2, 4, 9);
    LayerOps.Attention y = LayerOps.attention(q, v, v, SequenceLayout.packed(2, 1), 1);
    assertThat(y.out().toDoubles()).containsExactly(2, 3, 9);
    assertThat(y.lse().toDoubles()).containsExactly(0, Math.log(2), 45);
  }

  @Test
  void convertsToSixteenBitsWithTiesToEven() {
    Tensor x = of(Shape.of(4), 1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1p-8 + 0x1p-40, 1e39);
    double[] rounded = TensorOps.cast(TensorOps.cast(x, DType.BF16), DType.F64).toDoubles();
    assertThat(rounded).containsExactly(1, 1 + 0x1p-6, 1 + 0x1p-7, Double.POSITIVE_INFINITY);
  }
}
