package dev.hindsight.engine.reference;

import dev.hindsight.engine.Tensor;

/** Softmax, log-softmax and cross-entropy over the last axis of host tensors. */
public final class ReferenceSoftmax {
  private ReferenceSoftmax() {}

  /** The log of the sum of exponentials of the current row of operand 0. */
  private static double logSumExp(Elements x, Rows rows) {
    double largest = largest(x, rows);
    return Double.isInfinite(largest)
        ? largest
        : largest + Math.log(sumOfExponentials(x, rows, largest));
  }

  private static double largest(Elements x, Rows rows) {
    double largest = Double.NEGATIVE_INFINITY;
    for (long i = 0; i < rows.length(); i++) {
      largest = Math.max(largest, x.get(rows.at(0, i)));
    }
    return largest;
  }

  private static double sumOfExponentials(Elements x, Rows rows, double shift) {
    double sum = 0;
    for (long i = 0; i < rows.length(); i++) {
      sum += Math.exp(x.get(rows.at(0, i)) - shift);
    }
    return sum;
  }

  /** See {@link dev.hindsight.engine.Backend#softmax}. */
  public static void softmax(Tensor x, Tensor out) {
    Elements from = Elements.of(x);
    Elements to = Elements.of(out);
    for (Rows rows = Rows.lastAxis(x, out); rows.next(); ) {
      double shift = largest(from, rows);
      double sum = sumOfExponentials(from, rows, shift);
      for (long i = 0; i < rows.length(); i++) {
        to.set(rows.at(1, i), Math.exp(from.get(rows.at(0, i)) - shift) / sum);
      }
    }
  }

  /** See {@link dev.hindsight.engine.Backend#softmaxBackward}. */
  public static void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    Elements ys = Elements.of(y);
    Elements dys = Elements.of(dy);
    Elements dxs = Elements.of(dx);
    for (Rows rows = Rows.lastAxis(y, dy, dx); rows.next(); ) {
      double dot = 0;
      for (long i = 0; i < rows.length(); i++) {
        dot += ys.get(rows.at(0, i)) * dys.get(rows.at(1, i));
      }
      for (long i = 0; i < rows.length(); i++) {
        dxs.set(rows.at(2, i), ys.get(rows.at(0, i)) * (dys.get(rows.at(1, i)) - dot));
      }
    }
  }

  /** See {@link dev.hindsight.engine.Backend#logSoftmax}. */
  public static void logSoftmax(Tensor x, Tensor out) {
    Elements from = Elements.of(x);
    Elements to = Elements.of(out);
    for (Rows rows = Rows.lastAxis(x, out); rows.next(); ) {
      double shift = largest(from, rows);
      double logSum = Math.log(sumOfExponentials(from, rows, shift));
      for (long i = 0; i < rows.length(); i++) {
        to.set(rows.at(1, i), from.get(rows.at(0, i)) - shift - logSum);
      }
    }
  }

  /** See {@link dev.hindsight.engine.Backend#logSoftmaxBackward}. */
  public static void logSoftmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    Elements ys = Elements.of(y);
    Elements dys = Elements.of(dy);
    Elements dxs = Elements.of(dx);
    for (Rows rows = Rows.lastAxis(y, dy, dx); rows.next(); ) {
      double sum = 0;
      for (long i = 0; i < rows.length(); i++) {
        sum += dys.get(rows.at(1, i));
      }
      for (long i = 0; i < rows.length(); i++) {
        dxs.set(rows.at(2, i), dys.get(rows.at(1, i)) - Math.exp(ys.get(rows.at(0, i))) * sum);
      }
    }
  }

  /** See {@link dev.hindsight.engine.Backend#crossEntropy}. */
  public static void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    requireTargets("crossEntropy", logits, targets);
    Elements from = Elements.of(logits);
    Elements classes = Elements.of(targets);
    Elements losses = Elements.of(loss);
    Elements lses = Elements.of(lse);
    long n = 0;
    for (Rows rows = Rows.lastAxis(logits); rows.next(); n++) {
      double logSum = logSumExp(from, rows);
      int target = (int) classes.get(targets.offset() + n * targets.stride(0));
      double value = target < 0 ? 0 : logSum - from.get(rows.at(0, target));
      losses.set(loss.offset() + n * loss.stride(0), value);
      lses.set(lse.offset() + n * lse.stride(0), logSum);
    }
  }

  /** See {@link dev.hindsight.engine.Backend#crossEntropyBackward}. */
  public static void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits) {
    requireTargets("crossEntropy backward", logits, targets);
    Elements from = Elements.of(logits);
    Elements classes = Elements.of(targets);
    Elements lses = Elements.of(lse);
    Elements dLosses = Elements.of(dLoss);
    Elements to = Elements.of(dLogits);
    long n = 0;
    for (Rows rows = Rows.lastAxis(logits, dLogits); rows.next(); n++) {
      int target = (int) classes.get(targets.offset() + n * targets.stride(0));
      double logSum = lses.get(lse.offset() + n * lse.stride(0));
      double d = dLosses.get(dLoss.offset() + n * dLoss.stride(0));
      for (long i = 0; i < rows.length(); i++) {
        double probability = Math.exp(from.get(rows.at(0, i)) - logSum);
        double gradient = (probability - (i == target ? 1 : 0)) * d;
        to.set(rows.at(1, i), target < 0 ? 0 : gradient);
      }
    }
  }

  /**
   * @throws IndexOutOfBoundsException when a target class is not below the number of logits
   *     (negative ones are ignored rows)
   */
  public static void requireTargets(String operation, Tensor logits, Tensor targets) {
    Elements classes = Elements.of(targets);
    for (int n = 0; n < targets.dim(0); n++) {
      int target = (int) classes.get(targets.offset() + n * targets.stride(0));
      if (target >= logits.dim(-1)) {
        throw ReferenceIndexing.outOfRange(operation, target, n, targets, logits.dim(-1), logits);
      }
    }
  }
}
