package dev.hindsight.engine.reference;

import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;

/**
 * Scaled dot-product attention (Vaswani et al., 2017) over ragged sequences of host tensors; the
 * scores of one query at a time.
 */
public final class ReferenceAttention {
  private ReferenceAttention() {}

  /** One head of {@code [rows, heads, headDim]}. */
  private record Head(Elements elements, long start, long rowStep, long channelStep, int width) {
    static Head of(Tensor t, int head) {
      long start = t.offset() + head * t.stride(1);
      return new Head(Elements.of(t), start, t.stride(0), t.stride(2), t.dim(2));
    }

    long at(int row, int channel) {
      return start + row * rowStep + channel * channelStep;
    }

    double get(int row, int channel) {
      return elements.get(at(row, channel));
    }

    void set(int row, int channel, double value) {
      elements.set(at(row, channel), value);
    }

    void add(int row, int channel, double value) {
      set(row, channel, get(row, channel) + value);
    }

    double dot(int row, Head other, int otherRow) {
      double dot = 0;
      for (int c = 0; c < width; c++) {
        dot += get(row, c) * other.get(otherRow, c);
      }
      return dot;
    }
  }

  /** See {@link dev.hindsight.engine.Backend#attention}. */
  public static void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    int group = q.dim(1) / k.dim(1);
    Elements lses = Elements.of(lse);
    for (int h = 0; h < q.dim(1); h++) {
      Head queries = Head.of(q, h);
      Head keys = Head.of(k, h / group);
      Head values = Head.of(v, h / group);
      Head to = Head.of(out, h);
      for (int s = 0; s < layout.sequences(); s++) {
        for (int i = 0; i < layout.queryLength()[s]; i++) {
          int row = layout.queryStart()[s] + i;
          int firstKey = layout.keyStart()[s];
          double[] scores = new double[layout.visibleKeys(s, i)];
          double logSum = score(queries, row, keys, firstKey, scale, scores);
          lses.set(lse.offset() + row * lse.stride(0) + h * lse.stride(1), logSum);
          for (int c = 0; c < q.dim(2); c++) {
            double sum = 0;
            for (int j = 0; j < scores.length; j++) {
              sum += Math.exp(scores[j] - logSum) * values.get(firstKey + j, c);
            }
            to.set(row, c, sum);
          }
        }
      }
    }
  }

  /** Fills {@code scores} and gives the log of the sum of their exponentials. */
  private static double score(
      Head queries, int row, Head keys, int firstKey, double scale, double[] scores) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < scores.length; j++) {
      scores[j] = queries.dot(row, keys, firstKey + j) * scale;
      largest = Math.max(largest, scores[j]);
    }
    double sum = 0;
    for (double score : scores) {
      sum += Math.exp(score - largest);
    }
    return scores.length == 0 ? largest : largest + Math.log(sum);
  }

  /**
   * See {@link dev.hindsight.engine.Backend#attentionBackward}: with {@code p = exp(score - lse)}
   * and {@code ds = p (dOut.v - dOut.out)}, {@code dq = scale ds k}, {@code dk = scale ds q},
   * {@code dv = p dOut}.
   */
  public static void attentionBackward(
      Tensor q,
      Tensor k,
      Tensor v,
      SequenceLayout layout,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dq,
      Tensor dk,
      Tensor dv) {
    int group = q.dim(1) / k.dim(1);
    int width = q.dim(2);
    Elements lses = Elements.of(lse);
    for (int s = 0; s < layout.sequences(); s++) {
      int firstKey = layout.keyStart()[s];
      int length = layout.keyLength()[s];
      for (int kh = 0; kh < k.dim(1); kh++) {
        Head keys = Head.of(k, kh);
        Head values = Head.of(v, kh);
        // Sums over all queries of the group, rounded once at the end.
        double[][] dKeys = new double[length][width];
        double[][] dValues = new double[length][width];
        for (int h = kh * group; h < (kh + 1) * group; h++) {
          Head queries = Head.of(q, h);
          Head dOuts = Head.of(dOut, h);
          Head outs = Head.of(out, h);
          Head dQueries = Head.of(dq, h);
          for (int i = 0; i < layout.queryLength()[s]; i++) {
            int row = layout.queryStart()[s] + i;
            double logSum = lses.get(lse.offset() + row * lse.stride(0) + h * lse.stride(1));
            double dot = dOuts.dot(row, outs, row);
            double[] dQuery = new double[width];
            for (int j = 0; j < layout.visibleKeys(s, i); j++) {
              double p = Math.exp(queries.dot(row, keys, firstKey + j) * scale - logSum);
              double ds = p * (dOuts.dot(row, values, firstKey + j) - dot) * scale;
              for (int c = 0; c < width; c++) {
                dQuery[c] += ds * keys.get(firstKey + j, c);
                dKeys[j][c] += ds * queries.get(row, c);
                dValues[j][c] += p * dOuts.get(row, c);
              }
            }
            for (int c = 0; c < width; c++) {
              dQueries.set(row, c, dQuery[c]);
            }
          }
        }
        add(dKeys, Head.of(dk, kh), firstKey);
        add(dValues, Head.of(dv, kh), firstKey);
      }
    }
  }

  private static void add(double[][] rows, Head to, int firstRow) {
    for (int j = 0; j < rows.length; j++) {
      for (int c = 0; c < rows[j].length; c++) {
        to.add(firstRow + j, c, rows[j][c]);
      }
    }
  }
}
