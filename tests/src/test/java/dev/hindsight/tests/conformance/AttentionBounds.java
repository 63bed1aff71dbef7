package dev.hindsight.tests.conformance;

import dev.hindsight.engine.SequenceLayout;

/**
 * What rounding may do to attention, element by element.
 *
 * <p>A score over D channels is off by {@code e = gamma(D + 2) scale sum|q k|}, and a weight {@code
 * exp(s - max) / sum} by a relative {@code 2 max(e) + (n + c) u}: twice for the scores in numerator
 * and denominator, n additions, c for exp within 4 ulp of rounded arguments. Online softmax
 * rescales a partial result at each block of keys: two more roundings a key at most.
 */
final class AttentionBounds {
  private final Subject subject;
  private final int heads;
  private final int group;
  private final int keyHeads;
  private final int width;
  private final SequenceLayout layout;
  private final double scale;
  private final double[] q;
  private final double[] k;
  private final double[] v;
  private final double[] out;
  private final double[] lse;
  private final double[] dq;
  private final double[] dk;
  private final double[] dv;

  AttentionBounds(
      Subject subject,
      int[] heads,
      SequenceLayout layout,
      double scale,
      double[] q,
      double[] k,
      double[] v) {
    this.subject = subject;
    this.heads = heads[0];
    this.keyHeads = heads[1];
    this.group = heads[0] / heads[1];
    this.width = heads[2];
    this.layout = layout;
    this.scale = scale;
    this.q = q;
    this.k = k;
    this.v = v;
    this.out = new double[q.length];
    this.lse = new double[q.length / width];
    this.dq = new double[q.length];
    this.dk = new double[k.length];
    this.dv = new double[k.length];
    forward();
  }

  double[] out() {
    return out;
  }

  double[] lse() {
    return lse;
  }

  double[] dq() {
    return dq;
  }

  double[] dk() {
    return dk;
  }

  double[] dv() {
    return dv;
  }

  /** Where a head's row begins. */
  private int query(int s, int i, int h) {
    return ((layout.queryStart()[s] + i) * heads + h) * width;
  }

  private int key(int s, int j, int h) {
    return ((layout.keyStart()[s] + j) * keyHeads + h / group) * width;
  }

  private double dot(double[] a, int at, double[] b, int bt) {
    double sum = 0;
    for (int c = 0; c < width; c++) {
      sum += a[at + c] * b[bt + c];
    }
    return sum;
  }

  private double magnitude(double[] a, int at, double[] b, int bt) {
    double sum = 0;
    for (int c = 0; c < width; c++) {
      sum += Math.abs(a[at + c] * b[bt + c]);
    }
    return sum;
  }

  private double scoreError(int query, int key) {
    return subject.gamma(width + 2) * Math.abs(scale) * magnitude(q, query, k, key);
  }

  private void forward() {
    for (int s = 0; s < layout.sequences(); s++) {
      for (int i = 0; i < layout.queryLength()[s]; i++) {
        for (int h = 0; h < heads; h++) {
          forward(s, i, h);
        }
      }
    }
  }

  private void forward(int s, int i, int h) {
    int visible = layout.visibleKeys(s, i);
    int query = query(s, i, h);
    double[] weights = new double[visible];
    double largest = Double.NEGATIVE_INFINITY;
    double smallest = Double.POSITIVE_INFINITY;
    double error = 0;
    for (int j = 0; j < visible; j++) {
      weights[j] = scale * dot(q, query, k, key(s, j, h));
      largest = Math.max(largest, weights[j]);
      smallest = Math.min(smallest, weights[j]);
      error = Math.max(error, scoreError(query, key(s, j, h)));
    }
    double sum = 0;
    for (int j = 0; j < visible; j++) {
      weights[j] = Math.exp(weights[j] - largest);
      sum += weights[j];
    }
    double weightError = error + subject.gamma(3 * visible + 12 + largest - smallest);
    lse[query / width] = weightError;
    for (int c = 0; c < width; c++) {
      double magnitude = 0;
      for (int j = 0; j < visible; j++) {
        magnitude += weights[j] / sum * Math.abs(v[key(s, j, h) + c]);
      }
      out[query + c] = magnitude * (2 * weightError + subject.gamma(visible + 2));
    }
  }

  /** Fills the bounds of the gradients; the kernels get these outputs and log-sum-exps. */
  void backward(double[] y, double[] logSums, double[] d) {
    for (int s = 0; s < layout.sequences(); s++) {
      int queries = layout.queryLength()[s];
      for (int i = 0; i < queries; i++) {
        for (int h = 0; h < heads; h++) {
          backward(s, i, h, y, logSums[query(s, i, h) / width], d);
        }
      }
    }
  }

  private void backward(int s, int i, int h, double[] y, double logSum, double[] d) {
    int visible = layout.visibleKeys(s, i);
    int query = query(s, i, h);
    // How many terms the longest sum may have: keys for dq, queries of the group for dk and dv.
    double terms = subject.gamma(Math.max(visible, layout.queryLength()[s] * group) + 4);
    double rowDot = dot(d, query, y, query);
    double rowMagnitude = magnitude(d, query, y, query);
    for (int j = 0; j < visible; j++) {
      int key = key(s, j, h);
      double score = scale * dot(q, query, k, key);
      double p = Math.exp(score - logSum);
      double pError =
          scoreError(query, key)
              + subject.roundoff() * (12 + Math.abs(score) + 2 * Math.abs(logSum));
      double dp = dot(d, query, v, key) - rowDot;
      double dpError =
          subject.gamma(width + 2) * (magnitude(d, query, v, key) + rowMagnitude)
              + subject.roundoff() * Math.abs(dp);
      double ds = Math.abs(scale) * p * Math.abs(dp);
      double dsError =
          Math.abs(scale) * p * (pError * Math.abs(dp) + dpError) + 2 * subject.roundoff() * ds;
      for (int c = 0; c < width; c++) {
        dq[query + c] += (dsError + terms * ds) * Math.abs(k[key + c]);
        dk[key + c] += (dsError + terms * ds) * Math.abs(q[query + c]);
        dv[key + c] += (pError + terms) * p * Math.abs(d[query + c]);
      }
    }
  }
}
