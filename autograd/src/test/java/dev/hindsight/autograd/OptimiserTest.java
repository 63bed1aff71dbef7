package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** AdamW, SGD, schedules and clipping against numbers worked out by hand. */
class OptimiserTest {
  private static final Backend CPU = Backends.get("reference");

  private static Variable leaf(double... values) {
    return Variable.leaf(Tensor.of(CPU, Shape.of(values.length), values));
  }

  /** Gives the leaf the gradient {@code g}. */
  /** A few roundings in double precision, each at most 1.1e-16 for numbers up to 2. */
  private static final double ROUNDINGS = 1e-15;

  private static void give(Variable leaf, double... g) {
    leaf.clearGradient();
    leaf.mul(Variable.constant(Tensor.of(CPU, Shape.of(g.length), g))).sum().backward();
  }

  /**
   * Betas .5 and .75, epsilon 1, decay .1, rate .2, gradient 2 then -1, p = 1.
   *
   * <p>Step 1: m = 1, v = 1; m/(1-.5) = 2, v/(1-.25... .75) = 4: p -= .2 (.1 + 2 / (2 + 1)).
   */
  @Test
  void adamWFollowsItsFormula() {
    Variable p = leaf(1);
    AdamW adam = new AdamW(Map.of("p", p), new AdamW.Settings(0.5, 0.75, 1, 0.1));
    give(p, 2);
    adam.step(0.2, 1);
    double first = 1 - 0.2 * (0.1 + 2.0 / 3);
    assertThat(p.tensor().item()).isCloseTo(first, within(ROUNDINGS));
    assertThat(adam.firstMoments().get("p").item()).isEqualTo(1);
    assertThat(adam.secondMoments().get("p").item()).isEqualTo(1);
    give(p, -1);
    adam.step(0.2, 1);
    // m = .5 * 1 - .5 = 0, v = .75 + .25 = 1: only the decay is left
    assertThat(p.tensor().item()).isCloseTo(first - 0.2 * 0.1 * first, within(ROUNDINGS));
    assertThat(adam.steps()).isEqualTo(2);
  }

  @Test
  void theClipFactorScalesTheGradientInsideTheStep() {
    Variable p = leaf(1, 1);
    Variable q = leaf(1, 1);
    AdamW.Settings settings = new AdamW.Settings(0.9, 0.99, 1e-3, 0.05);
    AdamW clipped = new AdamW(Map.of("p", p), settings);
    AdamW plain = new AdamW(Map.of("q", q), settings);
    give(p, 3, -4);
    GradientNorm norm = GradientNorm.clip(List.of(p), 1);
    assertThat(norm.norm()).isEqualTo(5);
    assertThat(norm.scale()).isEqualTo(0.2);
    clipped.step(0.1, norm.scale());
    give(q, 0.6, -0.8);
    plain.step(0.1, 1);
    assertThat(p.tensor().toDoubles()).containsExactly(q.tensor().toDoubles(), within(ROUNDINGS));
  }

  @Test
  void theNormSpansAllParametersAndKnowsWhatIsNotFinite() {
    Variable a = leaf(1, 1);
    Variable b = leaf(1);
    Variable none = leaf(1);
    give(a, 2, 3);
    give(b, 6);
    GradientNorm norm = GradientNorm.clip(List.of(a, b, none), 10);
    assertThat(norm).isEqualTo(new GradientNorm(7, 1));
    assertThat(norm.isFinite()).isTrue();
    give(b, Double.NaN);
    assertThat(GradientNorm.clip(List.of(a, b), 1).isFinite()).isFalse();
    assertThatThrownBy(() -> GradientNorm.clip(List.of(a), 0)).hasMessageContaining("positive");
  }

  @Test
  void adamWResumesToTheSameBits() {
    Variable p = leaf(1, -2);
    AdamW adam = new AdamW(Map.of("p", p), AdamW.Settings.withDecay(0.01));
    for (int i = 1; i <= 3; i++) {
      give(p, i, -0.5 * i);
      adam.step(1e-2, 1);
    }
    Variable resumed = Variable.leaf(p.tensor().keep());
    AdamW again = new AdamW(Map.of("p", resumed), AdamW.Settings.withDecay(0.01));
    again.restore(adam.steps(), adam.firstMoments(), adam.secondMoments());
    for (int i = 4; i <= 6; i++) {
      give(p, i, 1);
      adam.step(1e-2, 1);
      give(resumed, i, 1);
      again.step(1e-2, 1);
    }
    assertThat(resumed.tensor().toDoubles()).containsExactly(p.tensor().toDoubles());
    assertThatThrownBy(() -> again.restore(1, Map.of(), adam.secondMoments()))
        .hasMessageContaining("saved state m has parameters []");
    assertThatThrownBy(() -> again.restore(1, Map.of("p", leaf(1).tensor()), adam.secondMoments()))
        .hasMessageContaining("saved state m of p is F64[1]");
  }

