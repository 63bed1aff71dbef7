package dev.hindsight.engine.reference;

import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** RMSNorm (Zhang and Sennrich, 2019) and LayerNorm (Ba et al., 2016) over rows of host tensors. */
public final class ReferenceNorms {
  private ReferenceNorms() {}

  /** The elements of a vector. */
  private static double[] vector(Tensor t) {
    Elements from = Elements.of(t);
    double[] v = new double[t.dim(0)];
    for (int i = 0; i < v.length; i++) {
      v[i] = from.get(t.offset() + i * t.stride(0));
    }
    return v;
  }

  private static void store(double[] v, @Nullable Tensor out) {
    if (out == null) {
      return;
    }
    Elements to = Elements.of(out);
    for (int i = 0; i < v.length; i++) {
      to.set(out.offset() + i * out.stride(0), v[i]);
    }
  }

  /** See {@link dev.hindsight.engine.Backend#rmsNorm}. */
  public static void rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor out, Tensor rstd) {
    double[] w = vector(weight);
    double[] scales = new double[x.dim(0)];
    Elements from = Elements.of(x);
    Elements to = Elements.of(out);
    int n = 0;
    for (Rows rows = Rows.lastAxis(x, out); rows.next(); n++) {
      double squares = 0;
      for (int i = 0; i < w.length; i++) {
        double v = from.get(rows.at(0, i));
        squares += v * v;
      }
      scales[n] = 1 / Math.sqrt(squares / w.length + epsilon);
      for (int i = 0; i < w.length; i++) {
        to.set(rows.at(1, i), from.get(rows.at(0, i)) * scales[n] * w[i]);
      }
    }
    store(scales, rstd);
  }

  /**
   * See {@link dev.hindsight.engine.Backend#rmsNormBackward}: with {@code xhat = x rstd} and {@code
   * g = dy weight}, {@code dx = rstd (g - xhat mean(g xhat))} and {@code dWeight = sum(dy xhat)}.
   */
  public static void rmsNormBackward(
      Tensor x,
      Tensor weight,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight) {
    double[] w = vector(weight);
    double[] scales = vector(rstd);
    double[] dw = new double[w.length];
    Elements from = Elements.of(x);
    Elements dys = Elements.of(dy);
    Elements to = dx == null ? null : Elements.of(dx);
    int n = 0;
    for (Rows rows = Rows.lastAxis(x, dy, dx == null ? x : dx); rows.next(); n++) {
      double dot = 0;
      for (int i = 0; i < w.length; i++) {
        double normal = from.get(rows.at(0, i)) * scales[n];
        double d = dys.get(rows.at(1, i));
        dot += d * w[i] * normal;
        dw[i] += d * normal;
      }
      double mean = dot / w.length;
      for (int i = 0; to != null && i < w.length; i++) {
        double normal = from.get(rows.at(0, i)) * scales[n];
        to.set(rows.at(2, i), scales[n] * (dys.get(rows.at(1, i)) * w[i] - normal * mean));
      }
    }
    store(dw, dWeight);
  }

  /** See {@link dev.hindsight.engine.Backend#layerNorm}: the variance is that of the row itself. */
  public static void layerNorm(
      Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    double[] w = vector(weight);
    double[] b = vector(bias);
    double[] means = new double[x.dim(0)];
    double[] scales = new double[x.dim(0)];
    Elements from = Elements.of(x);
    Elements to = Elements.of(out);
    int n = 0;
    for (Rows rows = Rows.lastAxis(x, out); rows.next(); n++) {
      double sum = 0;
      for (int i = 0; i < w.length; i++) {
        sum += from.get(rows.at(0, i));
      }
      means[n] = sum / w.length;
      double squares = 0;
      for (int i = 0; i < w.length; i++) {
        double v = from.get(rows.at(0, i)) - means[n];
        squares += v * v;
      }
      scales[n] = 1 / Math.sqrt(squares / w.length + epsilon);
      for (int i = 0; i < w.length; i++) {
        double normal = (from.get(rows.at(0, i)) - means[n]) * scales[n];
        to.set(rows.at(1, i), normal * w[i] + b[i]);
      }
    }
    store(means, mean);
    store(scales, rstd);
  }

  /**
   * See {@link dev.hindsight.engine.Backend#layerNormBackward}: as {@link #rmsNormBackward} with
   * {@code xhat = (x - mean) rstd}, and {@code dx = rstd (g - mean(g) - xhat mean(g xhat))}.
   */
  public static void layerNormBackward(
      Tensor x,
      Tensor weight,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight,
      @Nullable Tensor dBias) {
    double[] w = vector(weight);
    double[] means = vector(mean);
    double[] scales = vector(rstd);
    double[] dw = new double[w.length];
    double[] db = new double[w.length];
    Elements from = Elements.of(x);
    Elements dys = Elements.of(dy);
    Elements to = dx == null ? null : Elements.of(dx);
    int n = 0;
    for (Rows rows = Rows.lastAxis(x, dy, dx == null ? x : dx); rows.next(); n++) {
      double sum = 0;
      double dot = 0;
      for (int i = 0; i < w.length; i++) {
        double normal = (from.get(rows.at(0, i)) - means[n]) * scales[n];
        double d = dys.get(rows.at(1, i));
        sum += d * w[i];
        dot += d * w[i] * normal;
        dw[i] += d * normal;
        db[i] += d;
      }
      for (int i = 0; to != null && i < w.length; i++) {
        double normal = (from.get(rows.at(0, i)) - means[n]) * scales[n];
        double g = dys.get(rows.at(1, i)) * w[i];
        to.set(rows.at(2, i), scales[n] * (g - sum / w.length - normal * dot / w.length));
      }
    }
    store(dw, dWeight);
    store(db, dBias);
  }
}
