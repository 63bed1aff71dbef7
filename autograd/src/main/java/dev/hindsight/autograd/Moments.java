package dev.hindsight.autograd;

import java.util.stream.IntStream;

/** Variance, standard deviation and vector norms over axes, which stay with extent 1. */
final class Moments {
  private Moments() {}

  /** {@code sum((x - mean)^2) / (n - correction)}; no axes means all. */
  static Variable var(Variable x, int correction, int... axes) {
    int[] over =
        axes.length == 0
            ? IntStream.range(0, x.shape().rank()).toArray()
            : IntStream.of(axes).map(axis -> Axes.of("var", x, axis)).distinct().toArray();
    if (correction < 0) {
      throw new IllegalArgumentException(
          "var: the correction is 0 or more, got " + correction + "; 1 estimates without bias");
    }
    long n = 1;
    for (int axis : over) {
      n *= x.dim(axis);
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
    for (int axis : axes) {
      Axes.of("norm", x, axis);
    }
    if (p == Double.POSITIVE_INFINITY) {
      return x.abs().max(axes);
    }
    if (p == 1) {
      return x.abs().sum(axes);
    }
    if (p == 2) {
      return root(x.square().sum(axes), 2);
    }
    Variable magnitudes = x.abs();
    if (p < 1) { // the slope of a power below 1 is infinite at 0
      Variable isZero = Variable.result(Masks.equal(x.tensor(), 0));
      return root(magnitudes.add(isZero).pow(p).sub(isZero).sum(axes), p);
    }
    return root(magnitudes.pow(p).sum(axes), p);
  }

  /** The square root of {@link #var}, 0 with gradient 0 where all x are equal. */
  static Variable std(Variable x, int correction, int... axes) {
    return root(var(x, correction, axes), 2);
  }

  /**
   * {@code sum^(1/p)}, with gradient 0 at 0, where the slope is infinite: there 1 under the root in
   * place of 0, and back to 0 after it.
   */
  private static Variable root(Variable sum, double p) {
    Variable isZero = Variable.result(Masks.equal(sum.tensor(), 0));
    Variable positive = sum.add(isZero);
    return (p == 2 ? positive.sqrt() : positive.pow(1 / p)).mul(isZero.affine(-1, 1));
  }
}
