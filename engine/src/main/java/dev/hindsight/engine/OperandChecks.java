package dev.hindsight.engine;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What {@link TensorOps} and {@link LayerOps} ask of operands before a kernel sees them. Messages
 * name the operation, what came and what was expected.
 */
final class OperandChecks {
  private OperandChecks() {}

  /** Counts a write to {@code out} and gives the backend that does it. */
  static Backend destination(String operation, Tensor out) {
    out.storage().requireAlive(operation);
    out.storage().written();
    return out.backend();
  }

  /** Writing to {@code out} must change no operand, and no element of it twice. */
  static void disjoint(String operation, Tensor out, Tensor... operands) {
    requireNotBroadcast(operation, out);
    for (Tensor x : operands) {
      require(
          !Overlap.between(out, x),
          "%s: the destination %s shares memory with the operand %s; write to a tensor of its own",
          operation,
          out,
          x);
    }
  }

  /** As {@link #disjoint}, but {@code x} may be {@code out} itself. */
  static void inPlaceOrDisjoint(String operation, Tensor out, Tensor x) {
    requireNotBroadcast(operation, out);
    require(
        Overlap.same(out, x) || !Overlap.between(out, x),
        "%s: the destination %s shares memory with another view of the operand %s; copy one first",
        operation,
        out,
        x);
  }

  /** Two destinations, where both are wanted, must not meet. */
  static void apart(String operation, @Nullable Tensor a, @Nullable Tensor b) {
    if (a != null && b != null) {
      require(
          !Overlap.between(a, b),
          "%s: the destinations %s and %s share memory; give each its own",
          operation,
          a,
          b);
    }
  }

  private static void requireNotBroadcast(String operation, Tensor out) {
    for (int i = 0; i < out.rank(); i++) {
      require(
          out.dim(i) <= 1 || out.stride(i) != 0,
          "%s: the destination %s is broadcast along axis %d: its elements share memory",
          operation,
          out,
          i);
    }
  }

  /** The one backend that owns all operands, which must be alive. */
  static Backend owner(String operation, Tensor... operands) {
    Backend backend = operands[0].backend();
    for (Tensor t : operands) {
      t.storage().requireAlive(operation);
      require(
          t.backend() == backend,
          "%s: operands live on two backends, %s and %s; move one first",
          operation,
          backend.name(),
          t.backend().name());
    }
    return backend;
  }

  static void computing(String operation, Tensor... operands) {
    owner(operation, operands);
    DType dtype = operands[0].dtype();
    require(
        dtype.computes(),
        "%s: %s does not compute; cast to F32 or F64 first",
        operation,
        operands[0]);
    for (Tensor t : operands) {
      require(
          t.dtype() == dtype,
          "%s: types %s and %s differ; cast one of them",
          operation,
          operands[0],
          t);
    }
  }

  static void lastAxis(String operation, Tensor x) {
    computing(operation, x);
    require(x.rank() >= 1, "%s: needs at least one axis, got a scalar", operation);
  }

  static void sameShape(String operation, Tensor a, Tensor b) {
    require(a.shape().equals(b.shape()), "%s: shapes of %s and %s differ", operation, a, b);
  }

  static void requireRank(String operation, Tensor x, int rank) {
    require(x.rank() == rank, "%s: expected rank %d, got %s", operation, rank, x);
  }

  static void requireRows(String operation, Tensor x, Tensor weight) {
    requireRank(operation, x, 2);
    require(
        weight.rank() == 1 && weight.dim(0) == x.dim(1),
        "%s: %s needs a weight of shape [%d], got %s",
        operation,
        x,
        x.dim(1),
        weight);
  }

  static void requireIndices(String operation, Tensor x, Tensor ids, int rank) {
    require(ids.dtype() == DType.I32, "%s: indices must be I32, got %s", operation, ids);
    requireRank(operation, ids, rank);
    owner(operation, x, ids);
  }

  /** One value a row. */
  static void requireStatistic(String operation, Tensor x, Tensor statistic) {
    require(
        statistic.rank() == 1 && statistic.dim(0) == x.dim(0),
        "%s: %s needs one value a row, [%d], got %s",
        operation,
        x,
        x.dim(0),
        statistic);
  }

  /** Counts the write of a gradient of {@code x} that may not be wanted. */
  static void gradient(String operation, Tensor x, @Nullable Tensor dx, Tensor... operands) {
    if (dx != null) {
      computing(operation, x, dx);
      sameShape(operation, x, dx);
      requireContiguous(operation, dx);
      disjoint(operation, dx, operands);
      destination(operation, dx);
    }
  }

  static void requireContiguous(String operation, Tensor x) {
    require(
        x.isContiguous(),
        "%s: %s must be contiguous; call TensorOps.contiguous first",
        operation,
        x);
  }

  static void require(boolean condition, String message, Object... arguments) {
    if (!condition) {
      throw new IllegalArgumentException(String.format(Locale.ROOT, message, arguments));
    }
  }

  static void requireHeads(String operation, Tensor q, Tensor k, Tensor v, SequenceLayout layout) {
    computing(operation, q, k, v);
    requireRank(operation, q, 3);
    requireRank(operation, k, 3);
    sameShape(operation, k, v);
    require(q.dim(2) == k.dim(2), "%s: head extents of q %s and k %s differ", operation, q, k);
    require(
        k.dim(1) > 0 && q.dim(1) % k.dim(1) == 0,
        "%s: %d query heads are no multiple of %d key heads",
        operation,
        q.dim(1),
        k.dim(1));
    require(
        layout.queryRows() <= q.dim(0) && layout.keyRows() <= k.dim(0),
        "%s: the layout names query row %d and key row %d, but q is %s and k is %s",
        operation,
        layout.queryRows() - 1,
        layout.keyRows() - 1,
        q,
        k);
  }

  static void requireTargets(String operation, Tensor logits, Tensor targets) {
    requireRank(operation, logits, 2);
    requireIndices(operation, logits, targets, 1);
    require(
        targets.dim(0) == logits.dim(0),
        "%s: logits %s need one target a row, got %s",
        operation,
        logits,
        targets);
  }
}
