package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

/** Guards the arithmetic of extents and the words of its errors. */
class ShapeTest {

  @Test
  void countsElements() {
    assertThat(Shape.SCALAR.size()).isEqualTo(1);
    assertThat(Shape.of(2, 3, 4).size()).isEqualTo(24);
    assertThat(Shape.of(2, 0, 4).size()).isZero();
    assertThat(Shape.of(1 << 30, 1 << 30).size()).isEqualTo(1L << 60);
  }

  @Test
  void axesCountFromTheLastWhenNegative() {
    Shape shape = Shape.of(2, 3, 4);
    assertThat(shape.dim(-1)).isEqualTo(4);
    assertThat(shape.axis(-3)).isZero();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shape.dim(3))
        .withMessage("axis 3 does not exist in shape [2, 3, 4] of rank 3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shape.dim(-4))
        .withMessage("axis -4 does not exist in shape [2, 3, 4] of rank 3");
  }

  @Test
  void changesOneAxis() {
    Shape shape = Shape.of(2, 3);
    assertThat(shape.with(-1, 7)).isEqualTo(Shape.of(2, 7));
    assertThat(shape.insert(0, 5)).isEqualTo(Shape.of(5, 2, 3));
    assertThat(shape.insert(2, 5)).isEqualTo(Shape.of(2, 3, 5));
    assertThat(shape.drop(0)).isEqualTo(Shape.of(3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shape.insert(3, 1))
        .withMessage("insert: axis 3 does not fit shape [2, 3] of rank 2");
  }

  @Test
  void isImmutable() {
    int[] dims = {2, 3};
    Shape shape = Shape.of(dims);
    dims[0] = 9;
    shape.dims()[1] = 9;
    assertThat(shape).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3));
  }

  @Test
  void strides() {
    assertThat(Shape.of(2, 3, 4).contiguousStrides()).containsExactly(12, 4, 1);
    assertThat(Shape.of(2, 0, 4).contiguousStrides()).containsExactly(4, 4, 1);
  }

  @Test
  void refusesExtentsThatCannotBe() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Shape.of(2, -1))
        .withMessage("shape [2, -1]: extents must not be negative");
    int big = 1 << 16;
    assertThatIllegalArgumentException() // 2^64 wraps to 0
        .isThrownBy(() -> Shape.of(big, big, big, big))
        .withMessageContaining("more elements than a long can count");
  }

  @Test
  void broadcastsByNumpysRule() {
    assertThat(Shape.broadcast("add", Shape.of(4, 1, 3), Shape.of(2, 1)))
        .isEqualTo(Shape.of(4, 2, 3));
    assertThat(Shape.broadcast("add", Shape.SCALAR, Shape.of(2, 3))).isEqualTo(Shape.of(2, 3));
    assertThat(Shape.broadcast("add", Shape.of(0), Shape.of(1))).isEqualTo(Shape.of(0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Shape.broadcast("add", Shape.of(4, 2), Shape.of(3, 2)))
        .withMessage(
            "add: shapes [4, 2] and [3, 2] do not broadcast: extents 4 and 3 at axis -2 differ and neither is 1");
  }
}
