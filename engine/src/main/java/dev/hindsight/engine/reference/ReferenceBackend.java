package dev.hindsight.engine.reference;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.HostBackend;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import org.jspecify.annotations.Nullable;

/**
 * The CPU backend of plain loops, F32 and F64, one thread: the truth for every other backend, and
 * what they hand F64 to. Each family of kernels is a file of its own beside this one.
 */
public final class ReferenceBackend extends HostBackend {
  static final String NAME = "reference";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "reference: plain loops on one CPU thread, F32 and F64";
  }

  @Override
  public boolean supports(DType dtype) {
    return dtype.computes();
  }

  @Override
  public void fill(Tensor out, double value) {
    ReferenceElementwise.fill(out, value);
  }

  @Override
  public void copy(Tensor x, Tensor out) {
    ReferenceElementwise.copy(x, out);
  }

  @Override
  public void unary(UnaryOp op, Tensor x, Tensor out) {
    ReferenceElementwise.unary(op, x, out);
  }

  @Override
  public void unaryBackward(UnaryOp op, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    ReferenceElementwise.unaryBackward(op, x, dy, dx);
  }

  @Override
  public void binary(BinaryOp op, Tensor a, Tensor b, Tensor out) {
    ReferenceElementwise.binary(op, a, b, out);
  }

  @Override
  public void affine(Tensor x, double scale, double shift, Tensor out) {
    ReferenceElementwise.affine(x, scale, shift, out);
  }

  @Override
  public void clamp(Tensor x, double low, double high, Tensor out) {
    ReferenceElementwise.clamp(x, low, high, out);
  }

  @Override
  public void where(Tensor condition, Tensor a, Tensor b, Tensor out) {
    ReferenceElementwise.where(condition, a, b, out);
  }

  @Override
  public void addScaled(Tensor x, double scale, Tensor out) {
    ReferenceElementwise.addScaled(x, scale, out);
  }

  @Override
  public void reduce(ReduceOp op, Tensor x, Tensor out) {
    ReferenceReduction.reduce(op, x, out);
  }

  @Override
  public double sumOfSquares(Tensor x) {
    return ReferenceReduction.sumOfSquares(x);
  }

  @Override
  public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    ReferenceMatmul.matmul(a, b, out, accumulate);
  }

  @Override
  public void gatherRows(Tensor table, Tensor ids, Tensor out) {
    ReferenceIndexing.gatherRows(table, ids, out);
  }

  @Override
  public void scatterAddRows(Tensor rows, Tensor ids, Tensor out) {
    ReferenceIndexing.scatterAddRows(rows, ids, out);
  }

  @Override
  public void gatherLast(Tensor x, Tensor index, Tensor out) {
    ReferenceIndexing.gatherLast(x, index, out);
  }

  @Override
  public void scatterAddLast(Tensor x, Tensor index, Tensor out) {
    ReferenceIndexing.scatterAddLast(x, index, out);
  }

  @Override
  public void topK(Tensor x, Tensor values, Tensor indices) {
    ReferenceIndexing.topK(x, values, indices);
  }

  @Override
  public void softmax(Tensor x, Tensor out) {
    ReferenceSoftmax.softmax(x, out);
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    ReferenceSoftmax.softmaxBackward(y, dy, dx);
  }

  @Override
  public void logSoftmax(Tensor x, Tensor out) {
    ReferenceSoftmax.logSoftmax(x, out);
  }

  @Override
  public void logSoftmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    ReferenceSoftmax.logSoftmaxBackward(y, dy, dx);
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor out, Tensor rstd) {
    ReferenceNorms.rmsNorm(x, weight, epsilon, out, rstd);
  }

  @Override
  public void rmsNormBackward(
      Tensor x,
      Tensor weight,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight) {
    ReferenceNorms.rmsNormBackward(x, weight, rstd, dy, dx, dWeight);
  }

  @Override
  public void layerNorm(
      Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    ReferenceNorms.layerNorm(x, weight, bias, epsilon, out, mean, rstd);
  }

  @Override
  public void layerNormBackward(
      Tensor x,
      Tensor weight,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight,
      @Nullable Tensor dBias) {
    ReferenceNorms.layerNormBackward(x, weight, mean, rstd, dy, dx, dWeight, dBias);
  }

  @Override
  public void rope(Tensor x, Tensor positions, double theta, boolean inverse, Tensor out) {
    ReferenceRope.rope(x, positions, theta, inverse, out);
  }

  @Override
  public void swiglu(Tensor gate, Tensor up, Tensor out) {
    ReferenceElementwise.swiglu(gate, up, out);
  }

  @Override
  public void swigluBackward(Tensor gate, Tensor up, Tensor dy, Tensor dGate, Tensor dUp) {
    ReferenceElementwise.swigluBackward(gate, up, dy, dGate, dUp);
  }

  @Override
  public void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    ReferenceAttention.attention(q, k, v, layout, scale, out, lse);
  }

  @Override
  public void attentionBackward(
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
    ReferenceAttention.attentionBackward(q, k, v, layout, scale, out, lse, dOut, dq, dk, dv);
  }

  @Override
  public void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    ReferenceSoftmax.crossEntropy(logits, targets, loss, lse);
  }

  @Override
  public void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits) {
    ReferenceSoftmax.crossEntropyBackward(logits, targets, lse, dLoss, dLogits);
  }

  @Override
  public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    ReferenceElementwise.adamW(parameter, gradient, m, v, step);
  }

  @Override
  public void lerp(Tensor x, double rate, Tensor out) {
    ReferenceElementwise.lerp(x, rate, out);
  }
}
