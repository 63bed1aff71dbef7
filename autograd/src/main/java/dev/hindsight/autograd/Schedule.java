package dev.hindsight.autograd;

/** A learning rate as a function of the step, which counts from 1. */
@FunctionalInterface
public interface Schedule {
  /** The rate of a step, counted from 1. */
  double at(long step);

  /** Always {@code rate}. */
  static Schedule constant(double rate) {
    return step -> rate;
  }

  /**
   * In a straight line from {@code rate} at step 1 to {@code finalFraction * rate} at step {@code
   * steps}, and constant after.
   */
  static Schedule linear(double rate, long steps, double finalFraction) {
    requireSteps(steps);
    return step -> rate * (1 - (1 - finalFraction) * progress(step, steps));
  }

  /**
   * Along half a cosine from {@code rate} at step 1 to {@code finalFraction * rate} at step {@code
   * steps}, and constant after (Loshchilov and Hutter, 2017, without restarts).
   */
  static Schedule cosine(double rate, long steps, double finalFraction) {
    requireSteps(steps);
    return step -> {
      double half = (1 + StrictMath.cos(Math.PI * progress(step, steps))) / 2;
      return rate * (finalFraction + (1 - finalFraction) * half);
    };
  }

  /**
   * This schedule times {@code step / warmUpSteps} during the first steps: step {@code warmUpSteps}
   * is the first at the full rate. The schedule itself is not shifted.
   */
  default Schedule withWarmUp(long warmUpSteps) {
    if (warmUpSteps < 0) {
      throw new IllegalArgumentException(
          "schedule: warm-up takes 0 or more steps, got " + warmUpSteps);
    }
    return step -> step < warmUpSteps ? at(step) * step / warmUpSteps : at(step);
  }

  private static double progress(long step, long steps) {
    return steps == 1 ? 0 : Math.clamp((step - 1.0) / (steps - 1.0), 0, 1);
  }

  private static void requireSteps(long steps) {
    if (steps < 1) {
      throw new IllegalArgumentException("schedule: expected 1 or more steps, got " + steps);
    }
  }
}
