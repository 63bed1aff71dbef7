package dev.hindsight.tests.gradients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.GradCheck;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.Workspace;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Guards the walk rather than the ops: in a random graph values are used once, twice or many times,
 * and gradients meet in every order, are added in place where the walk owns them and must not be
 * where somebody else still reads them.
 */
class RandomGraphsTest {
  private static final Backend CPU = Backends.get("reference");
  private static final Workspace WORKSPACE = new Workspace(CPU);

  /** What a step does to one or two earlier values, keeping their shape and taming their size. */
  private enum Step {
    ADD,
    SUB,
    MUL,
    HALVE,
    SHIFT,
    NEG,
    TANH,
    SILU,
    SWIGLU,
    SOFTMAX,
    RMS_NORM,
    LINEAR,
    LINEAR_RESIDUAL,
    MATMUL_TRANSPOSED,
    THROUGH_VIEWS,
    THROUGH_RESHAPE,
    THROUGH_CONCAT,
    THROUGH_PAD,
    DETACHED;

    Variable apply(Variable a, Variable b, Variable weight, Variable gain) {
      return switch (this) {
        case ADD -> a.add(b).times(0.5);
        case SUB -> a.sub(b);
        case MUL -> a.mul(b).tanh();
        case HALVE -> a.times(0.5);
        case SHIFT -> a.plus(0.25).add(b).times(0.5);
        case NEG -> a.neg();
        case TANH -> a.tanh();
        case SILU -> a.silu();
        case SWIGLU -> a.swiglu(b).tanh();
        case SOFTMAX -> a.softmax();
        case RMS_NORM -> a.rmsNorm(gain, 0.1);
        case LINEAR -> a.linear(weight).times(0.5);
        case LINEAR_RESIDUAL -> sharedResidual(a, b, weight, gain);
        case MATMUL_TRANSPOSED -> a.matmul(weight.transpose(0, 1)).times(0.5);
        case THROUGH_VIEWS -> a.transpose(0, 1).unsqueeze(0).squeeze(0).transpose(0, 1).add(b);
        case THROUGH_RESHAPE -> a.reshape(a.dim(0) * a.dim(1)).reshape(a.shape()).add(b).times(0.5);
        case THROUGH_CONCAT -> Variable.concat(0, a).add(b).times(0.5);
        case THROUGH_PAD -> a.slice(0, 0, 1).pad(0, 0, a.dim(0) - 1).add(b).tanh();
        case DETACHED -> a.mul(b.detach()).tanh();
      };
    }

    /**
     * A sum hands one gradient to all three; then {@code b} gets a second before the first value is
     * through with it.
     */
    private static Variable sharedResidual(Variable a, Variable b, Variable weight, Variable gain) {
      Variable first = a.tanh();
      Variable second = b.tanh();
      return a.linear(weight, gain, UnaryOp.SILU, b).add(first).add(second).times(0.3);
    }
  }

  private record Instruction(Step step, int a, int b) {}

  /** Value 0 is x; instruction i makes value i + 1. */
  private record Graph(
      List<Instruction> instructions,
      TensorSample x,
      TensorSample weight,
      TensorSample gain,
      long seed) {
    static Graph draw(Draw d) {
      int width = Math.max(1, Math.min(3, d.size()));
      List<Instruction> instructions = new ArrayList<>();
      int length = d.between(1, 3 * d.size());
      for (int i = 0; i < length; i++) {
        instructions.add(new Instruction(d.pick(Step.values()), d.between(0, i), d.between(0, i)));
      }
      Domain domain = Domain.between(-1, 1);
      return new Graph(
          instructions,
          d.tensor(Shape.of(d.between(1, 2), width), domain),
          d.tensor(Shape.of(width, width), domain),
          d.tensor(Shape.of(width), domain),
          d.seed());
    }

    /** The last value; {@code v} is x, weight, gain. */
    Variable apply(Variable... v) {
      List<Variable> values = new ArrayList<>(List.of(v[0]));
      for (Instruction i : instructions) {
        values.add(i.step.apply(values.get(i.a), values.get(i.b), v[1], v[2]));
      }
      return values.getLast();
    }

    Tensor[] tensors(DType dtype) {
      return new Tensor[] {
        x.tensor(CPU, dtype), weight.tensor(CPU, dtype), gain.tensor(CPU, dtype)
      };
    }
  }

  @Provide
  Arbitrary<Graph> graphs() {
    return Draw.arbitrary(Graph::draw);
  }

  /** Differences see through a detached value, gradients must not: here it is not detached. */
  @Property(tries = 250)
  void gradientsAgreeWithDifferences(@ForAll("graphs") Graph g) {
    List<Instruction> attached = new ArrayList<>();
    for (Instruction i : g.instructions) {
      attached.add(i.step == Step.DETACHED ? new Instruction(Step.MUL, i.a, i.b) : i);
    }
    Graph smooth = new Graph(attached, g.x, g.weight, g.gain, g.seed);
    try (Workspace.Scope _ = WORKSPACE.open()) {
      GradCheck.of("graph", smooth::apply, smooth.tensors(DType.F64)).withSeed(g.seed).all();
    }
  }

