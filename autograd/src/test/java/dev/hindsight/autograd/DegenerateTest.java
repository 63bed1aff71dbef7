package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Values and gradients where a formula taken literally would make 0 times infinity. */
class DegenerateTest {
  private static final Backend CPU = Backends.get("reference");
  private static final double NONE = Double.NEGATIVE_INFINITY;

  private static Tensor vector(double... values) {
    return Tensor.of(CPU, Shape.of(values.length), values);
  }

  private static double[] gradient(Function<Variable[], Variable> f, Tensor... at) {
    return Functional.grad(v -> f.apply(v).sum(), at)[0].toDoubles();
  }

  @Test
  void powersOfZero() {
    Tensor zero = vector(0, 0, 0);
    Tensor exponents = vector(0, 1, 2);
    Functional.ValueAndGrad y = Functional.valueAndGrad(v -> v[0].pow(v[1]).sum(), zero, exponents);
    assertThat(y.value().item()).isEqualTo(1);
    assertThat(y.gradients()[0].toDoubles()).containsExactly(0, 1, 0);
    assertThat(y.gradients()[1].toDoubles()).containsExactly(0, 0, 0);
  }

  @Test
  void negativePowersAndNegativeBases() {
    Functional.ValueAndGrad y =
        Functional.valueAndGrad(v -> v[0].pow(v[1]).sum(), vector(-2, -2), vector(3, -1));
    assertThat(y.value().item()).isEqualTo(-8.5);
    assertThat(y.gradients()[0].toDoubles()).containsExactly(12, -0.25);
    assertThat(y.gradients()[1].toDoubles()).containsExactly(Double.NaN, Double.NaN);
  }

  @Test
  void aProductWithZerosHasTheOthersProductAsGradient() {
    assertThat(gradient(v -> v[0].prod(), vector(2, 0, 3))).containsExactly(0, 6, 0);
    assertThat(gradient(v -> v[0].prod(), vector(2, 0, 0))).containsExactly(0, 0, 0);
    assertThat(Variable.constant(vector()).prod().item()).isEqualTo(1);
  }

  @Test
  void theNormOfNothingButZerosHasTheGradientZero() {
    for (double p : new double[] {0.5, 1, 1.5, 2, 3, Double.POSITIVE_INFINITY}) {
      assertThat(gradient(v -> v[0].norm(p), vector(0, 0))).as("p %s", p).containsExactly(0, 0);
      assertThat(Variable.constant(vector(0, 0)).norm(p).item()).isZero();
    }
  }

  @Test
  void theDeviationOfEqualsHasTheGradientZero() {
    assertThat(gradient(v -> v[0].std(1), vector(3, 3, 3))).containsExactly(0, 0, 0);
    assertThat(Variable.constant(vector(3, 3, 3)).std(1).item()).isZero();
  }

  /** The slope of a root is infinite at 0; of the sum's, that element's part is 0 as in PyTorch. */
  @Test
  void zerosHaveNoPartInTheGradientOfANormBelowOne() {
    assertThat(gradient(v -> v[0].norm(0.5), vector(0, 1, -4))).containsExactly(0, 3, -1.5);
  }

  @Test
  void distributionsMayGiveClassesNoProbability() {
    Tensor p = vector(Math.log(0.5), Math.log(0.5), NONE, NONE);
    Tensor q = vector(Math.log(0.25), Math.log(0.5), Math.log(0.25), NONE);
    Variable logP = Variable.leaf(p);
    Variable logQ = Variable.leaf(q);
    assertThat(logP.klDivergence(logQ).item()).isCloseTo(0.5 * Math.log(2), within(1e-15));
    assertThat(logQ.klDivergence(logP).item()).isEqualTo(Double.POSITIVE_INFINITY);
    for (double alpha : new double[] {0.25, 0.5}) {
      Variable js = logP.jsDivergence(logQ, alpha);
      double expected = 0;
      double[] a = {0.5, 0.5, 0, 0};
      double[] b = {0.25, 0.5, 0.25, 0};
      for (int i = 0; i < 3; i++) {
        double m = (1 - alpha) * a[i] + alpha * b[i];
        expected += a[i] == 0 ? 0 : (1 - alpha) * a[i] * Math.log(a[i] / m);
        expected += alpha * b[i] * Math.log(b[i] / m);
      }
      assertThat(js.item()).isCloseTo(expected, within(1e-15));
      js.backward();
    }
    logP.klDivergence(logQ).backward();
    for (double g : logP.gradient().toDoubles()) {
      assertThat(g).isFinite();
    }
    for (double g : logQ.gradient().toDoubles()) {
      assertThat(g).isFinite();
    }
  }

