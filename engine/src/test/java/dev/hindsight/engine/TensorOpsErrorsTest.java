package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.hindsight.engine.reference.ReferenceBackend;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/** Guards that what does not fit is refused before a kernel sees it, and in which words. */
class TensorOpsErrorsTest {
  private final Backend backend = Backends.get("reference");

  private Tensor f32(int... dims) {
    return TensorOps.zeros(backend, DType.F32, Shape.of(dims));
  }

  private Tensor f64(int... dims) {
    return TensorOps.zeros(backend, DType.F64, Shape.of(dims));
  }

  private Tensor i32(int... elements) {
    return Tensor.of(backend, Shape.of(elements.length), elements);
  }

  private static void refused(String message, Runnable action) {
    assertThatIllegalArgumentException().isThrownBy(action::run).withMessage(message);
  }

  private static void outside(String message, Runnable action) {
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(action::run)
        .withMessage(message);
  }

  @Test
  void types() {
    refused(
        "add: types F32[2] and F64[2] differ; cast one of them",
        () -> TensorOps.add(f32(2), f64(2)));
    refused(
        "exp: I32[1] does not compute; cast to F32 or F64 first",
        () -> TensorOps.unary(UnaryOp.EXP, i32(1)));
    refused(
        "gatherRows: indices must be I32, got F32[2]",
        () -> TensorOps.gatherRows(f32(3, 2), f32(2)));
  }

  @Test
  void owners() {
    Tensor elsewhere = TensorOps.zeros(new ReferenceBackend(), DType.F32, Shape.of(2));
    refused(
        "add: operands live on two backends, reference and reference; move one first",
        () -> TensorOps.add(f32(2), elsewhere));
    refused(
        "gatherRows: operands live on two backends, reference and reference; move one first",
        () -> TensorOps.gatherRows(elsewhere.unsqueeze(0), i32(0)));
  }

  @Test
  void shapes() {
    refused(
        "addScaled: shapes of F32[2] and F32[3] differ",
        () -> TensorOps.addScaled(f32(2), 1, f32(3)));
    refused(
        "matmul: F32[2, 3] x F32[2, 3]: inner extents 3 and 2 differ",
        () -> TensorOps.matmul(f32(2, 3), f32(2, 3)));
    refused(
        "matmul: operands need rank 2 or more, got F32[2] and F32[2, 3]",
        () -> TensorOps.matmul(f32(2), f32(2, 3)));
    refused(
        "matmul: F32[2, 3] x F32[3, 2] gives [2, 2], but the destination is F32[2, 3]",
        () -> TensorOps.matmul(f32(2, 3), f32(3, 2), f32(2, 3), false));
    refused(
        "matmul: the destination's last axis must have stride 1, it has 2",
        () -> TensorOps.matmul(f32(2, 2), f32(2, 2), f32(2, 2).transpose(0, 1), false));
    refused(
        "rmsNorm: F32[2, 3] needs a weight of shape [3], got F32[2]",
        () -> LayerOps.rmsNorm(f32(2, 3), f32(2), 0));
    refused(
        "rmsNorm backward: F32[2, 3] needs one value a row, [2], got F32[3]",
        () -> LayerOps.rmsNormBackward(f32(2, 3), f32(3), f32(3), f32(2, 3), null, null));
    refused(
        "rmsNorm backward: shapes of F32[3] and F32[2] differ",
        () -> LayerOps.rmsNormBackward(f32(2, 3), f32(3), f32(2), f32(2, 3), null, f32(2)));
    refused(
        "linear: F32[2, 3] needs a weight of shape [out, 3], got F32[3, 4]",
        () -> LayerOps.linear(f32(2, 3), f32(3, 4), null, null, null, false));
    refused(
        "linear: a weight F32[4, 3] needs a bias of shape [4], got F32[3]",
        () -> LayerOps.linear(f32(2, 3), f32(4, 3), f32(3), null, null, false));
    refused(
        "linear: F32[2, 3] x F32[4, 3] gives [2, 4], the residual is F32[4]",
        () -> LayerOps.linear(f32(2, 3), f32(4, 3), null, null, f32(4), false));
    refused("softmax: needs at least one axis, got a scalar", () -> LayerOps.softmax(f32()));
    refused(
        "rope: head extent of F32[1, 1, 3] must be even",
        () -> LayerOps.rope(f32(1, 1, 3), i32(0), 1e4, false));
    refused(
        "rope: theta must be positive and finite, got 0.0; models use 10000 and more",
        () -> LayerOps.rope(f32(1, 1, 4), i32(0), 0, false));
    refused(
        "rope: theta must be positive and finite, got NaN; models use 10000 and more",
        () -> LayerOps.rope(f32(1, 1, 4), i32(0), Double.NaN, false));
    refused("topK: k = 4 does not fit F32[3]", () -> TensorOps.topK(f32(3), 4));
    refused("clamp: low 2.0 must not exceed high 1.0", () -> TensorOps.clamp(f32(1), 2, 1));
    refused(
        "argmax: takes exactly one axis, got 2",
        () -> TensorOps.reduce(ReduceOp.ARGMAX, f32(2, 2)));
    refused(
        "max: nothing to reduce in F32[2, 0]", () -> TensorOps.reduce(ReduceOp.MAX, f32(2, 0), 1));
    refused(
        "download: F32[2] has 8 bytes, there is room for 4",
        () -> TensorOps.download(f32(2), Arena.ofAuto().allocate(4)));
    refused(
        "upload: F32[2] needs 8 bytes, 4 were given",
        () -> TensorOps.upload(Arena.ofAuto().allocate(4), f32(2)));
  }

