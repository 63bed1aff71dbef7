package dev.hindsight.engine;

/**
 * The scalars of one AdamW update (Loshchilov and Hutter, 2019): {@code m = b1 m + (1-b1) g},
 * {@code v = b2 v + (1-b2) g^2}, {@code p -= lr (wd p + (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) +
 * eps))} with {@code g} the gradient times {@code gradientScale}.
 *
 * @param step t, counted from 1
 * @param gradientScale factor on the gradient, as clipping by global norm needs
 */
public record AdamWStep(
    double learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    long step,
    double gradientScale) {

  public AdamWStep {
    require(step >= 1, "step", step, "1 or more");
    require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "at least 0 and below 1");
    require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "at least 0 and below 1");
    require(epsilon >= 0, "epsilon", epsilon, "0 or more");
  }

  private static void require(boolean holds, String name, Number value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "adamW: " + name + " is " + value + ", expected " + expected);
    }
  }
}
