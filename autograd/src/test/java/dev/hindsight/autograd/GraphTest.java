package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import org.junit.jupiter.api.Test;

/** The graph itself: accumulation, freeing, depth, recording on and off, and what errors say. */
class GraphTest {
  private static final Backend CPU = Backends.get("reference");

  private static Variable leaf(double... values) {
    return Variable.leaf(Tensor.of(CPU, Shape.of(values.length), values));
  }

  private static double[] gradient(Variable leaf) {
    return leaf.gradient().toDoubles();
  }

  @Test
  void aValueUsedTwiceGetsBothGradients() {
    Variable x = leaf(3, -2);
    Variable y = x.mul(x).add(x).sum();
    y.backward();
    assertThat(y.item()).isEqualTo(9 + 3 + 4 - 2);
    assertThat(gradient(x)).containsExactly(7, -3);
  }

  /** Three consumers: the third contribution is added in place, to memory that the walk owns. */
  @Test
  void contributionsAddUpWithoutTouchingWhatTheyCameFrom() {
    Variable x = leaf(1, 2);
    Variable y = x.times(1);
    Variable a = y.times(2);
    Variable b = y.times(3);
    Variable c = y.times(5);
    a.add(b).add(c).add(y).sum().backward();
    assertThat(gradient(x)).containsExactly(11, 11);
  }

  @Test
  void passesAccumulateUntilClearedInOneBuffer() {
    Variable x = leaf(2);
    x.square().sum().backward();
    Tensor buffer = x.gradient();
    x.square().sum().backward();
    assertThat(gradient(x)).containsExactly(8);
    x.clearGradient();
    assertThat(x.gradient()).isNull();
    x.times(3).sum().backward();
    assertThat(gradient(x)).containsExactly(3);
    assertThat(x.gradient()).isSameAs(buffer);
  }

  /** The product may not add to what has arrived while the sum hands the same tensor to others. */
  @Test
  void aProductDoesNotAddToAGradientThatOthersRead() {
    Variable x = Variable.leaf(Tensor.of(CPU, Shape.of(1, 1), 2.0));
    Variable a = Variable.leaf(Tensor.of(CPU, Shape.of(1, 1), 5.0));
    Variable w = Variable.constant(Tensor.of(CPU, Shape.of(1, 1), 3.0));
    Variable h = x.times(1);
    Variable q = a.times(1);
    Variable l = h.linear(w);
    h.add(q).square().add(l).sum().backward();
    assertThat(x.gradient().item()).isEqualTo(2 * (2 + 5) + 3);
    assertThat(a.gradient().item()).isEqualTo(2 * (2 + 5));
  }

