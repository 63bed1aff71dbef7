package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Extents of 0 are no special case for a caller: a batch without rows, rows without columns and a
 * product without depth give results of the right shape.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class EmptyOperandsConformanceTest {
  @Parameter Subject subject;

  private Tensor ones(int... dims) {
    return TensorOps.full(subject.backend(), subject.dtype(), Shape.of(dims), 1);
  }

  private Tensor ids(int count) {
    return TensorOps.zeros(subject.backend(), DType.I32, Shape.of(count));
  }

  private static void hasShape(Tensor t, int... dims) {
    assertThat(t.shape()).isEqualTo(Shape.of(dims));
    t.toDoubles();
  }

  @Test
  void elementwiseAndReductions() {
    for (int[] dims : new int[][] {{0}, {0, 5}, {5, 0}, {2, 0, 3}}) {
      Tensor x = ones(dims);
      hasShape(TensorOps.unary(UnaryOp.EXP, x), dims);
      hasShape(TensorOps.unaryBackward(UnaryOp.GELU, x, x, x), dims);
      hasShape(TensorOps.add(x, x), dims);
      hasShape(TensorOps.affine(x, 2, 1), dims);
      hasShape(TensorOps.clamp(x, 0, 1), dims);
      hasShape(TensorOps.where(x, x, x), dims);
      hasShape(LayerOps.swiglu(x, x), dims);
      hasShape(TensorOps.copyOf(x.transpose(0, -1)), x.transpose(0, -1).shape().dims());
      TensorOps.addScaled(x, 1, ones(dims));
      TensorOps.lerp(x, 0.5, ones(dims));
      AdamWStep step = new AdamWStep(0.1, 0.9, 0.99, 1e-8, 0, 1, 1);
      TensorOps.adamW(ones(dims), x, ones(dims), ones(dims), step);
      assertThat(TensorOps.reduce(ReduceOp.SUM, x).item()).isZero();
      assertThat(TensorOps.sumOfSquares(x)).isZero();
    }
  }

  @Test
  void products() {
    hasShape(TensorOps.matmul(ones(0, 4), ones(4, 3)), 0, 3);
    hasShape(TensorOps.matmul(ones(2, 4), ones(4, 0)), 2, 0);
    hasShape(TensorOps.matmul(ones(0, 2, 4), ones(4, 3)), 0, 2, 3);
    assertThat(TensorOps.matmul(ones(2, 0), ones(0, 3)).toDoubles()).hasSize(6).containsOnly(0);
    assertThat(TensorOps.matmul(ones(2, 2, 0), ones(2, 0, 3)).toDoubles())
        .hasSize(12)
        .containsOnly(0);
  }

  @Test
  void rows() {
    Tensor none = ones(0, 6);
    Tensor w = ones(6);
    hasShape(LayerOps.softmax(none), 0, 6);
    hasShape(LayerOps.softmax(ones(3, 0)), 3, 0);
    hasShape(LayerOps.logSoftmax(none), 0, 6);
    hasShape(LayerOps.softmaxBackward(none, none), 0, 6);
    hasShape(LayerOps.rmsNorm(none, w, 1e-5).out(), 0, 6);
    LayerOps.LayerNorm y = LayerOps.layerNorm(none, w, w, 1e-5);
    hasShape(y.out(), 0, 6);
    Tensor dw = ones(6);
    Tensor db = ones(6);
    LayerOps.layerNormBackward(none, w, y, none, ones(0, 6), dw, db);
    assertThat(dw.toDoubles()).containsOnly(0);
    assertThat(db.toDoubles()).containsOnly(0);
    Tensor rmsDw = ones(6);
    LayerOps.rmsNormBackward(none, w, ones(0), none, null, rmsDw);
    assertThat(rmsDw.toDoubles()).containsOnly(0);
    hasShape(LayerOps.crossEntropy(none, ids(0)).loss(), 0);
    hasShape(LayerOps.crossEntropyBackward(none, ids(0), ones(0), ones(0)), 0, 6);
    hasShape(TensorOps.gatherRows(w.unsqueeze(0), ids(0)), 0, 6);
    hasShape(TensorOps.topK(none, 2).values(), 0, 2);
    hasShape(TensorOps.topK(ones(3, 4), 0).values(), 3, 0);
    TensorOps.scatterAddRows(none, ids(0), ones(2, 6));
  }

  @Test
  void sequences() {
    Tensor none = ones(0, 2, 6);
    hasShape(LayerOps.rope(none, ids(0), 1e4, false), 0, 2, 6);
    for (SequenceLayout layout :
        new SequenceLayout[] {SequenceLayout.packed(), SequenceLayout.packed(0, 0)}) {
      LayerOps.Attention y = LayerOps.attention(none, none, none, layout, 1);
      hasShape(y.out(), 0, 2, 6);
      for (Tensor d : LayerOps.attentionBackward(none, none, none, layout, 1, y, none)) {
        hasShape(d, 0, 2, 6);
      }
    }
  }
}
