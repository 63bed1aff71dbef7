package dev.hindsight.autograd;

import dev.hindsight.engine.Philox;

/** Zeros at random, the rest scaled up so that the mean stays. */
final class Dropout {
  private Dropout() {}

  /** Element i, in row-major order, takes the i-th number of the stream. */
  static Variable apply(Variable x, double rate, long seed, long stream) {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException(
          "dropout: the rate lies from 0 (included) to 1 (excluded), got " + rate);
    }
    if (rate == 0) {
      return x;
    }
    Philox random = new Philox(seed, stream);
    double[] factors = new double[Math.toIntExact(x.shape().size())];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = random.nextFloat() < rate ? 0 : 1 / (1 - rate);
    }
    return x.mul(Variable.result(Masks.tensor(x.tensor(), x.shape(), factors)));
  }
}
