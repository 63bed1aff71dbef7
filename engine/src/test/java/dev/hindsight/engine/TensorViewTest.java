package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

/** Guards that views read the right elements, copy nothing, and refuse what does not fit. */
class TensorViewTest {
  private final Backend backend = Backends.get("reference");
  private final Tensor x = Tensor.of(backend, Shape.of(2, 3), 0, 1, 2, 3, 4, 5);

  @Test
  void viewsShareTheStorage() {
    Tensor row = x.select(0, 1);
    TensorOps.fill(x, 7);
    assertThat(row.storage()).isSameAs(x.storage());
    assertThat(row.toInts()).containsExactly(7, 7, 7);
  }

  @Test
  void readsThroughAnyView() {
    assertThat(x.transpose(0, 1).toInts()).containsExactly(0, 3, 1, 4, 2, 5);
    assertThat(x.permute(1, 0).shape()).isEqualTo(Shape.of(3, 2));
    assertThat(x.slice(1, 1, 3).toInts()).containsExactly(1, 2, 4, 5);
    assertThat(x.slice(-1, 1, 1).toInts()).isEmpty();
    assertThat(x.select(1, 2).toInts()).containsExactly(2, 5);
    assertThat(x.slice(1, 1, 2).squeeze(-1).toInts()).containsExactly(1, 4);
    assertThat(x.select(0, 1).unsqueeze(-1).shape()).isEqualTo(Shape.of(3, 1));
    assertThat(x.select(0, 1).expand(Shape.of(2, 3)).toInts()).containsExactly(3, 4, 5, 3, 4, 5);
    assertThat(x.reshape(Shape.of(3, 2)).select(0, 1).toInts()).containsExactly(2, 3);
    assertThat(x.transpose(0, 1).slice(0, 1, 3).transpose(0, 1).toInts())
        .containsExactly(1, 2, 4, 5);
  }

  @Test
  void knowsWhatIsContiguous() {
    assertThat(x.isContiguous()).isTrue();
    assertThat(x.select(0, 1).isContiguous()).isTrue();
    assertThat(x.slice(0, 1, 2).isContiguous()).isTrue(); // strides of extent 1 do not matter
    assertThat(x.transpose(0, 1).isContiguous()).isFalse();
    assertThat(x.slice(1, 0, 2).isContiguous()).isFalse();
    assertThat(x.slice(1, 0, 0).isContiguous()).isTrue();
    assertThat(x.select(0, 0).expand(Shape.of(2, 3)).isContiguous()).isFalse();
    assertThat(TensorOps.contiguous(x)).isSameAs(x);
    assertThat(TensorOps.contiguous(x.transpose(0, 1)).isContiguous()).isTrue();
  }

  @Test
  void sliceRefusesARangeOutside() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.slice(1, 2, 4))
        .withMessage("slice: range [2, 4) does not lie in axis 1 of shape [2, 3]");
    assertThatIllegalArgumentException().isThrownBy(() -> x.slice(1, -1, 2));
    assertThatIllegalArgumentException().isThrownBy(() -> x.slice(1, 2, 1));
  }

  @Test
  void selectRefusesAnIndexOutside() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.select(-1, 3))
        .withMessage("select: index 3 does not lie in axis -1 of shape [2, 3]");
    assertThatIllegalArgumentException().isThrownBy(() -> x.select(0, -1));
  }

  @Test
  void permuteRefusesOtherThanAPermutation() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.permute(0))
        .withMessage("permute: 1 axes given for shape [2, 3] of rank 2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.permute(1, -1))
        .withMessage("permute: axis 1 appears twice in [1, -1]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.transpose(0, 2))
        .withMessage("transpose: axis 2 does not exist in shape [2, 3] of rank 2");
  }

  @Test
  void squeezeAndUnsqueezeRefuseWhatDoesNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.squeeze(0))
        .withMessage("squeeze: axis 0 of shape [2, 3] has not extent 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.unsqueeze(3))
        .withMessage("unsqueeze: axis 3 does not fit shape [2, 3] of rank 2");
    assertThatIllegalArgumentException().isThrownBy(() -> x.unsqueeze(-4));
  }

  @Test
  void expandAndReshapeRefuseWhatDoesNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.expand(Shape.of(4, 3)))
        .withMessage("expand: shape [2, 3] does not broadcast to [4, 3]");
    assertThatIllegalArgumentException().isThrownBy(() -> x.expand(Shape.of(3)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.reshape(Shape.of(4)))
        .withMessage("reshape: shape [2, 3] has 6 elements, [4] has 4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> x.transpose(0, 1).reshape(Shape.of(6)))
        .withMessage(
            "reshape: a view of shape [3, 2] is not contiguous; call TensorOps.contiguous first");
    assertThat(TensorOps.reshape(x.transpose(0, 1), Shape.of(6)).toInts())
        .containsExactly(0, 3, 1, 4, 2, 5);
  }

  @Test
  void buildsOnlyWhatFits() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tensor.of(backend, Shape.of(2, 2), 1f, 2f, 3f))
        .withMessage("tensor: shape [2, 2] has 4 elements, but 3 were given");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Tensor(x.storage(), DType.I32, Shape.of(2), new long[] {1, 1}, 0))
        .withMessage("tensor: 2 strides given for shape [2]");
  }

  @Test
  void readsItemsAndTypes() {
    assertThat(x.slice(0, 1, 2).slice(1, 1, 2).item()).isEqualTo(4);
    assertThat(x.toFloats()).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(x.toDoubles()).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(x).hasToString("I32[2, 3]");
    assertThatIllegalArgumentException()
        .isThrownBy(x::item)
        .withMessage("item: shape [2, 3] has 6 elements, expected 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorOps.cast(x, DType.F32).toInts())
        .withMessage("toInts: the tensor holds F32, not I32; cast it first");
  }
}
