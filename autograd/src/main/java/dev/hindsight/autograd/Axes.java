package dev.hindsight.autograd;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;

/** Checks that name the operation which a caller knows, where that is made of others. */
final class Axes {
  private Axes() {}

  /** The axis number in {@code [0, rank)} that a possibly negative axis of x means. */
  static int of(String operation, Variable x, int axis) {
    int rank = x.shape().rank();
    if (axis < -rank || axis >= rank) {
      throw new IllegalArgumentException(
          operation + ": axis " + axis + " does not exist in " + x.tensor() + " of rank " + rank);
    }
    return axis < 0 ? axis + rank : axis;
  }

  /** Indices are whole numbers. */
  static void requireIndices(String operation, Tensor ids) {
    if (ids.dtype() != DType.I32) {
      throw new IllegalArgumentException(
          operation + ": indices must be I32, got " + ids + "; make them with Tensor.of and ints");
    }
  }

  /** The common shape of two operands of one type that broadcast together and have a last axis. */
  static Shape requirePair(String operation, Variable a, Variable b) {
    Shape both = Shape.broadcast(operation, a.shape(), b.shape());
    if (both.rank() == 0 || a.tensor().dtype() != b.tensor().dtype()) {
      throw new IllegalArgumentException(
          operation
              + ": expected two operands of one type with at least one axis, got "
              + a.tensor()
              + " and "
              + b.tensor());
    }
    return both;
  }
}