  /** As many elements in another order are no broadcast: they were once taken as they lay. */
  @Test
  void sumsToWhatDoesNotBroadcast() {
    refused(
        "sumTo: [3, 4] does not broadcast to F32[4, 3]",
        () -> TensorOps.sumTo(f32(4, 3), Shape.of(3, 4)));
    refused(
        "sumTo: [2, 3] does not broadcast to F32[6]",
        () -> TensorOps.sumTo(f32(6), Shape.of(2, 3)));
    refused(
        "sumTo: [4] does not broadcast to F32[2, 3]",
        () -> TensorOps.sumTo(f32(2, 3), Shape.of(4)));
  }

  @Test
  void axesThatDoNotExist() {
    String none = ": axis 2 does not exist in shape [2, 3] of rank 2";
    Tensor x = f32(2, 3);
    refused("sum" + none, () -> TensorOps.reduce(ReduceOp.SUM, x, 2));
    refused("slice" + none, () -> x.slice(2, 0, 1));
    refused("select" + none, () -> x.select(2, 0));
    refused("squeeze" + none, () -> x.squeeze(2));
    refused("transpose" + none, () -> x.transpose(0, 2));
    refused("permute" + none, () -> x.permute(0, 2));
    refused(
        "softmax backward: needs at least one axis, got a scalar",
        () -> LayerOps.softmaxBackward(f32(), f32()));
    refused(
        "logSoftmax backward: needs at least one axis, got a scalar",
        () -> LayerOps.logSoftmaxBackward(f32(), f32()));
    refused(
        "scatterAddLast: the extent must not be negative, got -1",
        () -> TensorOps.scatterAddLast(f32(1), i32(0), -1));
  }

  @Test
  void layoutsThatNameRowsOutside() {
    Tensor q = f32(3, 2, 4);
    refused(
        "attention: the layout names query row 3 and key row 3, but q is F32[3, 2, 4] and k is F32[3, 2, 4]",
        () -> LayerOps.attention(q, q, q, SequenceLayout.packed(4), 1));
    refused(
        "attention: 2 query heads are no multiple of 3 key heads",
        () -> LayerOps.attention(q, f32(3, 3, 4), f32(3, 3, 4), SequenceLayout.packed(3), 1));
  }

  @Test
  void indicesOutOfRange() {
    outside(
        "gatherRows: index 3 (element 1 of I32[2]) does not lie in [0, 3), the extent of F32[3, 2]",
        () -> TensorOps.gatherRows(f32(3, 2), i32(0, 3)));
    outside(
        "scatterAddRows: index -1 (element 0 of I32[1]) does not lie in [0, 3), the extent of F32[3, 2]"
            + "; negative indices do not count from the end",
        () -> TensorOps.scatterAddRows(f32(1, 2), i32(-1), f32(3, 2)));
    outside(
        "gatherLast: index 2 (element 0 of I32[1]) does not lie in [0, 2), the extent of F32[2]",
        () -> TensorOps.gatherLast(f32(2), i32(2)));
    outside(
        "scatterAddLast: index 2 (element 0 of I32[1]) does not lie in [0, 2), the extent of F32[2]",
        () -> TensorOps.scatterAddLast(f32(1), i32(2), 2));
    outside(
        "crossEntropy: index 5 (element 1 of I32[2]) does not lie in [0, 5), the extent of F32[2, 5]",
        () -> LayerOps.crossEntropy(f32(2, 5), i32(-1, 5)));
  }

  @Test
  void adamWScalars() {
    refused("adamW: step is 0, expected 1 or more", () -> new AdamWStep(1, 0.9, 0.9, 0, 0, 0, 1));
    refused(
        "adamW: beta1 is 1.0, expected at least 0 and below 1",
        () -> new AdamWStep(1, 1, 0.9, 0, 0, 1, 1));
  }
}
