package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who checks the checker: gradients with one planted mistake each, and which check finds it. */
class GradCheckTest {
  private static final Backend CPU = Backends.get("reference");
  private static final Tensor X = Tensor.of(CPU, Shape.of(2, 3), 0.5, -1.25, 2.0, 1.5, -0.75, 0.25);

  /** x^3 whose backward pass is given by the test: the one without a graph, and the one with. */
  private static final class Cube extends Op {
    private final Saved x;
    private final Function<Variable, Variable> fused;
    private final Function<Variable, Variable> composed;

    private Cube(
        Variable x, Function<Variable, Variable> fused, Function<Variable, Variable> composed) {
      super(x);
      this.x = save(x);
      this.fused = fused;
      this.composed = composed;
    }

    static Function<Variable[], Variable> with(
        Function<Variable, Variable> fused, Function<Variable, Variable> composed) {
      return v -> {
        Tensor t = v[0].tensor();
        Tensor out = TensorOps.mul(TensorOps.mul(t, t), t);
        return records(v[0]) ? new Cube(v[0], fused, composed).output(out) : Variable.constant(out);
      };
    }

    @Override
    protected @Nullable Variable[] backward(Variable dOut) {
      Function<Variable, Variable> slope = Autograd.isRecording() ? composed : fused;
      return gradients(dOut.mul(slope.apply(x.variable())));
    }
  }

  private static final Function<Variable, Variable> RIGHT = x -> x.square().times(3);

  private static GradCheck cube(
      Function<Variable, Variable> fused, Function<Variable, Variable> composed) {
    return GradCheck.of("cube", Cube.with(fused, composed), X).withSeed(7);
  }

  @Test
  void rightGradientsPass() {
    assertThatCode(cube(RIGHT, RIGHT)::all).doesNotThrowAnyException();
    Tensor strided = TensorOps.copyOf(X.transpose(0, 1)).transpose(0, 1).slice(1, 1, 3);
    assertThatCode(GradCheck.of("cube", Cube.with(RIGHT, RIGHT), strided)::all)
        .doesNotThrowAnyException();
  }

  @Test
  void aFlippedSignIsFoundAndTheMessageSaysWhere() {
    Function<Variable, Variable> flipped = x -> RIGHT.apply(x).neg();
    assertThatThrownBy(cube(flipped, flipped)::firstOrder)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("gradcheck of cube: gradient: 6 elements wrong")
        .hasMessageContaining("input 0, element [")
        .hasMessageContaining("analytic")
        .hasMessageContaining("numeric")
        .hasMessageContaining("F64[2, 3]")
        .hasMessageContaining("seed 7");
  }

  /** An error of two parts in a million of one element. */
  @Test
  void aSmallErrorOfOneElementIsFound() {
    Tensor off = Tensor.of(CPU, Shape.of(2, 3), 1.0, 1.0, 1.0, 1.0, 1.000002, 1.0);
    Function<Variable, Variable> wrong = x -> RIGHT.apply(x).mul(Variable.constant(off));
    assertThatThrownBy(cube(wrong, RIGHT)::firstOrder)
        .hasMessageContaining("1 elements wrong")
        .hasMessageContaining("element [1, 1] = -0.75");
  }

  @Test
  void fusedAndComposedThatDifferAreFound() {
    Function<Variable, Variable> other = x -> RIGHT.apply(x).times(1 + 1e-8);
    assertThatCode(cube(RIGHT, other)::firstOrder).doesNotThrowAnyException();
    assertThatThrownBy(cube(RIGHT, other)::innerProduct)
        .hasMessageContaining("inner products differ");
  }

  /** The same wrong Jacobian in both: the identity holds, the differences along u do not. */
  @Test
  void theInnerProductAlsoComparesWithDifferences() {
    Function<Variable, Variable> wrong = x -> x.square().times(2);
    assertThatThrownBy(cube(wrong, wrong)::innerProduct)
        .hasMessageContaining("derivative along random directions");
  }

  /** A gradient that is right, but forgets that it depends on x. */
  @Test
  void aGradientWithoutItsGraphIsFound() {
    Function<Variable, Variable> detached = x -> RIGHT.apply(x).detach();
    GradCheck check = cube(RIGHT, detached);
    assertThatCode(check::firstOrder).doesNotThrowAnyException();
    assertThatCode(check::innerProduct).doesNotThrowAnyException();
    assertThatThrownBy(check::secondOrder).hasMessageContaining("second-order gradient");
  }

  /** A NaN compares false with everything, the tolerance included. */
  @Test
  void nanIsFound() {
    Function<Variable, Variable> nan = x -> RIGHT.apply(x).times(Double.NaN);
    assertThatThrownBy(cube(nan, nan)::firstOrder).hasMessageContaining("analytic NaN");
    assertThatThrownBy(cube(nan, nan)::innerProduct).hasMessageContaining("NaN");
    assertThatThrownBy(cube(RIGHT, nan)::secondOrder).hasMessageContaining("NaN");
  }

  @Test
  void inputsMustBeDouble() {
    assertThatThrownBy(() -> GradCheck.of("f", v -> v[0], Tensor.of(CPU, Shape.of(1), 1f)))
        .hasMessageContaining("gradcheck of f")
        .hasMessageContaining("F32[1]");
    assertThatThrownBy(() -> GradCheck.of("f", v -> v[0])).hasMessageContaining("no inputs");
  }
}
