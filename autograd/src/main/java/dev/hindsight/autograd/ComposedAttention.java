package dev.hindsight.autograd;

import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Attention of differentiable operations: the readable twin of {@link Variable#attention}, equal to
 * it up to rounding, holding the whole score matrix of a sequence, and differentiable any number of
 * times.
 */
public final class ComposedAttention {
  private ComposedAttention() {}

  /**
   * {@code softmax(scale q k^T) v} a sequence and head: {@code q [Nq, H, D]}, {@code k, v [Nk, Hkv,
   * D]}; query rows that no sequence names give zero.
   */
  public static Variable apply(
      Variable q, Variable k, Variable v, SequenceLayout layout, double scale) {
    Integer[] order = new Integer[layout.sequences()];
    Arrays.setAll(order, s -> s);
    Arrays.sort(order, Comparator.comparingInt(s -> layout.queryStart()[s]));
    List<Variable> parts = new ArrayList<>();
    int row = 0;
    for (int s : order) {
      int start = layout.queryStart()[s];
      int end = start + layout.queryLength()[s];
      if (start == end) {
        continue;
      }
      if (start < row) {
        throw new IllegalArgumentException(
            "composed attention: sequence " + s + " shares query rows with another");
      }
      if (start > row) {
        parts.add(zeros(q, row, start));
      }
      parts.add(sequence(q, k, v, layout, s, scale));
      row = end;
    }
    if (row < q.dim(0) || parts.isEmpty()) {
      parts.add(zeros(q, row, q.dim(0)));
    }
    return Variable.concat(0, parts.toArray(new Variable[0]));
  }

  private static Variable zeros(Variable q, int from, int to) {
    Tensor t = q.tensor();
    return Variable.result(TensorOps.zeros(t.backend(), t.dtype(), t.shape().with(0, to - from)));
  }

  private static Variable sequence(
      Variable q, Variable k, Variable v, SequenceLayout layout, int s, double scale) {
    int queries = layout.queryLength()[s];
    int keys = layout.keyLength()[s];
    int queryStart = layout.queryStart()[s];
    if (keys == 0) {
      return zeros(q, queryStart, queryStart + queries);
    }
    int keyStart = layout.keyStart()[s];
    int heads = q.dim(1);
    int keyHeads = k.dim(1);
    int group = heads / keyHeads;
    int width = q.dim(2);
    Variable qs =
        q.slice(0, queryStart, queryStart + queries)
            .permute(1, 0, 2)
            .reshape(keyHeads, group, queries, width);
    Variable ks = k.slice(0, keyStart, keyStart + keys).permute(1, 2, 0).unsqueeze(1);
    Variable vs = v.slice(0, keyStart, keyStart + keys).permute(1, 0, 2).unsqueeze(1);
    Variable scores = qs.matmul(ks).times(scale);
    if (layout.causal()) {
      scores = scores.add(Variable.result(mask(q.tensor(), layout, s)));
    }
    return scores.softmax().matmul(vs).reshape(heads, queries, width).permute(1, 0, 2);
  }

  /** 0 where a query sees a key, minus infinity where it does not: {@code [queries, keys]}. */
  private static Tensor mask(Tensor like, SequenceLayout layout, int s) {
    int queries = layout.queryLength()[s];
    int keys = layout.keyLength()[s];
    double[] mask = new double[queries * keys];
    for (int i = 0; i < queries; i++) {
      for (int j = layout.visibleKeys(s, i); j < keys; j++) {
        mask[i * keys + j] = Double.NEGATIVE_INFINITY;
      }
    }
    return TensorOps.cast(Tensor.of(like.backend(), Shape.of(queries, keys), mask), like.dtype());
  }
}
