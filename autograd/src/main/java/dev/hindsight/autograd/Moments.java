package dev.hindsight.autograd;

import java.util.stream.IntStream;

/** Variance, standard deviation and vector norms over axes, which stay with extent 1. */
final class Moments {
  private Moments() {}

  /** {@code sum((x - mean)^2) / (n - correction)}; no axes means all. */
  static Variable var(Variable x, int correction, int... axes) {
    int[] over = axes.length == 0 ? IntStream.range(0, x.shape().rank()).toArray() : axes;
    long n = 1;
    for (int axis : over) {
      n *= x.dim(Axes.of("var", x, axis));
    }
    if (n <= correction) {
      throw new IllegalArgumentException(
          "var: a correction of "
              + correction
              + " leaves nothing of the "
              + n
              + " elements that are reduced in "
              + x.tensor()
              + "; reduce more of them, or pass correction 0");
    }
    Variable centred = x.sub(x.mean(over));
    return centred.square().sum(over).times(1.0 / (n - correction));
  }

  /** {@code (sum |x|^p)^(1/p)}, 0 with gradient 0 where all x are 0. */
  static Variable norm(Variable x, double p, int... axes) {
    if (!(p > 0)) {
      throw new IllegalArgumentException(
          "norm: p must be above 0 (1, 2, or Double.POSITIVE_INFINITY for the largest), got " + p);
    }
    if (p == Double.POSITIVE_INFINITY) {
      return x.abs().max(axes);
    }
    if (p == 1) {
      return x.abs().sum(axes);
    }
    Variable sum = (p == 2 ? x.square() : x.abs().pow(p)).sum(axes);
    // 1 under the root in place of 0, and back to 0 after it: the slope of the root at 0 is
    // infinite
    Variable isZero = Variable.result(Masks.equal(sum.tensor(), 0));
    Variable root = p == 2 ? sum.add(isZero).sqrt() : sum.add(isZero).pow(1 / p);
    return root.sub(isZero);
  }
}
