package dev.hindsight.engine.reference;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Tensor;

/** Reductions of host tensors with any strides, in row-major order, accumulated in double. */
public final class ReferenceReduction {
  private ReferenceReduction() {}

  /** See {@link dev.hindsight.engine.Backend#reduce}. */
  public static void reduce(ReduceOp op, Tensor x, Tensor out) {
    int[] dims = x.shape().dims();
    int[] kept = out.shape().dims();
    int[] reduced = new int[dims.length];
    for (int axis = 0; axis < dims.length; axis++) {
      reduced[axis] = kept[axis] == dims[axis] ? 1 : dims[axis];
    }
    Elements from = Elements.of(x);
    Elements to = Elements.of(out);
    Rows group = Rows.joined(reduced, new long[][] {x.strides()}, new long[1]);
    Rows rows =
        Rows.joined(
            kept, new long[][] {x.strides(), out.strides()}, new long[] {x.offset(), out.offset()});
    while (rows.next()) {
      for (long i = 0; i < rows.length(); i++) {
        to.set(rows.at(1, i), reduce(op, from, group, rows.at(0, i)));
      }
    }
  }

  private static double reduce(ReduceOp op, Elements x, Rows group, long first) {
    group.restart(first);
    return switch (op) {
      case SUM -> sum(x, group);
      case MEAN -> sum(x, group) / group.size();
      case PROD -> product(x, group);
      case MAX -> largest(x, group);
      case MIN -> smallest(x, group);
      case ARGMAX -> indexOfLargest(x, group);
      case LOGSUMEXP -> logSumExp(x, group, first);
    };
  }

  private static double sum(Elements x, Rows group) {
    double sum = 0;
    while (group.next()) {
      for (long i = 0; i < group.length(); i++) {
        sum += x.get(group.at(0, i));
      }
    }
    return sum;
  }

  private static double product(Elements x, Rows group) {
    double product = 1;
    while (group.next()) {
      for (long i = 0; i < group.length(); i++) {
        product *= x.get(group.at(0, i));
      }
    }
    return product;
  }

  private static double largest(Elements x, Rows group) {
    double largest = Double.NEGATIVE_INFINITY;
    while (group.next()) {
      for (long i = 0; i < group.length(); i++) {
        largest = Math.max(largest, x.get(group.at(0, i)));
      }
    }
    return largest;
  }

  private static double smallest(Elements x, Rows group) {
    double smallest = Double.POSITIVE_INFINITY;
    while (group.next()) {
      for (long i = 0; i < group.length(); i++) {
        smallest = Math.min(smallest, x.get(group.at(0, i)));
      }
    }
    return smallest;
  }

  /** The first of equals; a NaN is larger than anything. */
  private static double indexOfLargest(Elements x, Rows group) {
    double largest = Double.NaN;
    long best = -1;
    long index = 0;
    while (group.next()) {
      for (long i = 0; i < group.length(); i++, index++) {
        double v = x.get(group.at(0, i));
        if (best < 0 || ReferenceIndexing.ranksBefore(v, largest)) {
          largest = v;
          best = index;
        }
      }
    }
    return best;
  }

  private static double logSumExp(Elements x, Rows group, long first) {
    double largest = largest(x, group);
    if (Double.isInfinite(largest)) {
      return largest; // all are minus infinity, or one is infinity
    }
    double sum = 0;
    for (group.restart(first); group.next(); ) {
      for (long i = 0; i < group.length(); i++) {
        sum += Math.exp(x.get(group.at(0, i)) - largest);
      }
    }
    return largest + Math.log(sum);
  }

  /** See {@link dev.hindsight.engine.Backend#sumOfSquares}. */
  public static double sumOfSquares(Tensor x) {
    Elements from = Elements.of(x);
    double sum = 0;
    for (Rows rows = Rows.elementwise(x); rows.next(); ) {
      for (long i = 0; i < rows.length(); i++) {
        double v = from.get(rows.at(0, i));
        sum += v * v;
      }
    }
    return sum;
  }
}
