package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
    y = w.transpose(0, 1).matmul(weight(5, 2)).sum();
    g = Autograd.gradient(y, new Variable[] {w}, null, false)[0];
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

  private static java.util.Comparator<Float> near(float distance) {
    return (a, b) -> Math.abs(a - b) <= distance ? 0 : Float.compare(a, b);
  }

  private static Variable large(double value) {
    return Variable.leaf(
        TensorOps.full(CPU, dev.hindsight.engine.DType.F32, Shape.of(2000), value));
  }

  @Test
  void aPassThatKeepsNothingGivesValuesBackButWhatWasDetached() {
    try (Workspace workspace = Workspace.poisoning(CPU);
        var _ = workspace.open()) {
      Variable x = large(2);
      Variable given = Variable.constant(TensorOps.copyOf(x.tensor()));
      Variable h = x.square();
      Variable spared = x.exp();
      Variable read = spared.detach();
      Variable sum = h.add(spared).mul(given).sum();
      Variable loss = sum.times(1);
      loss.backward(Autograd.Keep.NOTHING);
      assertThat(loss.item()).isCloseTo(2000 * 2 * (4 + Math.exp(2)), within(0.1)); // 2e-6 of it
      assertThat(given.tensor().toFloats()).containsOnly(2);
      assertThat(read.tensor().toFloats()).containsOnly((float) Math.exp(2));
      assertThat(x.gradient().toFloats()).containsOnly(2 * (4 + (float) Math.exp(2)));
      assertThatThrownBy(() -> h.tensor().toFloats())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("a backward pass that keeps nothing")
          .hasMessageContaining("detach()");
      assertThatThrownBy(() -> h.times(2)).isInstanceOf(IllegalStateException.class);
    }
  }

  /** Another loss may still need what this one is done with. */
  @Test
  void valuesThatAnotherGraphSavedStay() {
    try (Workspace workspace = Workspace.poisoning(CPU);
        var _ = workspace.open()) {
      Variable x = large(3);
      Variable w = large(5);
      Variable h = x.square();
      Variable other = h.detach().mul(w).sum();
      h.sum().backward(Autograd.Keep.NOTHING);
      other.backward(Autograd.Keep.NOTHING);
      assertThat(w.gradient().toFloats()).containsOnly(9);
      assertThat(x.gradient().toFloats()).containsOnly(6);
    }
  }

  /** Half of the memory of a long chain goes on gradients unless they take the place of values. */
  @Test
  void gradientsGoBackEvenWhereValuesAreKept() {
    try (Workspace workspace = new Workspace(CPU);
        var _ = workspace.open()) {
      Variable x = large(0.1);
      Variable y = x;
      for (int i = 0; i < 50; i++) {
        y = y.tanh();
      }
      Variable loss = y.sum();
      long forward = workspace.mostInUse();
      loss.backward();
      assertThat(workspace.mostInUse() - forward).isLessThanOrEqualTo(4 * 8_000);
      assertThat(y.tensor().toFloats()[0]).isPositive();
    }
  }

  @Test
  void gradientsThatTheCallerAskedForStay() {
    try (Workspace workspace = Workspace.poisoning(CPU);
        var _ = workspace.open()) {
      Variable x = large(3);
      Variable h = x.square();
      Variable[] g = Autograd.gradient(h.exp().log().sum(), new Variable[] {h, x}, null, false);
      assertThat(g[0].tensor().toFloats()).usingElementComparator(near(1e-3f)).containsOnly(1f);
      assertThat(g[1].tensor().toFloats()).usingElementComparator(near(1e-2f)).containsOnly(6f);
    }
  }

  /** What a checkpoint's function computes beside the graph is the caller's, both times. */
  @Test
  void tensorsThatACheckpointComputedBesideTheGraphStay() {
    try (Workspace workspace = Workspace.poisoning(CPU);
        var _ = workspace.open()) {
      java.util.List<Tensor> beside = new java.util.ArrayList<>();
      Variable x = large(3);
      Variable y =
          Autograd.checkpoint(
              v -> {
                beside.add(TensorOps.affine(v[0].tensor(), 2, 0));
                return v[0].square();
              },
              x.times(1));
      y.sum().backward(Autograd.Keep.NOTHING);
      assertThat(beside).hasSize(2);
      for (Tensor t : beside) {
        assertThat(t.toFloats()).containsOnly(6);
      }
      assertThat(x.gradient().toFloats()).containsOnly(6);
    }
  }

  /**
   * Counts and free memory belong to the thread of the workspace: another one leaves them alone.
   */
  @Test
  void aPassOnAnotherThreadGivesNothingBack() throws InterruptedException {
    try (Workspace workspace = Workspace.poisoning(CPU);
        var _ = workspace.open()) {
      Variable x = large(3);
      Variable h = x.square();
      Variable y = h.times(2).sum();
      Thread thread = new Thread(() -> y.backward(Autograd.Keep.NOTHING));
      thread.start();
      thread.join();
      assertThat(h.tensor().toFloats()).containsOnly(9);
      assertThat(x.gradient().toFloats()).containsOnly(12);
    }
  }

  /** Bytes beyond the forward pass that a backward pass over 50 equal steps takes. */
  private static long beyondForward(java.util.function.UnaryOperator<Variable> step) {
    try (Workspace workspace = new Workspace(CPU);
        var _ = workspace.open()) {
      Variable y = large(0.1);
      for (int i = 0; i < 50; i++) {
        y = step.apply(y);
      }
      Variable loss = y.sum();
      long forward = workspace.mostInUse();
      loss.backward();
      return workspace.mostInUse() - forward;
    }
  }

  /** A product with one factor has a gradient as large as the other, which is then summed. */
  @Test
  void temporariesOfABackwardPassGoBackWithEachOp() {
    Variable factor =
        Variable.leaf(TensorOps.full(CPU, dev.hindsight.engine.DType.F32, Shape.of(1), 1));
    assertThat(beyondForward(y -> y.mul(factor))).isLessThanOrEqualTo(8 * 8_000);
  }

  @Test
  void gradientsThatWereAddedUpGoBack() {
    assertThat(beyondForward(y -> y.add(y).times(0.5))).isLessThanOrEqualTo(8 * 8_000);
  }

  @Test
  void askingForGradientsLeavesValues() {
    try (Workspace workspace = Workspace.poisoning(CPU);
        var _ = workspace.open()) {
      Variable x = large(3);
      Variable h = x.square();
      Autograd.gradient(h.times(2).sum(), new Variable[] {x}, null, false);
      assertThat(h.tensor().toFloats()).containsOnly(9);
    }
  }

  /** A leaf over a part of another graph's value is a root of a graph of its own. */
  @Test
  void leavesOverValuesStay() {
    try (Workspace workspace = Workspace.poisoning(CPU);
        var _ = workspace.open()) {
      Variable h = large(3).square();
      Variable leaf = Variable.leaf(h.tensor().slice(0, 0, 5));
      h.exp().sum().backward(Autograd.Keep.NOTHING);
      assertThat(leaf.tensor().toFloats()).containsOnly(9);
    }
  }
}
