package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Collections;
import java.util.Map;

/**
 * Stochastic gradient descent with momentum: {@code b = momentum b + g}, {@code p -= learningRate
 * b}. Parameters whose gradient is null are left alone.
 */
public final class Sgd {
  private final Parameters parameters;
  private final double momentum;
  private final Map<String, Tensor> velocity;

  /**
   * An optimiser of these named leaves, velocity at zero.
   *
   * @param momentum in [0, 1); 0 is plain gradient descent and holds no state
   */
  public Sgd(Map<String, Variable> parameters, double momentum) {
    if (!(momentum >= 0 && momentum < 1)) {
      throw new IllegalArgumentException("sgd: momentum must lie in [0, 1), got " + momentum);
    }
    this.parameters = new Parameters("sgd", parameters);
    this.momentum = momentum;
    this.velocity = momentum == 0 ? Map.of() : this.parameters.zeros();
  }

  /**
   * One update in place of every parameter with a gradient.
   *
   * @param gradientScale factor on the gradients, as {@link GradientNorm#scale}
   */
  public void step(double learningRate, double gradientScale) {
    parameters
        .named()
        .forEach(
            (name, p) -> {
              Tensor g = p.gradient();
              if (g == null) {
                return;
              }
              Tensor b = velocity.get(name);
              if (b == null) {
                TensorOps.addScaled(g, -learningRate * gradientScale, p.tensor());
              } else {
                TensorOps.copy(TensorOps.affine(b, momentum, 0), b);
                TensorOps.addScaled(g, gradientScale, b);
                TensorOps.addScaled(b, -learningRate, p.tensor());
              }
            });
  }

  /** Forgets the gradients of all parameters. */
  public void clearGradients() {
    parameters.named().values().forEach(Variable::clearGradient);
  }

  /** The velocity of each parameter: live memory, for checkpoints; empty without momentum. */
  public Map<String, Tensor> velocities() {
    return Collections.unmodifiableMap(velocity);
  }

  /**
   * Takes up the state of another optimiser of the same parameters.
   *
   * @throws IllegalArgumentException when names or shapes differ
   */
  public void restore(Map<String, Tensor> velocities) {
    parameters.restore("velocity", velocities, velocity);
  }
}
