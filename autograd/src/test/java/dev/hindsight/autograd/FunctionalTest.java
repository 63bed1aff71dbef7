package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Derivatives of functions, on a function whose derivatives can be written down. */
class FunctionalTest {
  private static final Backend CPU = Backends.get("reference");

  /** {@code f(x, y) = x0^2 y0 + x1 y0}. */
  private static final Function<Variable[], Variable> F =
      v -> v[0].slice(0, 0, 1).square().mul(v[1]).add(v[0].slice(0, 1, 2).mul(v[1])).sum();

  private static Tensor vector(double... values) {
    return Tensor.of(CPU, Shape.of(values.length), values);
  }

  @Test
  void valueAndGrad() {
    Functional.ValueAndGrad y = Functional.valueAndGrad(F, vector(3, 5), vector(2));
    assertThat(y.value().item()).isEqualTo(28);
    assertThat(y.gradients()[0].toDoubles()).containsExactly(12, 2); // 2 x0 y0, y0
    assertThat(y.gradients()[1].toDoubles()).containsExactly(14); // x0^2 + x1
    assertThat(Functional.grad(F, vector(3, 5), vector(2))[0].toDoubles()).containsExactly(12, 2);
  }

  @Test
  void vjpMayBeAskedAgain() {
    Functional.Vjp vjp = Functional.vjp(v -> v[0].exp().mul(v[0]), vector(0, 1));
    assertThat(vjp.value().toDoubles()).containsExactly(0, Math.E);
    assertThat(vjp.apply(vector(1, 0))[0].toDoubles()).containsExactly(1, 0);
    assertThat(vjp.apply(vector(0, 3))[0].toDoubles()[1]).isCloseTo(6 * Math.E, within(1e-14));
    assertThatThrownBy(() -> vjp.apply(vector(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("vjp: the cotangent is F64[1], but the function's value is F64[2]");
  }

  @Test
  void resultsShareNoMemory() {
    Tensor w = vector(1, 2);
    Tensor[] both = Functional.vjp(v -> v[0].add(v[1]), vector(0, 0), vector(0, 0)).apply(w);
    TensorOps.fill(both[0], 9);
    assertThat(both[1].toDoubles()).containsExactly(1, 2);
    assertThat(w.toDoubles()).containsExactly(1, 2);
  }

  /** What a checkpoint's function reads beside its inputs is no edge of the graph. */
  @Test
  void aCheckpointMayReadWhatDependsOnTheInput() {
    Function<Variable[], Variable> f =
        v -> {
          Variable h = v[0].times(2);
          Variable again = Autograd.checkpoint(q -> q[0].mul(h).mul(h), v[0]);
          return Autograd.checkpoint(q -> q[0].mul(h), again).sum();
        };
    assertThat(Functional.grad(f, vector(3))[0].item()).isEqualTo(8 * 4 * 27); // 8 x^4
    Tensor[] at = {vector(3)};
    Tensor[] u = {vector(1)};
    assertThat(Functional.jvp(f, at, u).derivative().item()).isEqualTo(8 * 4 * 27);
    assertThat(Functional.hessianVectorProduct(f, at, u)[0].item()).isEqualTo(8 * 12 * 9);
    Variable x = Variable.leaf(at[0]);
    f.apply(new Variable[] {x}).backward();
    assertThat(x.gradient().item()).isEqualTo(8 * 4 * 27);
  }

  @Test
  void jvpIsTheDerivativeAlongADirection() {
    Functional.Jvp jvp =
        Functional.jvp(
            v -> v[0].mul(v[1]).tanh(),
            new Tensor[] {vector(0.5, 1), vector(1, 2)},
            new Tensor[] {vector(1, -1), vector(2, 0.5)});
    for (int i = 0; i < 2; i++) {
      double x = new double[] {0.5, 1}[i];
      double y = new double[] {1, 2}[i];
      double d = new double[] {1, -1}[i] * y + x * new double[] {2, 0.5}[i];
      double t = Math.tanh(x * y);
      assertThat(jvp.value().toDoubles()[i]).isCloseTo(t, within(1e-15));
      assertThat(jvp.derivative().toDoubles()[i]).isCloseTo(d * (1 - t * t), within(1e-15));
    }
  }

  /** The Hessian in (x0, x1, y): [[2 y, 0, 2 x0], [0, 0, 1], [2 x0, 1, 0]]. */
  @Test
  void hessianVectorProduct() {
    Tensor[] at = {vector(3, 5), vector(2)};
    Tensor[] hv = Functional.hessianVectorProduct(F, at, new Tensor[] {vector(1, 10), vector(100)});
    assertThat(hv[0].toDoubles()).containsExactly(4 + 600, 100);
    assertThat(hv[1].toDoubles()).containsExactly(6 + 10);
  }

  @Test
  void whatTheValueDoesNotDependOnHasZeros() {
    Tensor[] at = {vector(1, 2), vector(3)};
    assertThat(Functional.grad(v -> v[0].sum(), at)[1].toDoubles()).containsExactly(0);
    Tensor[] u = {vector(1, 1), vector(1)};
    assertThat(Functional.hessianVectorProduct(v -> v[0].sum(), at, u)[0].toDoubles())
        .containsExactly(0, 0);
    assertThat(Functional.jvp(v -> v[0].detach(), at, u).derivative().toDoubles())
        .containsExactly(0, 0);
  }

  @Test
  void derivativesNeedNoRecordingAroundThem() {
    try (var _ = Autograd.noGrad()) {
      assertThat(Functional.grad(v -> v[0].square().sum(), vector(3))[0].item()).isEqualTo(6);
      assertThat(Autograd.isRecording()).isFalse();
    }
  }

  @Test
  void errorsNameTheOperationAndTheFix() {
    assertThatThrownBy(() -> Functional.grad(v -> v[0].square(), vector(1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("grad: the function's value has shape [2]")
        .hasMessageContaining("sum()");
    Tensor[] one = {vector(1)};
    Tensor[] two = {vector(1, 2)};
    assertThatThrownBy(() -> Functional.hessianVectorProduct(v -> v[0], two, two))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("hessianVectorProduct: the function's value has shape [2]");
    assertThatThrownBy(() -> Functional.jvp(v -> v[0], one, two))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("jvp: directions");
    assertThatThrownBy(() -> Functional.hessianVectorProduct(v -> v[0].sum(), two, one))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("hessianVectorProduct: directions");
    assertThatThrownBy(() -> Functional.jvp(v -> v[0], one, new Tensor[0]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("jvp: directions [] do not fit");
    assertThatThrownBy(() -> Functional.vjp(v -> Variable.constant(vector(1)).sum()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("vjp: no inputs");
    Tensor q = Tensor.of(CPU, Shape.of(1, 1, 1), 1.0);
    SequenceLayout single = SequenceLayout.packed(1);
    assertThatThrownBy(
            () ->
                Functional.jvp(
                    v -> Variable.attention(v[0], v[0], v[0], single, 1),
                    new Tensor[] {q},
                    new Tensor[] {q}))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("ComposedAttention");
  }
}
