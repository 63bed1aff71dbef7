package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.autograd.Autograd.Unreached;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Hooks see a gradient once it is whole, and may replace it. */
class HookTest {
  private static final Backend CPU = Backends.get("reference");

  private static Variable leaf(double... values) {
    return Variable.leaf(Tensor.of(CPU, Shape.of(values.length), values));
  }

  @Test
  void aHookSeesTheWholeGradientOfALeafOnce() {
    Variable x = leaf(1, 2);
    List<double[]> seen = new ArrayList<>();
    x.onGradient(
        g -> {
          seen.add(g.tensor().toDoubles());
          return null;
        });
    x.mul(x).add(x.times(3)).sum().backward();
    assertThat(seen).hasSize(1);
    assertThat(seen.getFirst()).containsExactly(5, 7);
    assertThat(x.gradient().toDoubles()).containsExactly(5, 7);
  }

  /** Fast paths that add to a leaf's gradient themselves must not pass a hook by. */
  @Test
  void aHookOnAWeightIsCalledWhereTheOpWouldWriteToTheLeaf() {
    Variable x = Variable.constant(Tensor.of(CPU, Shape.of(2, 2), 1.0, 2.0, 3.0, 4.0));
    Variable w = Variable.leaf(Tensor.of(CPU, Shape.of(1, 2), 1.0, 1.0));
    w.onGradient(g -> g.times(10));
    Tensor ids = Tensor.of(CPU, Shape.of(2), 0, 0);
    x.linear(w).sum().add(w.gatherRows(ids).sum()).backward();
    assertThat(w.gradient().toDoubles()).containsExactly(60, 80); // 10 (1 + 3 + 2), 10 (2 + 4 + 2)
  }

  @Test
  void aHookInsideTheGraphReplacesWhatFlowsOn() {
    Variable x = leaf(1, 2);
    Variable h = x.times(2);
    h.onGradient(g -> g.clamp(-0.5, 0.5));
    h.square().sum().backward();
    assertThat(x.gradient().toDoubles()).containsExactly(1, 1); // 0.5 * 2
  }

  @Test
  void hooksRunInOrderAndCanBeTakenAway() {
    Variable x = leaf(1);
    Autograd.Scope first = x.onGradient(g -> g.plus(1));
    x.onGradient(g -> g.times(2));
    x.times(3).sum().backward();
    assertThat(x.gradient().toDoubles()).containsExactly(8);
    first.close();
    x.clearGradient();
    x.times(3).sum().backward();
    assertThat(x.gradient().toDoubles()).containsExactly(6);
  }

  @Test
  void aHookIsPartOfTheGraphOfTheGradient() {
    Variable x = leaf(3);
    Variable h = x.times(1);
    Autograd.Scope hook = h.onGradient(g -> g.mul(g)); // (2 x)^2
    Variable g = Autograd.gradient(h.square().sum(), new Variable[] {x}, null, true)[0];
    assertThat(g.item()).isEqualTo(36);
    hook.close(); // the second pass goes through h, too
    Variable second = Autograd.gradient(g.sum(), new Variable[] {x}, null, false)[0];
    assertThat(second.item()).isEqualTo(24); // 8 x
  }

  @Test
  void aHookMayKeepTheGradientOfAStepThatKeepsNothing() {
    try (Workspace workspace = Workspace.poisoning(CPU);
        Workspace.Scope _ = workspace.open()) {
      Variable x = Variable.leaf(Tensor.of(CPU, Shape.of(2000), new double[2000]));
      List<Variable> kept = new ArrayList<>();
      Variable h = x.plus(1);
      h.onGradient(
          g -> {
            kept.add(g);
            return null;
          });
      h.exp().mul(h).square().sum().backward(Autograd.Keep.NOTHING);
      assertThat(kept.getFirst().tensor().toDoubles()).doesNotContain(Double.NaN);
      assertThat(kept.getFirst().tensor().toDoubles()).isEqualTo(x.gradient().toDoubles());
    }
  }

  @Test
  void hooksInsideACheckpointRunInTheBackwardPass() {
    Variable x = leaf(1, 2);
    List<String> seen = new ArrayList<>();
    Variable y =
        Autograd.checkpoint(
            v -> {
              Variable h = v[0].times(2);
              h.onGradient(
                  g -> {
                    seen.add("h");
                    return g.times(2);
                  });
              return h.square();
            },
            x);
    assertThat(seen).isEmpty();
    y.sum().backward();
    assertThat(seen).containsExactly("h");
    assertThat(x.gradient().toDoubles()).containsExactly(16, 32);
  }

  @Test
  void theSameHookTwiceIsTwoHooksAndClosesOnce() {
    Variable x = leaf(1);
    Autograd.GradientHook twice = g -> g.times(2);
    Autograd.Scope first = x.onGradient(twice);
    x.onGradient(twice);
    first.close();
    first.close();
    x.times(3).sum().backward();
    assertThat(x.gradient().item()).isEqualTo(6);
  }

  /** A checkpoint runs its function without recording at first. */
  @Test
  void withoutRecordingNoHookIsRegistered() {
    Variable x = leaf(3);
    try (var _ = Autograd.noGrad()) {
      x.onGradient(g -> g.times(10));
    }
    Variable y =
        Autograd.checkpoint(
            v -> {
              v[0].onGradient(g -> g.times(2));
              return v[0].square();
            },
            x.times(1));
    y.sum().backward();
    assertThat(x.gradient().item()).isEqualTo(12);
  }

  @Test
  void hooksSeeTheGradientOfTargetsAndOfCheckpoints() {
    Variable x = leaf(3);
    x.onGradient(g -> g.times(10));
    Variable g = Autograd.gradient(x.square().sum(), new Variable[] {x}, null, false)[0];
    assertThat(g.item()).isEqualTo(60);
    Variable y = leaf(3);
    Variable z = Autograd.checkpoint(v -> v[0].square(), y);
    z.onGradient(d -> d.times(10));
    z.sum().backward();
    assertThat(y.gradient().item()).isEqualTo(60);
  }

  /** The walk within goes over nodes at which the outer one has something waiting. */
  @Test
  void aHookMayAskForAnotherGradient() {
    for (boolean targeted : new boolean[] {false, true}) {
      Variable x = leaf(3);
      Variable u = x.times(2);
      Variable z = u.square();
      Variable total = u.sum();
      Variable loss = z.add(u.times(5)).sum();
      List<Double> seen = new ArrayList<>();
      z.onGradient(
          g -> {
            Variable[] to = {x};
            seen.add(Autograd.gradient(total, to, null, true, false, Unreached.FAIL)[0].item());
            return null;
          });
      if (targeted) {
        Variable g = Autograd.gradient(loss, new Variable[] {x}, null, false)[0];
        assertThat(g.item()).isEqualTo(34); // 8 x + 10
      } else {
        loss.backward();
        assertThat(x.gradient().item()).isEqualTo(34);
      }
      assertThat(seen).containsExactly(2.0);
    }
  }

  @Test
  void badHooksSayWhatTheyDid() {
    Variable x = leaf(1, 2);
    x.onGradient(g -> g.sum());
    Variable y = x.times(2).sum();
    assertThatThrownBy(y::backward)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("hook")
        .hasMessageContaining("F64[2]")
        .hasMessageContaining("F64[]");
    assertThatThrownBy(() -> Variable.constant(x.tensor()).onGradient(g -> g))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("onGradient");
  }
}
