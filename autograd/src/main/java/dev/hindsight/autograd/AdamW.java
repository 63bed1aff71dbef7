package dev.hindsight.autograd;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), one fused pass over all
 * parameters; see {@link AdamWStep} for the formula. Parameters whose gradient is null are left
 * alone.
 */
public final class AdamW {
  /**
   * The constants of the update.
   *
   * @param weightDecay decay a step is {@code learningRate * weightDecay} of the weight
   */
  public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {
    public Settings {
      if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
        throw new IllegalArgumentException(
            "adamW: betas must lie in [0, 1), got " + beta1 + " and " + beta2);
      }
      if (!(epsilon > 0) || !(weightDecay >= 0)) {
        throw new IllegalArgumentException(
            "adamW: expected epsilon > 0 and weight decay >= 0, got "
                + epsilon
                + " and "
                + weightDecay);
      }
    }

    /** Betas .9 and .999, epsilon 1e-8, this decay. */
    public static Settings withDecay(double weightDecay) {
      return new Settings(0.9, 0.999, 1e-8, weightDecay);
    }
  }

  private final Parameters parameters;
  private final Settings settings;
  private final Map<String, Tensor> m;
  private final Map<String, Tensor> v;
  private long steps;

  /**
   * An optimiser of these named leaves, moments at zero.
   *
   * @throws IllegalArgumentException when one is no leaf, not contiguous or not persistent
   */
  public AdamW(Map<String, Variable> parameters, Settings settings) {
    this.parameters = new Parameters("adamW", parameters);
    this.settings = settings;
    this.m = this.parameters.zeros();
    this.v = this.parameters.zeros();
  }

  /**
   * A moving average of the parameters: {@code average += rate (parameter - average)}.
   *
   * @param weights one a parameter, by its name; contiguous
   * @param rate the parameter's share of an update
   */
  public record Average(Map<String, Tensor> weights, double rate) {}

  /**
   * One update in place of every parameter with a gradient.
   *
   * @param gradientScale factor on the gradients, as {@link GradientNorm#scale}
   */
  public void step(double learningRate, double gradientScale) {
    step(learningRate, gradientScale, null);
  }

  /**
   * The same, and one update of a moving average of all parameters, in the same pass over memory.
   *
   * @throws IllegalArgumentException when the average lacks a parameter
   */
  public void step(double learningRate, double gradientScale, @Nullable Average average) {
    if (average != null && !average.weights.keySet().containsAll(parameters.named().keySet())) {
      throw new IllegalArgumentException(
          "adamW: the average has weights for "
              + average.weights.keySet()
              + ", expected all parameters: "
              + parameters.named().keySet());
    }
    steps++;
    AdamWStep step =
        new AdamWStep(
            learningRate,
            settings.beta1,
            settings.beta2,
            settings.epsilon,
            settings.weightDecay,
            steps,
            gradientScale);
    List<Tensor> weights = new ArrayList<>();
    List<Tensor> gradients = new ArrayList<>();
    List<Tensor> first = new ArrayList<>();
    List<Tensor> second = new ArrayList<>();
    List<Tensor> averages = new ArrayList<>();
    Map<String, Tensor> averaged = average == null ? Map.of() : average.weights;
    double rate = average == null ? 0 : average.rate;
    parameters
        .named()
        .forEach(
            (name, p) -> {
              Tensor g = p.gradient();
              Tensor own = averaged.get(name);
              if (g != null) {
                weights.add(p.tensor());
                gradients.add(g);
                first.add(m.get(name));
                second.add(v.get(name));
                if (own != null) {
                  averages.add(own);
                }
              } else if (own != null) {
                TensorOps.lerp(p.tensor(), rate, own);
              }
            });
    TensorOps.adamW(weights, gradients, first, second, step, averages, rate);
  }

  /** Forgets the gradients of all parameters. */
  public void clearGradients() {
    parameters.named().values().forEach(Variable::clearGradient);
  }

  /** Updates made so far. */
  public long steps() {
    return steps;
  }

  /** The running mean of the gradient of each parameter: live memory, for checkpoints. */
  public Map<String, Tensor> firstMoments() {
    return Collections.unmodifiableMap(m);
  }

  /** The running mean of the squared gradient of each parameter: live memory, for checkpoints. */
  public Map<String, Tensor> secondMoments() {
    return Collections.unmodifiableMap(v);
  }

  /**
   * Takes up the state of another optimiser of the same parameters.
   *
   * @throws IllegalArgumentException when names or shapes differ
   */
  public void restore(long steps, Map<String, Tensor> first, Map<String, Tensor> second) {
    if (steps < 0) {
      throw new IllegalArgumentException("adamW: saved step " + steps + " is negative");
    }
    parameters.restore("m", first, m);
    parameters.restore("v", second, v);
    this.steps = steps;
  }
}