  /** In F32 a probability of e^-110 is 0, though its logarithm is a number. */
  @Test
  void aProbabilityThatUnderflowsCountsNothing() {
    Variable p = Variable.leaf(TensorOps.cast(vector(0, -110), DType.F32));
    Variable q = Variable.leaf(TensorOps.cast(vector(Math.log(0.5), NONE), DType.F32));
    Variable kl = p.klDivergence(q);
    assertThat(kl.item()).isCloseTo(Math.log(2), within(1e-7));
    kl.backward();
    assertThat(p.gradient().toDoubles()[1]).isZero();
  }

  @Test
  void ignoredRowsMayHoldAnything() {
    Tensor logits = Tensor.of(CPU, Shape.of(2, 2), Double.NaN, 1.0, 2.0, 2.0);
    Tensor targets = Tensor.of(CPU, Shape.of(2), 7, 0);
    for (double smoothing : new double[] {0, 0.5}) {
      Variable x = Variable.leaf(logits);
      Variable loss = x.crossEntropy(targets, 7, smoothing).sum();
      assertThat(loss.item()).isCloseTo(Math.log(2), within(1e-15));
      Variable g = Autograd.gradient(loss, new Variable[] {x}, null, true)[0];
      assertThat(g.tensor().toDoubles()).startsWith(0, 0);
      Variable second = Autograd.gradient(g.square().sum(), new Variable[] {x}, null, false)[0];
      assertThat(second.tensor().toDoubles()).startsWith(0, 0).doesNotContain(Double.NaN);
    }
  }

  @Test
  void anAxisThatIsNamedTwiceCountsOnce() {
    Variable x = Variable.constant(Tensor.of(CPU, Shape.of(1, 2), 1.0, 3.0));
    assertThat(x.var(0, 1, -1).item()).isEqualTo(1);
    assertThat(x.std(1, 1, 1).item()).isEqualTo(Math.sqrt(2));
  }

  @Test
  void theProductOfNothingHasAnEmptyGradient() {
    Variable x = Variable.leaf(vector());
    x.prod().backward();
    assertThat(x.gradient().size()).isZero();
  }

  @Test
  void theCurvatureOfTheNormOfZerosIsZero() {
    Tensor[] at = {vector(0, 0)};
    Tensor[] u = {vector(1, 2)};
    assertThat(Functional.hessianVectorProduct(v -> v[0].norm(2), at, u)[0].toDoubles())
        .containsExactly(0, 0);
  }

  /** Disjoint distributions are as far apart as any: ln 2. */
  @Test
  void theJensenShannonDivergenceIsAtMostLn2() {
    Variable p = Variable.constant(vector(0, NONE));
    Variable q = Variable.constant(vector(NONE, 0));
    assertThat(p.jsDivergence(q, 0.5).item()).isCloseTo(Math.log(2), within(1e-15));
  }

  @Test
  void dropoutKeepsTheMeanAndRepeats() {
    double[] ones = new double[20_000];
    java.util.Arrays.fill(ones, 1);
    Variable x = Variable.constant(vector(ones));
    double[] y = x.dropout(0.2, 5, 1).tensor().toDoubles();
    assertThat(y).containsOnly(0, 1.25);
    // the standard deviation of the mean is 0.0035
    assertThat(x.dropout(0.2, 5, 1).mean().item()).isCloseTo(1, within(0.02));
    assertThat(x.dropout(0.2, 5, 1).tensor().toDoubles()).isEqualTo(y);
    assertThat(x.dropout(0.2, 5, 2).tensor().toDoubles()).isNotEqualTo(y);
    assertThat(x.dropout(0.2, 6, 1).tensor().toDoubles()).isNotEqualTo(y);
  }

  @Test
  void runningSumsCarryInfinities() {
    double[] y =
        Variable.constant(vector(1, Double.POSITIVE_INFINITY, 2, 3)).cumsum(0).tensor().toDoubles();
    double infinity = Double.POSITIVE_INFINITY;
    assertThat(y).containsExactly(1, infinity, infinity, infinity);
  }
}