  /** Leaves that add up during the walk, and targets whose gradients it brings back. */
  @Property(tries = 400)
  void leavesAddUpWhatTargetsBringBack(@ForAll("graphs") Graph g) {
    Variable[] leaves = leaves(g);
    Variable y = g.apply(leaves).sum();
    if (!y.requiresGradient()) {
      return;
    }
    Variable[] targets = Autograd.gradient(y, leaves, null, true, false, Autograd.Unreached.ZERO);
    y.backward();
    for (int i = 0; i < leaves.length; i++) {
      Tensor gradient = leaves[i].gradient();
      double[] expected = targets[i].tensor().toDoubles();
      double[] given = gradient == null ? new double[expected.length] : gradient.toDoubles();
      for (int j = 0; j < expected.length; j++) {
        // up to 15 uses of a weight in another order of summation, values of some tens
        assertThat(given[j]).isCloseTo(expected[j], within(1e-12, expected[j]));
      }
    }
  }

  private static org.assertj.core.data.Offset<Double> within(double share, double of) {
    return org.assertj.core.api.Assertions.within(share * Math.max(10, Math.abs(of)));
  }

  /** Checkpointed, between a value before and one after that use the input again: the same bits. */
  @Property(tries = 400)
  void checkpointingKeepsTheBits(@ForAll("graphs") Graph g) {
    double[][] plain = run(g, false);
    double[][] checkpointed = run(g, true);
    assertThat(checkpointed).isDeepEqualTo(plain);
  }

  private static double[][] run(Graph g, boolean checkpointed) {
    Variable[] leaves = leaves(g);
    Variable h = leaves[0].tanh();
    Variable y =
        checkpointed
            ? Autograd.checkpoint(v -> g.apply(v[0], leaves[1], leaves[2]), h)
            : g.apply(h, leaves[1], leaves[2]);
    y.mul(h).add(h.linear(leaves[1])).sum().backward();
    double[][] gradients = new double[leaves.length + 1][];
    gradients[leaves.length] = y.tensor().toDoubles();
    for (int i = 0; i < leaves.length; i++) {
      Tensor gradient = leaves[i].gradient();
      gradients[i] = gradient == null ? new double[0] : gradient.toDoubles();
    }
    return gradients;
  }

  /** Memory that is used again within a pass, and spoilt in between, changes no bit. */
  @Property(tries = 400)
  void givingMemoryBackKeepsTheBits(@ForAll("graphs") Graph g) {
    List<Variable> values = new ArrayList<>();
    double[][] plain = run(g, Autograd.Keep.VALUES, false, values);
    for (boolean checkpointed : new boolean[] {false, true}) {
      try (Workspace poisoned = Workspace.poisoning(CPU)) {
        for (Autograd.Keep keep : Autograd.Keep.values()) {
          try (Workspace.Scope _ = poisoned.open()) {
            List<Variable> here = new ArrayList<>();
            assertThat(run(g, keep, checkpointed, here)).as("%s", keep).isDeepEqualTo(plain);
            for (int i = 0; i < here.size() && keep != Autograd.Keep.NOTHING; i++) {
              assertThat(here.get(i).tensor().toDoubles())
                  .containsExactly(values.get(i).tensor().toDoubles());
            }
          }
        }
      }
    }
  }

  /** The gradients of two passes over two losses of one graph; then the value of the first. */
  private static double[][] run(
      Graph g, Autograd.Keep keep, boolean checkpointed, List<Variable> values) {
    Variable[] leaves = leaves(g);
    Variable h = leaves[0].tanh();
    Variable y =
        checkpointed
            ? Autograd.checkpoint(v -> g.apply(v[0], leaves[1], leaves[2]), h)
            : g.apply(h, leaves[1], leaves[2]);
    Variable loss = y.mul(h).add(h.linear(leaves[1])).add(y).sum();
    values.addAll(List.of(h, y, loss));
    Autograd.gradient(loss, new Variable[] {h}, null, true, false, Autograd.Unreached.ZERO);
    Autograd.backward(loss, null, keep);
    if (keep == Autograd.Keep.GRAPH) {
      for (Variable leaf : leaves) {
        leaf.clearGradient();
      }
      Autograd.backward(loss, null, false);
    }
    return OpMemoryTest.gradientsAndLoss(leaves, loss);
  }

  private static Variable[] leaves(Graph g) {
    Tensor[] tensors = g.tensors(DType.F64);
    return new Variable[] {
      Variable.leaf(tensors[0]), Variable.leaf(tensors[1]), Variable.leaf(tensors[2])
    };
  }
}
