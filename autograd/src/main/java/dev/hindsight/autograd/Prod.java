package dev.hindsight.autograd;

import java.util.stream.IntStream;

/**
 * The product over axes, which stay with extent 1: a tree of products. Its gradient divides by
 * nothing, so zeros among the factors are harmless, and it can be differentiated again.
 */
final class Prod {
  private Prod() {}

  static Variable apply(Variable x, int... axes) {
    Variable y = x;
    for (int axis : axes.length == 0 ? IntStream.range(0, x.shape().rank()).toArray() : axes) {
      y = along(y, axis);
    }
    return y;
  }

  private static Variable along(Variable x, int given) {
    int axis = Axes.of("prod", x, given);
    Variable y = x;
    for (int n = y.dim(axis); n > 1; n = y.dim(axis)) {
      int half = n / 2;
      Variable pairs = y.slice(axis, 0, half).mul(y.slice(axis, half, 2 * half));
      y = n % 2 == 0 ? pairs : Variable.concat(axis, pairs, y.slice(axis, n - 1, n));
    }
    return y.dim(axis) == 1 ? y : y.sum(axis).plus(1); // the product of nothing
  }
}
