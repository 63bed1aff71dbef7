package dev.hindsight.engine;

import static dev.hindsight.engine.OperandChecks.apart;
import static dev.hindsight.engine.OperandChecks.computing;
import static dev.hindsight.engine.OperandChecks.destination;
import static dev.hindsight.engine.OperandChecks.disjoint;
import static dev.hindsight.engine.OperandChecks.gradient;
import static dev.hindsight.engine.OperandChecks.inPlaceOrDisjoint;
import static dev.hindsight.engine.OperandChecks.lastAxis;
import static dev.hindsight.engine.OperandChecks.require;
import static dev.hindsight.engine.OperandChecks.requireContiguous;
import static dev.hindsight.engine.OperandChecks.requireHeads;
import static dev.hindsight.engine.OperandChecks.requireIndices;
import static dev.hindsight.engine.OperandChecks.requireRank;
import static dev.hindsight.engine.OperandChecks.requireRows;
import static dev.hindsight.engine.OperandChecks.requireStatistic;
import static dev.hindsight.engine.OperandChecks.requireTargets;
import static dev.hindsight.engine.OperandChecks.sameShape;
import static dev.hindsight.engine.TensorOps.fill;
import static dev.hindsight.engine.TensorOps.like;
import static dev.hindsight.engine.TensorOps.zeros;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The checked front of {@link Backend} for the layers of a network: softmax, norms, rotary
 * embedding, SwiGLU, attention and cross-entropy, each beside its gradient. It checks and allocates
 * as {@link TensorOps} does.
 */
public final class LayerOps {
  private LayerOps() {}

  // ------------------------------------------------------ softmax and norms

  /** Softmax over the last axis. */
  public static Tensor softmax(Tensor x) {
    lastAxis("softmax", x);
    Tensor out = like(x);
    destination("softmax", out).softmax(x, out);
    return out;
  }

  /** See {@link Backend#softmaxBackward}. */
  public static Tensor softmaxBackward(Tensor y, Tensor dy) {
    computing("softmax backward", y, dy);
    lastAxis("softmax backward", y);
    sameShape("softmax backward", y, dy);
    Tensor dx = like(y);
    destination("softmax backward", dx).softmaxBackward(y, dy, dx);
    return dx;
  }

  /** Log-softmax over the last axis. */
  public static Tensor logSoftmax(Tensor x) {
    lastAxis("logSoftmax", x);
    Tensor out = like(x);
    destination("logSoftmax", out).logSoftmax(x, out);
    return out;
  }

  /** See {@link Backend#logSoftmaxBackward}. */
  public static Tensor logSoftmaxBackward(Tensor y, Tensor dy) {
    computing("logSoftmax backward", y, dy);
    lastAxis("logSoftmax backward", y);
    sameShape("logSoftmax backward", y, dy);
    Tensor dx = like(y);
    destination("logSoftmax backward", dx).logSoftmaxBackward(y, dy, dx);
    return dx;
  }

  /** Output and the reciprocal root mean square of each row. */
  public record RmsNorm(Tensor out, Tensor rstd) {}

  /** See {@link Backend#rmsNorm}: {@code x [N, D]}, {@code weight [D]}. */
  public static RmsNorm rmsNorm(Tensor x, Tensor weight, double epsilon) {
    computing("rmsNorm", x, weight);
    requireRows("rmsNorm", x, weight);
    RmsNorm y = new RmsNorm(like(x), like(x, Shape.of(x.dim(0))));
    destination("rmsNorm", y.out).rmsNorm(x, weight, epsilon, y.out, y.rstd);
    return y;
  }

  /** Gradients of {@link #rmsNorm}; a destination that is null is not computed. */
  public static void rmsNormBackward(
      Tensor x,
      Tensor weight,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight) {
    computing("rmsNorm backward", x, weight, rstd, dy);
    requireRows("rmsNorm backward", x, weight);
    requireStatistic("rmsNorm backward", x, rstd);
    sameShape("rmsNorm backward", x, dy);
    gradient("rmsNorm backward", x, dx, x, weight, rstd, dy);
    gradient("rmsNorm backward", weight, dWeight, x, weight, rstd, dy);
    apart("rmsNorm backward", dx, dWeight);
    x.backend().rmsNormBackward(x, weight, rstd, dy, dx, dWeight);
  }

  /** Output, mean and reciprocal standard deviation of each row. */
  public record LayerNorm(Tensor out, Tensor mean, Tensor rstd) {}

