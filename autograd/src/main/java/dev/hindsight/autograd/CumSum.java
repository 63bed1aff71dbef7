package dev.hindsight.autograd;

/**
 * Running sums along an axis, by doubling: after the pass with distance d each element holds the
 * sum of the last 2d. An element is the sum of a tree of depth log2(n), more exact than one chain.
 */
final class CumSum {
  private CumSum() {}

  static Variable apply(Variable x, int axis) {
    int n = x.dim(Axes.of("cumsum", x, axis));
    Variable y = x;
    for (int distance = 1; distance < n; distance *= 2) {
      y = y.add(y.slice(axis, 0, n - distance).pad(axis, distance, 0));
    }
    return y;
  }
}