  @Test
  void parametersWithoutAGradientStayAsTheyAre() {
    Variable used = leaf(1);
    Variable unused = leaf(1);
    Map<String, Variable> both = new LinkedHashMap<>();
    both.put("used", used);
    both.put("unused", unused);
    AdamW adam = new AdamW(both, AdamW.Settings.withDecay(0.1));
    give(used, 1);
    adam.step(0.1, 1);
    assertThat(unused.tensor().item()).isEqualTo(1);
    adam.clearGradients();
    assertThat(used.gradient()).isNull();
  }

  @Test
  void parametersMustBeLeavesOfTheirOwn() {
    Variable x = leaf(1, 2);
    assertThatThrownBy(() -> new AdamW(Map.of("y", x.square()), AdamW.Settings.withDecay(0)))
        .hasMessageContaining("adamW: parameter y is no leaf");
    Tensor strided = Tensor.of(CPU, Shape.of(2, 2), 1.0, 2.0, 3.0, 4.0).transpose(0, 1);
    assertThatThrownBy(() -> new Sgd(Map.of("w", Variable.leaf(strided)), 0))
        .hasMessageContaining("sgd: parameter w must be contiguous");
  }

  /** Momentum .5, rate .1, gradients 2, 2: velocities 2 and 3. */
  @Test
  void sgdWithMomentumFollowsItsFormula() {
    Variable p = leaf(1);
    Sgd sgd = new Sgd(Map.of("p", p), 0.5);
    give(p, 4);
    sgd.step(0.1, 0.5);
    assertThat(p.tensor().item()).isCloseTo(0.8, within(ROUNDINGS));
    give(p, 2);
    sgd.step(0.1, 1);
    assertThat(p.tensor().item()).isCloseTo(0.5, within(ROUNDINGS));
    assertThat(sgd.velocities().get("p").item()).isEqualTo(3);

    Variable resumed = Variable.leaf(p.tensor().keep());
    Sgd again = new Sgd(Map.of("p", resumed), 0.5);
    again.restore(sgd.velocities());
    give(p, 1);
    sgd.step(0.1, 1);
    give(resumed, 1);
    again.step(0.1, 1);
    assertThat(resumed.tensor().item()).isEqualTo(p.tensor().item());
  }

  @Test
  void plainSgdHoldsNoState() {
    Variable p = leaf(1);
    Sgd sgd = new Sgd(Map.of("p", p), 0);
    give(p, 2);
    sgd.step(0.25, 1);
    assertThat(p.tensor().item()).isEqualTo(0.5);
    assertThat(sgd.velocities()).isEmpty();
  }

  @Test
  void schedules() {
    assertThat(Schedule.constant(3).at(1_000_000)).isEqualTo(3);
    Schedule linear = Schedule.linear(2, 5, 0.5);
    assertThat(linear.at(1)).isEqualTo(2);
    assertThat(linear.at(3)).isEqualTo(1.5);
    assertThat(linear.at(5)).isEqualTo(1);
    assertThat(linear.at(50)).isEqualTo(1);
    Schedule cosine = Schedule.cosine(2, 5, 0.1);
    assertThat(cosine.at(1)).isEqualTo(2);
    assertThat(cosine.at(3)).isCloseTo(1.1, within(ROUNDINGS));
    assertThat(cosine.at(5)).isCloseTo(0.2, within(ROUNDINGS));
    Schedule warm = linear.withWarmUp(4);
    assertThat(warm.at(1)).isEqualTo(0.5);
    assertThat(warm.at(2)).isEqualTo(1.75 / 2);
    assertThat(warm.at(4)).isEqualTo(linear.at(4));
    assertThat(Schedule.linear(2, 1, 0).at(1)).isEqualTo(2);
    assertThatThrownBy(() -> Schedule.cosine(1, 0, 0)).hasMessageContaining("got 0");
  }

  /**
   * Twice in the list, a tied weight was updated by two threads at once: no two runs were equal.
   */
  @Test
  void aWeightUnderTwoNamesIsRefused() {
    Variable tied = leaf(1, 2);
    Map<String, Variable> parameters = new LinkedHashMap<>();
    parameters.put("embedding", tied);
    parameters.put("head", tied);
    assertThatThrownBy(() -> new AdamW(parameters, AdamW.Settings.withDecay(0.1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "adamW: parameters embedding and head are the same leaf; name a tied weight once");
    Variable view = Variable.leaf(tied.tensor().slice(0, 1, 2));
    parameters.put("head", view);
    AdamW overlapping = new AdamW(parameters, AdamW.Settings.withDecay(0.1));
    give(tied, 1, 1);
    give(view, 1);
    assertThatThrownBy(() -> overlapping.step(0.1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("adamW: the destinations F64[2] and F64[1] share memory");
  }
}