  /** See {@link Backend#layerNorm}: {@code x [N, D]}, {@code weight, bias [D]}. */
  public static LayerNorm layerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon) {
    computing("layerNorm", x, weight, bias);
    requireRows("layerNorm", x, weight);
    requireRows("layerNorm", x, bias);
    LayerNorm y = new LayerNorm(like(x), like(x, Shape.of(x.dim(0))), like(x, Shape.of(x.dim(0))));
    destination("layerNorm", y.out).layerNorm(x, weight, bias, epsilon, y.out, y.mean, y.rstd);
    return y;
  }

  /** Gradients of {@link #layerNorm}; a destination that is null is not computed. */
  public static void layerNormBackward(
      Tensor x,
      Tensor weight,
      LayerNorm y,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight,
      @Nullable Tensor dBias) {
    computing("layerNorm backward", x, weight, y.mean, y.rstd, dy);
    requireRows("layerNorm backward", x, weight);
    requireStatistic("layerNorm backward", x, y.mean);
    requireStatistic("layerNorm backward", x, y.rstd);
    sameShape("layerNorm backward", x, dy);
    Tensor[] operands = {x, weight, y.mean, y.rstd, dy};
    gradient("layerNorm backward", x, dx, operands);
    gradient("layerNorm backward", weight, dWeight, operands);
    gradient("layerNorm backward", weight, dBias, operands);
    apart("layerNorm backward", dx, dWeight);
    apart("layerNorm backward", dx, dBias);
    apart("layerNorm backward", dWeight, dBias);
    x.backend().layerNormBackward(x, weight, y.mean, y.rstd, dy, dx, dWeight, dBias);
  }

  // ------------------------------------------------------------------ linear

  /** Output, and what the activation was applied to where that was asked for. */
  public record Linear(Tensor out, @Nullable Tensor before) {}

  /**
   * {@code activation(x weight^T + bias) + residual}, see {@link Backend#linear}: {@code x [N,
   * in]}, {@code weight [out, in]}, {@code bias [out]}, {@code residual [N, out]}. What is null is
   * left out.
   *
   * @param keepBefore whether the gradient of the activation will be wanted
   */
  public static Linear linear(
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable UnaryOp activation,
      @Nullable Tensor residual,
      boolean keepBefore) {
    computing("linear", x, weight);
    requireRank("linear", x, 2);
    require(
        weight.rank() == 2 && weight.dim(1) == x.dim(1),
        "linear: %s needs a weight of shape [out, %d], got %s",
        x,
        x.dim(1),
        weight);
    Shape shape = Shape.of(x.dim(0), weight.dim(0));
    if (bias != null) {
      computing("linear", x, bias);
      require(
          bias.rank() == 1 && bias.dim(0) == weight.dim(0),
          "linear: a weight %s needs a bias of shape [%d], got %s",
          weight,
          weight.dim(0),
          bias);
    }
    if (residual != null) {
      computing("linear", x, residual);
      require(
          residual.shape().equals(shape),
          "linear: %s x %s gives %s, the residual is %s",
          x,
          weight,
          shape,
          residual);
      residual = TensorOps.contiguous(residual);
    }
    Tensor before = keepBefore && activation != null ? like(x, shape) : null;
    Linear y = new Linear(like(x, shape), before);
    destination("linear", y.out).linear(x, weight, bias, activation, residual, before, y.out);
    return y;
  }

  // ------------------------------------------------------------ transformer

  /** See {@link Backend#rope}: {@code x [N, H, D]} with even D, {@code positions [N]}. */
  public static Tensor rope(Tensor x, Tensor positions, double theta, boolean inverse) {
    computing("rope", x);
    requireRank("rope", x, 3);
    requireIndices("rope", x, positions, 1);
    require(x.dim(2) % 2 == 0, "rope: head extent of %s must be even", x);
    require(
        positions.dim(0) == x.dim(0), "rope: %s needs one position a row, got %s", x, positions);
    require(
        theta > 0 && theta < Double.POSITIVE_INFINITY,
        "rope: theta must be positive and finite, got %s; models use 10000 and more",
        theta);
    Tensor out = like(x);
    destination("rope", out).rope(x, positions, theta, inverse, out);
    return out;
  }

  /** {@code silu(gate) * up}. */
  public static Tensor swiglu(Tensor gate, Tensor up) {
    computing("swiglu", gate, up);
    sameShape("swiglu", gate, up);
    Tensor out = like(gate);
    destination("swiglu", out).swiglu(gate, up, out);
    return out;
  }

  /** The gradients of two operands. */
  public record Pair(Tensor first, Tensor second) {}

  /** Gradients of {@link #swiglu} with respect to gate and up. */
  public static Pair swigluBackward(Tensor gate, Tensor up, Tensor dy) {
    computing("swiglu backward", gate, up, dy);
    sameShape("swiglu backward", gate, up);
    sameShape("swiglu backward", gate, dy);
    Pair d = new Pair(like(gate), like(up));
    destination("swiglu backward", d.first).swigluBackward(gate, up, dy, d.first, d.second);
    return d;
  }

  /** Output {@code [Nq, H, D]} and log-sum-exp of the scores {@code [Nq, H]}. */
  public record Attention(Tensor out, Tensor lse) {}

  /** See {@link Backend#attention}. Query rows that no sequence names give zero. */
  public static Attention attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale) {
    Tensor out = attentionOutput(q, k, v, layout);
    Tensor lse = like(q, Shape.of(q.dim(0), q.dim(1)));
    if (!namesEveryRow(layout, q)) {
      fill(lse, 0);
    }
    destination("attention", out).attention(q, k, v, layout, scale, out, lse);
    return new Attention(out, lse);
  }

  /** The output of {@link #attention} alone, for a pass that no gradient follows. */
  public static Tensor attentionWithoutGradient(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale) {
    Tensor out = attentionOutput(q, k, v, layout);
    destination("attention", out).attention(q, k, v, layout, scale, out);
    return out;
  }

  private static Tensor attentionOutput(Tensor q, Tensor k, Tensor v, SequenceLayout layout) {
    requireHeads("attention", q, k, v, layout);
    Tensor out = like(q);
    if (!namesEveryRow(layout, q)) {
      fill(out, 0);
    }
    return out;
  }

  private static boolean namesEveryRow(SequenceLayout layout, Tensor q) {
    return Arrays.stream(layout.queryLength()).asLongStream().sum() == q.dim(0);
  }

  /** Gradients of {@link #attention} with respect to q, k and v. */
  public static Tensor[] attentionBackward(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Attention y, Tensor dOut) {
    requireHeads("attention backward", q, k, v, layout);
    computing("attention backward", q, y.out, y.lse, dOut);
    sameShape("attention backward", q, y.out);
    sameShape("attention backward", q, dOut);
    require(
        y.lse.shape().equals(q.shape().drop(2)),
        "attention backward: log-sum-exp %s does not fit q %s",
        y.lse,
        q);
    Tensor dq = zeros(q.backend(), q.dtype(), q.shape());
    Tensor dk = zeros(k.backend(), k.dtype(), k.shape());
    Tensor dv = zeros(v.backend(), v.dtype(), v.shape());
    destination("attention backward", dq)
        .attentionBackward(q, k, v, layout, scale, y.out, y.lse, dOut, dq, dk, dv);
    return new Tensor[] {dq, dk, dv};
  }

  /** Loss and log-sum-exp of each row. */
  public record CrossEntropy(Tensor loss, Tensor lse) {}

  /**
   * See {@link Backend#crossEntropy}: {@code logits [N, V]}, {@code targets [N]} I32, negative
   * means ignored.
   */
  public static CrossEntropy crossEntropy(Tensor logits, Tensor targets) {
    computing("crossEntropy", logits);
    requireTargets("crossEntropy", logits, targets);
    Shape rows = Shape.of(logits.dim(0));
    CrossEntropy y = new CrossEntropy(like(logits, rows), like(logits, rows));
    destination("crossEntropy", y.loss).crossEntropy(logits, targets, y.loss, y.lse);
    return y;
  }

  /** See {@link Backend#crossEntropyBackward}. */
  public static Tensor crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss) {
    computing("crossEntropy backward", logits);
    Tensor out = like(logits);
    crossEntropyBackward(logits, targets, lse, dLoss, out);
    return out;
  }

  /**
   * See {@link Backend#crossEntropyBackward}: {@code dLogits} is contiguous, and may be {@code
   * logits}.
   */
  public static void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits) {
    computing("crossEntropy backward", logits, lse, dLoss, dLogits);
    requireTargets("crossEntropy backward", logits, targets);
    requireStatistic("crossEntropy backward", logits, lse);
    requireStatistic("crossEntropy backward", logits, dLoss);
    sameShape("crossEntropy backward", logits, dLogits);
    requireContiguous("crossEntropy backward", dLogits);
    inPlaceOrDisjoint("crossEntropy backward", dLogits, logits);
    disjoint("crossEntropy backward", dLogits, targets, lse, dLoss);
    destination("crossEntropy backward", dLogits)
        .crossEntropyBackward(logits, targets, lse, dLoss, dLogits);
  }
}
