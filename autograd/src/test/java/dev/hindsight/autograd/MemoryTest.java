package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where the tape's memory comes from, and that a training loop takes no more of it. */
class MemoryTest {
  private static final Backend CPU = Backends.get("reference");

  private static Variable weight(int out, int in) {
    Tensor t = TensorOps.full(CPU, dev.hindsight.engine.DType.F32, Shape.of(out, in), 0.1);
    return Variable.leaf(t);
  }

  @Test
  void aTrainingLoopInAWorkspaceDoesNotGrow() {
    Variable w1 = weight(32, 16);
    Variable w2 = weight(4, 32);
    AdamW adam = new AdamW(Map.of("w1", w1, "w2", w2), AdamW.Settings.withDecay(0.01));
    Tensor targets = Tensor.of(CPU, Shape.of(8), 0, 1, 2, 3, 0, 1, 2, 3);
    float[] inputs = new float[8 * 16];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = (float) Math.sin(i);
    }
    double first = 0;
    double last = 0;
    long capacity = 0;
    Tensor buffer = null;
    try (Workspace workspace = new Workspace(CPU)) {
      for (int step = 0; step < 30; step++) {
        try (var _ = workspace.open()) {
          Variable x = Variable.constant(Tensor.of(CPU, Shape.of(8, 16), inputs));
          Variable loss = x.linear(w1).gelu().linear(w2).crossEntropy(targets).mean();
          loss.backward();
          last = loss.item();
          first = step == 0 ? last : first;
        }
        assertThat(w1.gradient().storage().isPersistent()).isTrue();
        adam.step(1e-2, GradientNorm.clip(java.util.List.of(w1, w2), 1).scale());
        if (step == 1) {
          capacity = workspace.capacity();
          buffer = w1.gradient();
        }
        if (step > 1) {
          assertThat(workspace.capacity()).isEqualTo(capacity);
          assertThat(w1.gradient()).isSameAs(buffer);
        }
        adam.clearGradients();
      }
    }
    assertThat(last).isLessThan(first);
  }

  @Test
  void aGraphThatOutlivedItsWorkspaceIsAnError() {
    Variable w = weight(2, 2);
    Variable y;
    try (Workspace workspace = new Workspace(CPU)) {
      try (var _ = workspace.open()) {
        y = w.square().exp();
      }
      Tensor seed = TensorOps.full(CPU, dev.hindsight.engine.DType.F32, Shape.of(2, 2), 1);
      assertThatThrownBy(() -> y.backward(seed))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("workspace that was reset");
    }
  }

  /** Views are made of the same storage; so are the gradients of a concatenation. */
  @Test
  void viewsCopyNothing() {
    Variable x =
        Variable.leaf(TensorOps.zeros(CPU, dev.hindsight.engine.DType.F32, Shape.of(2, 3)));
    var storage = x.tensor().storage();
    assertThat(x.transpose(0, 1).tensor().storage()).isSameAs(storage);
    assertThat(x.permute(1, 0).tensor().storage()).isSameAs(storage);
    assertThat(x.slice(1, 1, 3).tensor().storage()).isSameAs(storage);
    assertThat(x.select(0, 1).tensor().storage()).isSameAs(storage);
    assertThat(x.reshape(3, 2).tensor().storage()).isSameAs(storage);
    assertThat(x.unsqueeze(0).squeeze(0).tensor().storage()).isSameAs(storage);
    assertThat(x.expand(Shape.of(4, 2, 3)).tensor().storage()).isSameAs(storage);
  }

  /** The gradient of a weight that was used transposed lies in memory as the weight does. */
  @Test
  void aTransposedWeightGetsItsGradientInItsOwnOrder() {
    Variable w = weight(5, 3);
    Variable x =
        Variable.constant(TensorOps.full(CPU, dev.hindsight.engine.DType.F32, Shape.of(4, 3), 1));
    Variable y = x.matmul(w.transpose(0, 1)).sum();
    Variable g = Autograd.gradient(y, new Variable[] {w}, null, false)[0];
    assertThat(g.shape()).isEqualTo(Shape.of(5, 3));
    assertThat(g.tensor().isContiguous()).isTrue();
  }

  /** Saved tensors are let go as the pass proceeds, not at its end. */
  @Test
  void backwardDropsWhatWasSaved() {
    Variable x = weight(2, 2);
    Square[] kept = new Square[1];
    Variable y = x.square();
    kept[0] = (Square) y.node();
    y.sum().backward();
    assertThat(kept[0].isFreed()).isTrue();
    assertThat(kept[0].edges()).isEmpty();
  }
}
