package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Activation checkpointing: the same bits, with less kept. */
class CheckpointTest {
  private static final Backend CPU = Backends.get("reference");
  private static final int WIDTH = 5;

  private static Tensor random(long stream, int... dims) {
    Shape shape = Shape.of(dims);
    Philox philox = new Philox(3, stream);
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 2 * philox.nextFloat() - 1;
    }
    return Tensor.of(CPU, shape, values);
  }

  /** A residual block whose input is used inside, and again outside after it. */
  private record Weights(Variable norm, Variable up, Variable gate, Variable down) {
    static Weights draw(int seed) {
      return new Weights(
          Variable.leaf(random(seed, WIDTH)),
          Variable.leaf(random(seed + 1, 7, WIDTH)),
          Variable.leaf(random(seed + 2, 7, WIDTH)),
          Variable.leaf(random(seed + 3, WIDTH, 7)));
    }

    Variable block(Variable x) {
      Variable n = x.rmsNorm(norm, 1e-6);
      return x.add(n.linear(gate).swiglu(n.linear(up)).linear(down)).add(x.tanh());
    }
  }

  private static float[][] run(boolean checkpointed) {
    Variable x = Variable.leaf(random(100, 4, WIDTH));
    Weights a = Weights.draw(0);
    Weights b = Weights.draw(10);
    Function<Variable[], Variable> first = v -> a.block(v[0]);
    Function<Variable[], Variable> second = v -> b.block(a.block(v[0])); // a's weights again
    Variable h = x.times(1.5);
    Variable y = checkpointed ? Autograd.checkpoint(first, h) : a.block(h);
    Variable z = checkpointed ? Autograd.checkpoint(second, y) : b.block(a.block(y));
    // h, y and z all have consumers outside, before and after the blocks
    z.mul(y).add(h.mul(y)).add(h.exp()).sum().backward();
    return new float[][] {
      z.tensor().toFloats(),
      x.gradient().toFloats(),
      a.norm.gradient().toFloats(),
      a.up.gradient().toFloats(),
      a.gate.gradient().toFloats(),
      a.down.gradient().toFloats(),
      b.up.gradient().toFloats(),
      b.down.gradient().toFloats()
    };
  }

  @Test
  void givesTheSameBits() {
    assertThat(run(true)).isDeepEqualTo(run(false));
  }

  @Test
  void nestsAndCanBeDifferentiatedTwice() {
    Variable x = Variable.leaf(Tensor.of(CPU, Shape.of(1), 2.0));
    Variable w = Variable.leaf(Tensor.of(CPU, Shape.of(1), 3.0));
    Function<Variable[], Variable> cube = v -> v[0].mul(v[0]).mul(v[0]).mul(w);
    Variable y = Autograd.checkpoint(v -> Autograd.checkpoint(cube, v).times(2), x);
    Variable[] at = {x, w};
    Variable[] first = Autograd.gradient(y, at, null, true);
    Variable[] second = Autograd.gradient(first[0], at, null, false);
    assertThat(first[0].item()).isEqualTo(72); // 2 w 3 x^2
    assertThat(first[1].item()).isEqualTo(16); // 2 x^3
    assertThat(second[0].item()).isEqualTo(72); // 2 w 6 x
    assertThat(second[1].item()).isEqualTo(24); // 2 3 x^2
  }

  @Test
  void reachesWeightsAlthoughNoInputNeedsAGradient() {
    Variable x = Variable.constant(Tensor.of(CPU, Shape.of(1), 2.0));
    Variable w = Variable.leaf(Tensor.of(CPU, Shape.of(1), 3.0));
    Variable y = Autograd.checkpoint(v -> v[0].mul(w), x);
    y.backward();
    assertThat(w.gradient().item()).isEqualTo(2);
  }

  @Test
  void runsOnceForwardAndOnceBackwardAndNotAgainWithoutGradients() {
    AtomicInteger calls = new AtomicInteger();
    Function<Variable[], Variable> counted =
        v -> {
          calls.incrementAndGet();
          return v[0].square();
        };
    Variable x = Variable.leaf(Tensor.of(CPU, Shape.of(1), 2.0));
    Variable y = Autograd.checkpoint(counted, x);
    assertThat(calls.get()).isEqualTo(1);
    y.backward();
    assertThat(calls.get()).isEqualTo(2);
    try (var _ = Autograd.noGrad()) {
      assertThat(Autograd.checkpoint(counted, x).requiresGradient()).isFalse();
    }
  }

  @Test
  void aFunctionThatChangesItsMindIsAnError() {
    AtomicInteger calls = new AtomicInteger();
    Variable x = Variable.leaf(Tensor.of(CPU, Shape.of(2), 2.0, 3.0));
    Variable y = Autograd.checkpoint(v -> v[0].slice(0, 0, calls.incrementAndGet()).square(), x);
    assertThatThrownBy(y::backward)
        .hasMessageContaining("checkpoint")
        .hasMessageContaining("[1]")
        .hasMessageContaining("[2]");
  }

  /** A leaf, and a checkpoint, that another thread made later by its own count. */
  @Test
  void mayReadWhatAnotherThreadMade() throws InterruptedException {
    for (int i = 0; i < 100; i++) {
      Variable.leaf(Tensor.of(CPU, Shape.of(1), 1.0));
    }
    Variable w = Variable.leaf(Tensor.of(CPU, Shape.of(2), 3.0, 4.0));
    Variable v = w.times(1);
    double[][] found = new double[2][];
    Thread other =
        new Thread(
            () -> {
              Variable x = Variable.leaf(Tensor.of(CPU, Shape.of(2), 1.0, 2.0));
              Function<Variable[], Variable> times = q -> q[0].mul(v);
              Variable z = Autograd.checkpoint(times, Autograd.checkpoint(times, x)).sum();
              found[0] =
                  Autograd.gradient(z, new Variable[] {w}, null, true)[0].tensor().toDoubles();
              z.backward(Autograd.Keep.GRAPH);
              found[1] = w.gradient().toDoubles();
            });
    other.start();
    other.join();
    assertThat(found[0]).containsExactly(6, 16); // 2 x w
    assertThat(found[1]).containsExactly(6, 16);
  }

  @Test
  void everyInputGetsItsGradient() {
    Variable[] x = new Variable[4];
    for (int i = 0; i < x.length; i++) {
      x[i] = Variable.leaf(Tensor.of(CPU, Shape.of(1), i + 2.0));
    }
    Variable y = Autograd.checkpoint(v -> v[0].mul(v[1]).mul(v[2]).mul(v[3]), x);
    y.backward();
    for (int i = 0; i < x.length; i++) {
      assertThat(x[i].gradient().item()).isEqualTo(120.0 / (i + 2));
    }
  }

  /** Its input, a view of it, or a value that somebody else reads after the pass. */
  @Test
  void theFunctionMayGiveWhatWasThereBefore() {
    Tensor large = Tensor.of(CPU, Shape.of(50, 40), new double[2000]); // small ones never go back
    for (Autograd.Keep keep : Autograd.Keep.values()) {
      try (Workspace workspace = Workspace.poisoning(CPU);
          Workspace.Scope _ = workspace.open()) {
        Variable x = Variable.leaf(large);
        Variable h = x.plus(3);
        Variable noted;
        try (var _ = Autograd.noGrad()) {
          noted = x.plus(5);
        }
        Variable same = Autograd.checkpoint(v -> v[0], h);
        Variable view = Autograd.checkpoint(v -> v[0].transpose(0, 1), h).transpose(0, 1);
        Variable constant = Autograd.checkpoint(v -> noted, h);
        Variable loss = same.mul(view).add(constant.mul(h)).sum();
        assertThat(loss.item()).isEqualTo(2000 * (9 + 15));
        loss.backward(keep);
        assertThat(x.gradient().toDoubles()).containsOnly(3 + 3 + 5);
        assertThat(noted.tensor().toDoubles()).as("%s", keep).containsOnly(5);
      }
    }
  }
}
