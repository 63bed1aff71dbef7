package dev.hindsight.sdpo.trainer;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.TokenRows;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The likeliest tokens of student and teacher at the rows of a mini-batch that are kept for people
 * to read. Recorded while the loss has the logits at hand: the policy of a step is gone after it.
 */
final class TopTokens implements ChunkedLoss.Watcher {
  /**
   * What a model thinks of a position.
   *
   * @param tokens the likeliest first
   * @param logProbs of these, over the whole vocabulary
   */
  record Row(int[] tokens, float[] logProbs) {}

  private final int k;
  private final boolean[] wanted;

  /** By row of the mini-batch. */
  final SortedMap<Integer, Row> student = new TreeMap<>();

  /** The same of the second model, where one reads. */
  final SortedMap<Integer, Row> teacher = new TreeMap<>();

  /**
   * @param k tokens a row; more than the vocabulary means all of it
   * @param wanted the rows
   */
  TopTokens(int k, boolean[] wanted) {
    this.k = k;
    this.wanted = wanted;
  }

  /** Of no row. */
  static TopTokens none() {
    return new TopTokens(0, new boolean[0]);
  }

  @Override
  public void rows(TokenRows chunk, int from) {
    int end = from + chunk.logP().dim(0);
    int row = from;
    while (row < end) {
      int to = row;
      while (to < end && to < wanted.length && wanted[to]) {
        to++;
      }
      if (to > row) {
        read(chunk.logP(), row - from, to - from, row, student);
        if (chunk.logQ() != null) {
          read(chunk.logQ(), row - from, to - from, row, teacher);
        }
      }
      row = to + 1;
    }
  }

  private void read(Variable logProbs, int from, int to, int row, SortedMap<Integer, Row> into) {
    Tensor rows = logProbs.tensor().slice(0, from, to);
    int kept = Math.min(k, rows.dim(1));
    TensorOps.TopK top = TensorOps.topK(rows, kept);
    int[] tokens = top.indices().toInts();
    float[] values = TensorOps.cast(top.values(), DType.F32).toFloats();
    for (int r = 0; r < to - from; r++) {
      into.put(
          row + r,
          new Row(
              Arrays.copyOfRange(tokens, r * kept, (r + 1) * kept),
              Arrays.copyOfRange(values, r * kept, (r + 1) * kept)));
    }
  }
}
