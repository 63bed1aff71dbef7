package dev.hindsight.engine;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Whether two views have an element of memory in common. Exact, because neighbouring slices of one
 * tensor interleave in memory without meeting: {@code q}, {@code k} and {@code v} inside one wide
 * projection are such.
 *
 * <p>They meet where {@code offsetA + sum(i strideA) = offsetB + sum(j strideB)} has a solution
 * within the extents. Strides that both have become one unknown, {@code i - j}; the unknowns are
 * then bounded from the largest stride down, which leaves one or two candidates for each as long as
 * strides nest, as those of views do.
 */
final class Overlap {
  /** More candidates than this are not tried: the views count as overlapping. */
  private static final int MOST_STEPS = 100_000;

  /** An unknown between {@code low} and {@code high}, times a positive stride. */
  private record Unknown(long stride, long low, long high) {}

  private final Unknown[] unknowns;

  /** The least and the most that the unknowns from this one on can add up to. */
  private final long[] least;

  private final long[] most;
  private int steps;

  private Overlap(Unknown[] unknowns) {
    this.unknowns = unknowns;
    this.least = new long[unknowns.length + 1];
    this.most = new long[unknowns.length + 1];
    for (int i = unknowns.length - 1; i >= 0; i--) {
      least[i] = least[i + 1] + unknowns[i].low * unknowns[i].stride;
      most[i] = most[i + 1] + unknowns[i].high * unknowns[i].stride;
    }
  }

  /** Whether {@code a} and {@code b} share memory. */
  static boolean between(Tensor a, Tensor b) {
    if (a.storage() != b.storage() || a.size() == 0 || b.size() == 0) {
      return false;
    }
    long width = a.dtype().bytes();
    if (width != b.dtype().bytes()) {
      return true; // nothing makes such views
    }
    Overlap overlap = new Overlap(unknowns(a, b));
    return overlap.reaches(0, b.offset() - a.offset());
  }

  /** Whether both are the same elements in the same order, as an operation in place has them. */
  static boolean same(Tensor a, Tensor b) {
    if (a.storage() != b.storage() || a.offset() != b.offset() || !a.shape().equals(b.shape())) {
      return false;
    }
    for (int i = 0; i < a.rank(); i++) {
      if (a.dim(i) != 1 && a.stride(i) != b.stride(i)) {
        return false;
      }
    }
    return true;
  }

  private static Unknown[] unknowns(Tensor a, Tensor b) {
    Unknown[] all = new Unknown[a.rank() + b.rank()];
    int n = 0;
    for (int i = 0; i < a.rank(); i++) {
      n = add(all, n, a.stride(i), 0, a.dim(i) - 1L);
    }
    for (int i = 0; i < b.rank(); i++) {
      n = add(all, n, b.stride(i), 1L - b.dim(i), 0);
    }
    Unknown[] unknowns = Arrays.copyOf(all, n);
    Arrays.sort(unknowns, Comparator.comparingLong(Unknown::stride).reversed());
    return unknowns;
  }

  private static int add(Unknown[] all, int n, long stride, long low, long high) {
    if (stride == 0 || low == high) {
      return n;
    }
    if (stride < 0) {
      return add(all, n, -stride, -high, -low);
    }
    for (int i = 0; i < n; i++) {
      if (all[i].stride == stride) {
        all[i] = new Unknown(stride, all[i].low + low, all[i].high + high);
        return n;
      }
    }
    all[n] = new Unknown(stride, low, high);
    return n + 1;
  }

  /** Whether unknowns {@code i} and behind can add up to {@code distance}. */
  private boolean reaches(int i, long distance) {
    if (distance < least[i] || distance > most[i]) {
      return false;
    }
    if (i == unknowns.length || ++steps > MOST_STEPS) {
      return true;
    }
    Unknown u = unknowns[i];
    long from = Math.max(u.low, Math.ceilDiv(distance - most[i + 1], u.stride));
    long to = Math.min(u.high, Math.floorDiv(distance - least[i + 1], u.stride));
    for (long value = from; value <= to; value++) {
      if (reaches(i + 1, distance - value * u.stride)) {
        return true;
      }
    }
    return false;
  }
}
