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
    double gradientScale) {}
