package dev.hindsight.custom;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Op;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** An op outside of our package may keep what it saw: its tensors live until the reset. */
class CustomOpMemoryTest {
  /** The identity, which remembers what passed through it in both directions. */
  private static final class Spy extends Op {
    private static @Nullable Tensor value;
    private static @Nullable Tensor gradient;
    private static @Nullable Tensor made;
    private static @Nullable Tensor kept;

    private Spy(Variable x) {
      super(x);
    }

    static Variable apply(Variable x) {
      value = TensorOps.copyOf(x.tensor());
      return records(x) ? new Spy(x).output(value) : Variable.constant(value);
    }

    @Override
    protected @Nullable Variable[] backward(Variable dOut) {
      gradient = dOut.tensor();
      made = TensorOps.affine(dOut.tensor(), 2, 0);
      kept = TensorOps.affine(dOut.tensor(), 3, 0); // which the graph never sees
      return gradients(Variable.constant(made));
    }
  }

  @Test
  void whatACustomOpKeptStaysUntilTheReset() {
    Backend cpu = Backends.get("reference");
    try (Workspace workspace = Workspace.poisoning(cpu);
        var _ = workspace.open()) {
      Variable x = Variable.leaf(TensorOps.full(cpu, DType.F32, Shape.of(2000), 3));
      Spy.apply(x.times(1)).times(5).sum().backward(Autograd.Keep.NOTHING);
      assertThat(Spy.value.toFloats()).containsOnly(3);
      assertThat(Spy.gradient.toFloats()).containsOnly(5);
      assertThat(Spy.made.toFloats()).containsOnly(10);
      assertThat(Spy.kept.toFloats()).containsOnly(15);
      assertThat(x.gradient().toFloats()).containsOnly(10);
    }
  }

  /** A view is an op of ours over memory that is not. */
  @Test
  void whatACustomOpMadeStaysWhenOurOpsViewIt() {
    Backend cpu = Backends.get("reference");
    try (Workspace workspace = Workspace.poisoning(cpu);
        var _ = workspace.open()) {
      Variable x = Variable.leaf(TensorOps.full(cpu, DType.F32, Shape.of(2000), 3));
      Spy.apply(x.times(1)).reshape(40, 50).sum().backward(Autograd.Keep.NOTHING);
      assertThat(Spy.value.toFloats()).containsOnly(3);
    }
  }
}
