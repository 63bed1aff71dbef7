package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** AdamW: the scalars may be rounded to the type, and every product, sum and root is. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class OptimiserConformanceTest {
  @Parameter Subject subject;

  @Test
  @Covers("adamW")
  void everySize() {
    for (int size : Values.LANE_BOUNDARIES) {
      check(size, new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, 1));
      check(size, new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0, 1000, 0.37));
      check(size, new AdamWStep(1, 0, 0, 1, 0, 3, 1));
    }
    check(10_000, new AdamWStep(1e-2, 0.9, 0.999, 1e-6, 0.01, 7, 2));
  }

  private void check(int size, AdamWStep step) {
    Shape shape = Shape.of(size);
    double[] ps = Values.uniform(1, shape);
    double[] gs = Values.uniform(2, shape);
    double[] ms = Values.uniform(3, shape);
    double[] vs = Values.uniform(4, size, 0, 3);
    Trial trial = new Trial(subject, "adamW of %s, %s", shape, step);
    Operand p = trial.inOut(shape, Layout.OFFSET, ps);
    Operand g = trial.in(shape, gs);
    Operand m = trial.inOut(shape, Layout.OFFSET, ms);
    Operand v = trial.inOut(shape, Layout.CONTIGUOUS, vs);
    trial.run((b, at) -> b.adamW(at.of(p), at.of(g), at.of(m), at.of(v), step));
    double u = subject.roundoff();
    double unbias1 = 1 - Math.pow(step.beta1(), step.step());
    double unbias2 = 1 - Math.pow(step.beta2(), step.step());
    double[] squares = v.want();
    trial
        .within(m, (i, want) -> 5 * u * mean(step, ms[i], gs[i]))
        .within(v, (i, want) -> 7 * u * want)
        .within(
            p,
            (i, want) -> {
              // Errors of m relative to its terms, of the root to itself, and of a few products.
              double root = Math.sqrt(squares[i] / unbias2) + step.epsilon();
              double move = mean(step, ms[i], gs[i]) / unbias1 / root;
              double decay = step.weightDecay() * Math.abs(ps[i]);
              return 2 * u * Math.abs(ps[i]) + step.learningRate() * 16 * u * (move + decay);
            });
  }

  /** The magnitude of the terms of the first moment. */
  private static double mean(AdamWStep step, double m, double g) {
    return step.beta1() * Math.abs(m) + (1 - step.beta1()) * Math.abs(g * step.gradientScale());
  }

  /** A gradient of zero where nothing was before moves nothing but by decay. */
  @Test
  @Covers("adamW")
  void aZeroGradientDividesByEpsilon() {
    Shape shape = Shape.of(19);
    Trial trial = new Trial(subject, "adamW without a gradient");
    Operand p = trial.inOut(shape, Layout.OFFSET, Values.uniform(1, shape));
    Operand g = trial.in(shape, new double[19]);
    Operand m = trial.inOut(shape, Layout.OFFSET, new double[19]);
    Operand v = trial.inOut(shape, Layout.OFFSET, new double[19]);
    AdamWStep step = new AdamWStep(0.1, 0.9, 0.99, 1e-8, 0, 1, 1);
    trial
        .run((b, at) -> b.adamW(at.of(p), at.of(g), at.of(m), at.of(v), step))
        .exact(p)
        .exact(m)
        .exact(v);
  }

  /** Norm, update and averages of many parameters at once have the bits of one after another. */
  @Test
  @Covers("adamW")
  void manyParametersAtOnce() {
    int[] sizes = {3, 0, 16_384, 1, 0, 20_001, 48, 8192, 0};
    AdamWStep step = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 2, 0.7);
    List<List<Tensor>> together =
        IntStream.range(0, 5).mapToObj(kind -> many(kind, sizes)).toList();
    List<List<Tensor>> alone = IntStream.range(0, 5).mapToObj(kind -> many(kind, sizes)).toList();
    double sum = 0;
    for (int i = 0; i < sizes.length; i++) {
      sum += TensorOps.sumOfSquares(alone.get(1).get(i));
      TensorOps.adamW(
          alone.get(0).get(i), alone.get(1).get(i), alone.get(2).get(i), alone.get(3).get(i), step);
      TensorOps.lerp(alone.get(0).get(i), .125, alone.get(4).get(i));
    }
    assertThat(TensorOps.sumOfSquares(together.get(1))).isEqualTo(sum);
    assertThat(TensorOps.sumOfSquares(List.of())).isZero();
    TensorOps.adamW(
        together.get(0),
        together.get(1),
        together.get(2),
        together.get(3),
        step,
        together.get(4),
        .125);
    for (int kind = 0; kind < 5; kind++) {
      for (int i = 0; i < sizes.length; i++) {
        assertThat(together.get(kind).get(i).toDoubles())
            .as("%s: operand %d of parameter %d", subject, kind, i)
            .isEqualTo(alone.get(kind).get(i).toDoubles());
      }
    }
  }

  private List<Tensor> many(int seed, int... sizes) {
    List<Tensor> tensors = new ArrayList<>();
    for (int size : sizes) {
      Tensor t = Tensor.of(Subject.TRUTH, Shape.of(size), Values.uniform(seed, size, 0, 2));
      tensors.add(TensorOps.cast(t, subject.dtype()).to(subject.backend()));
    }
    return tensors;
  }
}
