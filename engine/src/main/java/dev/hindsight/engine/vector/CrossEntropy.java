package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.INT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.reference.ReferenceSoftmax;
import jdk.incubator.vector.FloatVector;

/** Cross-entropy of rows of logits against target classes, and its gradient. */
final class CrossEntropy {
  private CrossEntropy() {}

  /** The reference words the complaint. */
  private static void requireTargets(String operation, Tensor logits, Tensor targets) {
    if (!Indices.allWithin(targets, Integer.MIN_VALUE, logits.dim(-1))) {
      ReferenceSoftmax.requireTargets(operation, logits, targets);
    }
  }

  static void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    requireTargets("crossEntropy", logits, targets);
    int n = logits.dim(-1);
    RowOperand from = new RowOperand(logits);
    long target = Simd.address(targets);
    long targetStep = 4 * targets.stride(0);
    long losses = Simd.address(loss);
    long lses = Simd.address(lse);
    new RowLoop(RowOperand.count(logits), n, RowLoop.COSTLY) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        long work = scratch.reserve(Scratch.Region.WORK, RowOperand.bytes(n));
        for (int row = first; row < end; row++) {
          long in = from.read(row, Float.NEGATIVE_INFINITY, work);
          float logSum = Softmax.logSumExp(in, RowOperand.padded(n));
          int c = MEMORY.get(INT, target + row * targetStep);
          MEMORY.set(FLOAT, losses + 4L * row, c < 0 ? 0 : logSum - MEMORY.get(FLOAT, in + 4L * c));
          MEMORY.set(FLOAT, lses + 4L * row, logSum);
        }
      }
    }.run();
  }

  static void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits) {
    requireTargets("crossEntropy backward", logits, targets);
    int n = logits.dim(-1);
    RowOperand from = new RowOperand(logits);
    RowOperand to = new RowOperand(dLogits);
    long target = Simd.address(targets);
    long targetStep = 4 * targets.stride(0);
    long lses = Simd.address(lse);
    long lseStep = 4 * lse.stride(0);
    long dLosses = Simd.address(dLoss);
    long dLossStep = 4 * dLoss.stride(0);
    new RowLoop(RowOperand.count(logits), n, RowLoop.COSTLY) {
      @Override
      void rows(int chunk, int first, int end, Scratch scratch) {
        long work = scratch.reserve(Scratch.Region.WORK, RowOperand.bytes(n));
        int padded = RowOperand.padded(n);
        for (int row = first; row < end; row++) {
          int c = MEMORY.get(INT, target + row * targetStep);
          long dx = to.target(row, work);
          if (c < 0) {
            Fill.rows(1, padded, dx, 0, 0f);
          } else {
            long in = from.read(row, 0, work);
            float d = MEMORY.get(FLOAT, dLosses + row * dLossStep);
            gradient(padded, in, MEMORY.get(FLOAT, lses + row * lseStep), d, dx);
            MEMORY.set(FLOAT, dx + 4L * c, MEMORY.get(FLOAT, dx + 4L * c) - d);
          }
          to.write(row, dx);
        }
      }
    }.run();
  }

  /** {@code exp(x - lse) d}. */
  private static void gradient(int n, long x, float lse, float d, long dx) {
    FloatVector shift = FloatVector.broadcast(F, lse);
    FloatVector scale = FloatVector.broadcast(F, d);
    for (int i = 0; i < n; i += LANES) {
      FloatVector v = FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER).sub(shift);
      VectorMath.expOfNegative(v).mul(scale).intoMemorySegment(MEMORY, dx + 4L * i, ORDER);
    }
  }
}
