package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The gradients at kinks and ties, where differences say nothing: they are conventions, those of
 * PyTorch's relu, abs, clamp, maximum, minimum and amax. Both backward passes follow them.
 */
class KinksTest {
  private static final Backend CPU = Backends.get("reference");

  private static void assertGradient(UnaryOperator<Variable> f, double[] x, double... expected) {
    Variable leaf = Variable.leaf(Tensor.of(CPU, Shape.of(x.length), x));
    Variable[] at = {leaf};
    for (boolean graph : new boolean[] {false, true}) {
      Variable g = Autograd.gradient(f.apply(leaf).sum(), at, null, graph)[0];
      assertThat(g.tensor().toDoubles()).as("graph %s", graph).containsExactly(expected);
    }
  }

  @Test
  void reluAndAbsHaveGradientZeroAtZero() {
    assertGradient(Variable::relu, new double[] {-1, 0, 1}, 0, 0, 1);
    assertGradient(Variable::abs, new double[] {-1, 0, 1}, -1, 0, 1);
  }

  @Test
  void clampPassesTheGradientAtItsBounds() {
    assertGradient(x -> x.clamp(-1, 1), new double[] {-1.5, -1, 0, 1, 1.5}, 0, 1, 1, 1, 0);
  }

  @Test
  void equalOperandsShareTheGradient() {
    Variable one = Variable.constant(Tensor.of(CPU, Shape.SCALAR, 1.0));
    double[] x = {0, 1, 2};
    assertGradient(v -> v.maximum(one), x, 0, 0.5, 1);
    assertGradient(one::maximum, x, 0, 0.5, 1);
    assertGradient(v -> v.minimum(one), x, 1, 0.5, 0);
    assertGradient(one::minimum, x, 1, 0.5, 0);
  }

  @Test
  void equalExtremesShareTheGradient() {
    double[] x = {3, 1, 3, 1, 2, 3, 1, 3};
    assertGradient(Variable::max, x, 0.25, 0, 0.25, 0, 0, 0.25, 0, 0.25);
    assertGradient(v -> v.reshape(2, 4).max(1), x, 0.5, 0, 0.5, 0, 0, 0.5, 0, 0.5);
    assertGradient(Variable::min, x, 0, 1 / 3.0, 0, 1 / 3.0, 0, 0, 1 / 3.0, 0);
  }

  /** The first of equals is the one that top-k takes. */
  @Test
  void topKGivesTheGradientToWhatItTook() {
    assertGradient(v -> v.topK(2).values(), new double[] {1, 2, 2, 2}, 0, 1, 1, 0);
  }

  @Test
  void powersOfZero() {
    assertGradient(v -> v.pow(0), new double[] {0, 2}, 0, 0);
    assertGradient(v -> v.pow(1), new double[] {0, 2}, 1, 1);
    assertGradient(v -> v.pow(2), new double[] {0, 2}, 0, 4);
  }
}
