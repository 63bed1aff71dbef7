package dev.hindsight.tests.gradients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import dev.hindsight.gradcheck.EachOp;
import dev.hindsight.gradcheck.OpCase;
import dev.hindsight.gradcheck.OpRegistry;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Guards that every registered op reads its memory before it goes back: in a workspace that spoils
 * what is given back, an op between others has the bits that it has outside of workspaces.
 */
class OpMemoryTest {
  private static final Backend CPU = Backends.get("reference");
  private static final Backend VECTOR = Backends.get("vector");

  @Property
  @EachOp(cases = 25)
  void givingMemoryBackKeepsTheBitsOfEveryOpF64(@ForAll("cases") OpCase c) {
    compare(c, CPU, DType.F64);
  }

  @Property
  @EachOp(cases = 25)
  void givingMemoryBackKeepsTheBitsOfEveryOpVector(@ForAll("cases") OpCase c) {
    compare(c, VECTOR, DType.F32);
  }

  static void compare(OpCase c, Backend backend, DType dtype) {
    try (Workspace poisoned = Workspace.poisoning(backend)) {
      for (boolean checkpointed : new boolean[] {false, true}) {
        double[][] plain = run(c, backend, dtype, Autograd.Keep.VALUES, checkpointed);
        for (Autograd.Keep keep : Autograd.Keep.values()) {
          try (Workspace.Scope _ = poisoned.open()) {
            assertThat(run(c, backend, dtype, keep, checkpointed))
                .as("%s, checkpointed %s: %s", keep, checkpointed, c)
                .isDeepEqualTo(plain);
          }
        }
      }
    }
  }

  /** The loss and the gradients of an op whose inputs and output both have other readers. */
  private static double[][] run(
      OpCase c, Backend backend, DType dtype, Autograd.Keep keep, boolean checkpointed) {
    Tensor[] inputs = c.tensors(backend, dtype);
    Variable[] leaves = new Variable[inputs.length];
    Variable[] values = new Variable[inputs.length];
    for (int i = 0; i < leaves.length; i++) {
      leaves[i] = Variable.leaf(inputs[i]);
      values[i] = leaves[i].times(1);
    }
    Variable y =
        checkpointed ? Autograd.checkpoint(c.function(), values) : c.function().apply(values);
    Variable loss = y.mul(y).add(y).sum();
    for (Variable value : values) {
      loss = loss.add(value.tanh().sum());
    }
    loss.backward(keep);
    return gradientsAndLoss(leaves, loss);
  }

  /** The gradients of some leaves, empty where there is none, and at the end the loss. */
  static double[][] gradientsAndLoss(Variable[] leaves, Variable loss) {
    double[][] found = new double[leaves.length + 1][];
    found[leaves.length] = new double[] {loss.item()};
    for (int i = 0; i < leaves.length; i++) {
      Tensor gradient = leaves[i].gradient();
      found[i] = gradient == null ? new double[0] : gradient.toDoubles();
    }
    return found;
  }

  @Provide
  Arbitrary<OpCase> cases() {
    return OpRegistry.inTurn(0);
  }
}