  @Test
  void broadcastOperandsGetSummedGradients() {
    Variable a = Variable.leaf(Tensor.of(CPU, Shape.of(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
    Variable b = leaf(10, 20, 30);
    a.mul(b).sum().backward();
    assertThat(gradient(b)).containsExactly(5, 7, 9);
    assertThat(a.gradient().shape()).isEqualTo(Shape.of(2, 3));
  }

  @Test
  void aHundredThousandOpsDoNotOverflowTheStack() {
    Variable x = leaf(1);
    Variable y = x;
    for (int i = 0; i < 100_000; i++) {
      y = y.plus(1e-5);
    }
    Variable sum = y.sum();
    Variable g = Autograd.gradient(sum, new Variable[] {x}, null, true)[0];
    assertThat(g.tensor().toDoubles()).containsExactly(1);
    sum.backward();
    assertThat(gradient(x)).containsExactly(1);
  }

  /** A hundred gradients wait at a time; each must reach the op that it belongs to. */
  @Test
  void aWideGraphKeepsItsGradientsApart() {
    Variable[] leaves = new Variable[100];
    Variable[] branches = new Variable[leaves.length];
    for (int i = 0; i < leaves.length; i++) {
      leaves[i] = leaf(1);
      branches[(37 * i) % leaves.length] = leaves[i].times(i).plus(1);
    }
    Variable.concat(0, branches).square().sum().backward();
    for (int i = 0; i < leaves.length; i++) {
      assertThat(gradient(leaves[i])).containsExactly(2.0 * (i + 1) * i);
    }
  }

  @Test
  void theSecondPassOverAFreedGraphIsAnError() {
    Variable x = leaf(2);
    Variable y = x.square().sum();
    Autograd.backward(y, null, true);
    y.backward();
    assertThat(gradient(x)).containsExactly(8);
    assertThatThrownBy(y::backward)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("freed by an earlier backward pass")
        .hasMessageContaining("retainGraph");
    assertThatThrownBy(() -> Autograd.gradient(y, new Variable[] {x}, null, false))
        .hasMessageContaining("freed");
  }

  @Test
  void aSavedTensorThatWasChangedInPlaceIsAnError() {
    Variable x = leaf(2);
    Variable y = x.square().exp().sum();
    TensorOps.fill(x.tensor(), 5);
    assertThatThrownBy(y::backward)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("square backward")
        .hasMessageContaining("F64[1]")
        .hasMessageContaining("changed in place")
        .hasMessageContaining("copyOf");
  }

  /** A walk that failed leaves nothing behind that the next one would add. */
  @Test
  void aFailedPassLeavesNoPartialGradients() {
    Variable x = leaf(2);
    Variable z = leaf(3);
    Variable y = x.times(2);
    Variable bad = z.square();
    Variable sum = bad.add(y).add(y).sum();
    TensorOps.fill(z.tensor(), 3);
    assertThatThrownBy(() -> Autograd.backward(sum, null, true)).hasMessageContaining("square");
    Autograd.backward(y.sum(), null, true);
    assertThat(gradient(x)).containsExactly(2);
  }

  @Test
  void noGradLeavesNoGraph() {
    Variable x = leaf(2);
    Variable y;
    try (var _ = Autograd.noGrad()) {
      assertThat(Autograd.isRecording()).isFalse();
      y = x.square().sum();
    }
    assertThat(Autograd.isRecording()).isTrue();
    assertThat(y.requiresGradient()).isFalse();
    assertThatThrownBy(y::backward).hasMessageContaining("noGrad");
  }

  /** Ops of one, two and several inputs decide each in a place of its own. */
  @Test
  void constantsAndNoGradLeaveNoGraphWhateverTheNumberOfInputs() {
    Variable x = leaf(2, 3);
    Variable constant = x.detach();
    assertThat(constant.exp().requiresGradient()).isFalse();
    assertThat(constant.mul(constant).requiresGradient()).isFalse();
    assertThat(Variable.concat(0, constant, constant, constant).requiresGradient()).isFalse();
    assertThat(Variable.concat(0, constant, constant, x).requiresGradient()).isTrue();
    try (var _ = Autograd.noGrad()) {
      assertThat(x.exp().requiresGradient()).isFalse();
      assertThat(x.mul(x).requiresGradient()).isFalse();
      assertThat(Variable.concat(0, constant, x, x).requiresGradient()).isFalse();
    }
  }

  @Test
  void detachCutsTheGraph() {
    Variable x = leaf(2);
    x.square().detach().mul(x).sum().backward();
    assertThat(gradient(x)).containsExactly(4);
    Variable constant = Variable.constant(x.tensor());
    assertThat(constant.detach()).isSameAs(constant);
    assertThat(x.detach().requiresGradient()).isFalse();
  }

  @Test
  void gradientLeavesLeavesAloneAndReachesInnerVariables() {
    Variable x = leaf(3);
    Variable w = leaf(5);
    Variable y = x.square();
    Variable z = y.mul(w).sum();
    Variable[] g = Autograd.gradient(z, new Variable[] {y, x}, null, false);
    assertThat(g[0].tensor().toDoubles()).containsExactly(5);
    assertThat(g[1].tensor().toDoubles()).containsExactly(30);
    assertThat(g[0].requiresGradient()).isFalse();
    assertThat(x.gradient()).isNull();
    assertThat(w.gradient()).isNull();
  }

  @Test
  void gradientsOfGradients() {
    Variable x = leaf(2);
    Variable y = x.pow(4).sum();
    Variable[] at = {x};
    Variable first = Autograd.gradient(y, at, null, true)[0];
    Variable second = Autograd.gradient(first.sum(), at, null, true)[0];
    Variable third = Autograd.gradient(second.sum(), at, null, false)[0];
    assertThat(first.item()).isEqualTo(32);
    assertThat(second.item()).isEqualTo(48);
    assertThat(third.item()).isEqualTo(48);
  }

  @Test
  void aMissingGradientIsAnErrorUnlessZeroIsAskedFor() {
    Variable x = leaf(2);
    Variable other = leaf(1, 1);
    Variable y = x.square().sum();
    assertThatThrownBy(() -> Autograd.gradient(y, new Variable[] {x, other}, null, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("does not depend on input 1 of shape [2]");
    Variable[] g =
        Autograd.gradient(y, new Variable[] {x, other}, null, true, false, Autograd.Unreached.ZERO);
    assertThat(g[1].tensor().toDoubles()).containsExactly(0, 0);
    Variable[] only = {other};
    Variable unreached = Autograd.gradient(y, only, null, true, false, Autograd.Unreached.ZERO)[0];
    assertThat(unreached.tensor().toDoubles()).containsExactly(0, 0);
    assertThatThrownBy(
            () -> Autograd.gradient(y, new Variable[] {Variable.constant(x.tensor())}, null, false))
        .hasMessageContaining("input 0 of shape [1] needs no gradient");
  }

  @Test
  void seedsAreChecked() {
    Variable y = leaf(1, 2).square();
    assertThatThrownBy(y::backward)
        .hasMessageContaining("shape [2]")
        .hasMessageContaining("sum() or mean()");
    assertThatThrownBy(() -> y.backward(Tensor.of(CPU, Shape.of(3), 1.0, 1.0, 1.0)))
        .hasMessageContaining("F64[3]")
        .hasMessageContaining("F64[2]");
    assertThatThrownBy(() -> y.backward(Tensor.of(CPU, Shape.of(2), 1f, 1f)))
        .hasMessageContaining("F32[2]");
  }

  @Test
  void leavesMustCompute() {
    assertThatThrownBy(() -> Variable.leaf(Tensor.of(CPU, Shape.of(1), 1)))
        .hasMessageContaining("F32 or F64")
        .hasMessageContaining("I32[1]");
  }

  /** A graph built by one thread is walked by another, whose own counter is behind. */
  @Test
  void anotherThreadMayWalkTheGraph() throws InterruptedException {
    Variable x = leaf(2);
    for (int i = 0; i < 100; i++) {
      x.plus(1); // lets this thread's counter run ahead
    }
    Variable y = Autograd.checkpoint(v -> v[0].square().mul(v[0]), x).add(x).sum();
    Thread walker = new Thread(y::backward);
    walker.start();
    walker.join();
    assertThat(gradient(x)).containsExactly(13);
  }

  /** An op of a user's own, with a wrong gradient shape: the message names it. */
  @Test
  void aGradientOfTheWrongShapeIsAnError() {
    Variable x = leaf(1, 2);
    assertThatThrownBy(() -> Halved.apply(x.times(1)).sum().backward())
        .hasMessageContaining("halved backward")
        .hasMessageContaining("[1]")
        .hasMessageContaining("[2]");
  }

  private static final class Halved extends Op {
    private Halved(Variable x) {
      super(x);
    }

    static Variable apply(Variable x) {
      return new Halved(x).output(x.tensor().slice(0, 0, 1));
    }

    @Override
    protected Variable[] backward(Variable dOut) {
      return new Variable[] {dOut};
    }
  }

  @Test
  void fusedAttentionNamesItsSecondOrderTwin() {
    Variable q = Variable.leaf(Tensor.of(CPU, Shape.of(1, 1, 2), 1.0, 2.0));
    Variable k = Variable.leaf(Tensor.of(CPU, Shape.of(1, 1, 2), 3.0, 4.0));
    Variable v = Variable.leaf(Tensor.of(CPU, Shape.of(1, 1, 2), 5.0, 6.0));
    Variable[] inputs = {q, k, v};
    Variable y = Variable.attention(q, k, v, SequenceLayout.packed(1), 1);
    for (Variable g : Autograd.gradient(y.sum(), inputs, null, true)) {
      for (Variable input : inputs) {
        assertThatThrownBy(() -> Autograd.gradient(g.sum(), new Variable[] {input}, null, true))
            .isInstanceOf(UnsupportedOperationException.class)
            .hasMessageContaining("first-order only")
            .hasMessageContaining("ComposedAttention");
      }
    }
  }

  /** An activation that the fused op has no slope for must not pass as another. */
  @Test
  void linearNamesTheActivationsItHas() {
    Variable x = Variable.leaf(Tensor.of(CPU, Shape.of(1, 1), 2.0));
    assertThatThrownBy(() -> x.linear(x, null, UnaryOp.TANH, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("RELU, SILU, GELU and GELU_TANH")
        .hasMessageContaining("TANH; apply others");
  }
}
