package dev.hindsight.engine.vector;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.HostBackend;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.reference.ReferenceBackend;
import java.lang.ref.Reference;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The fast CPU backend for F32, on the Vector API; each family of kernels is a file of its own
 * beside this one. F64 and what is not worth a kernel go to the reference backend, which reads the
 * same memory. A backend for a device that reads host memory may extend it, and override what it
 * offloads.
 *
 * <p>Kernels work with absolute addresses, so each method here keeps its operands reachable until
 * the kernel is done.
 */
public class VectorBackend extends HostBackend {
  static final String NAME = "vector";

  private final ReferenceBackend reference = new ReferenceBackend();

  /**
   * A backend of this kind; {@link VectorProvider} says whether it can run here.
   *
   * @throws IllegalStateException when this JVM's vectors are not 128 to 512 bits wide
   * @throws IllegalArgumentException when a property asks for a width that there is not
   */
  public VectorBackend() {
    VectorProvider.requireWidth(System.getProperty(Simd.WIDTH_PROPERTY));
    VectorProvider.requireLanes(Simd.LANES);
    KernelCompilation.prepare();
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "vector: "
        + Simd.F.vectorBitSize()
        + "-bit vectors, "
        + Threads.count()
        + " threads, F32";
  }

  @Override
  public boolean supports(DType dtype) {
    return dtype == DType.F32;
  }

  @Override
  public OptionalDouble measurePeak() {
    return OptionalDouble.of(FmaPeak.measure());
  }

  @Override
  public void fill(Tensor out, double value) {
    if (isF32(out) && out.isContiguous()) {
      Fill.contiguous(out, (float) value);
      keep(out);
    } else if (isF32(out) && out.rank() == 2 && hasDenseRows(out)) {
      int rows = out.dim(0);
      Fill.rows(rows, out.dim(1), Simd.address(out), 4 * out.stride(0), (float) value);
      keep(out);
    } else {
      reference.fill(out, value);
    }
  }

  @Override
  public void copy(Tensor x, Tensor out) {
    boolean words = x.dtype() == out.dtype() && x.dtype().bytes() == 4;
    if (!words || !Copy.copy(x, out)) {
      reference.copy(x, out);
    }
    keep(x, out);
  }

  @Override
  public void unary(UnaryOp op, Tensor x, Tensor out) {
    if (isF32(out)) {
      UnaryLoop.unary(op, x, out);
      keep(x, out);
    } else {
      reference.unary(op, x, out);
    }
  }

  @Override
  public void unaryBackward(UnaryOp op, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    if (isF32(dx)) {
      UnaryBackwardLoop.unaryBackward(op, x, dy, dx);
      keep(x, dy, dx);
    } else {
      reference.unaryBackward(op, x, y, dy, dx);
    }
  }

  @Override
  public void binary(BinaryOp op, Tensor a, Tensor b, Tensor out) {
    if (isF32(out)) {
      BinaryLoop.binary(op, a, b, out);
      keep(a, b, out);
    } else {
      reference.binary(op, a, b, out);
    }
  }

  @Override
  public void affine(Tensor x, double scale, double shift, Tensor out) {
    if (isF32(out)) {
      MapLoops.affine(x, scale, shift, out);
      keep(x, out);
    } else {
      reference.affine(x, scale, shift, out);
    }
  }

  @Override
  public void clamp(Tensor x, double low, double high, Tensor out) {
    if (isF32(out)) {
      MapLoops.clamp(x, low, high, out);
      keep(x, out);
    } else {
      reference.clamp(x, low, high, out);
    }
  }

  @Override
  public void where(Tensor condition, Tensor a, Tensor b, Tensor out) {
    if (isF32(out)) {
      MapLoops.where(condition, a, b, out);
      keep(condition, a, b, out);
    } else {
      reference.where(condition, a, b, out);
    }
  }

  @Override
  public void addScaled(Tensor x, double scale, Tensor out) {
    if (isF32(out)) {
      MapLoops.addScaled(x, scale, out);
      keep(x, out);
    } else {
      reference.addScaled(x, scale, out);
    }
  }

  @Override
  public void reduce(ReduceOp op, Tensor x, Tensor out) {
    if (!isF32(x) || !Reduction.reduce(op, x, out)) {
      reference.reduce(op, x, out);
    }
    keep(x, out);
  }

  @Override
  public double sumOfSquares(Tensor x) {
    return sumOfSquares(List.of(x));
  }

  @Override
  public double sumOfSquares(List<Tensor> tensors) {
    if (!areDense(tensors)) {
      double sum = 0;
      for (Tensor x : tensors) {
        sum += areDense(List.of(x)) ? sumOfSquares(x) : reference.sumOfSquares(x);
      }
      return sum;
    }
    double sum = SumOfSquares.of(tensors);
    Reference.reachabilityFence(tensors);
    return sum;
  }

  @Override
  public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    if (isF32(out)) {
      Matmul.matmul(a, b, out, accumulate);
      keep(a, b, out);
    } else {
      reference.matmul(a, b, out, accumulate);
    }
  }

  @Override
  public void linear(
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable UnaryOp activation,
      @Nullable Tensor residual,
      @Nullable Tensor before,
      Tensor out) {
    if (isF32(out) && (bias == null || bias.isContiguous())) {
      Matmul.linear(x, weight, Epilogue.of(bias, activation, residual, before, out), out);
      keep(x, weight, bias, residual, before, out);
    } else {
      super.linear(x, weight, bias, activation, residual, before, out);
    }
  }

  @Override
  public void gatherRows(Tensor table, Tensor ids, Tensor out) {
    if (isF32(table) && hasDenseRows(table)) {
      Indexing.gatherRows(table, ids, out);
      keep(table, ids, out);
    } else {
      reference.gatherRows(table, ids, out);
    }
  }

  @Override
  public void scatterAddRows(Tensor rows, Tensor ids, Tensor out) {
    if (isF32(out) && hasDenseRows(rows)) {
      Indexing.scatterAddRows(rows, ids, out);
      keep(rows, ids, out);
    } else {
      reference.scatterAddRows(rows, ids, out);
    }
  }

  @Override
  public void gatherLast(Tensor x, Tensor index, Tensor out) {
    if (isF32(x)) {
      Indexing.gatherLast(x, index, out);
      keep(x, index, out);
    } else {
      reference.gatherLast(x, index, out);
    }
  }

  @Override
  public void scatterAddLast(Tensor x, Tensor index, Tensor out) {
    if (isF32(x)) {
      Indexing.scatterAddLast(x, index, out);
      keep(x, index, out);
    } else {
      reference.scatterAddLast(x, index, out);
    }
  }

  @Override
  public void topK(Tensor x, Tensor values, Tensor indices) {
    if (isF32(x)) {
      TopK.topK(x, values, indices);
      keep(x, values, indices);
    } else {
      reference.topK(x, values, indices);
    }
  }

  @Override
  public void softmax(Tensor x, Tensor out) {
    if (isF32(out)) {
      Softmax.softmax(x, out);
      keep(x, out);
    } else {
      reference.softmax(x, out);
    }
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    if (isF32(dx)) {
      Softmax.softmaxBackward(y, dy, dx);
      keep(y, dy, dx);
    } else {
      reference.softmaxBackward(y, dy, dx);
    }
  }

  @Override
  public void logSoftmax(Tensor x, Tensor out) {
    if (isF32(out)) {
      Softmax.logSoftmax(x, out);
      keep(x, out);
    } else {
      reference.logSoftmax(x, out);
    }
  }

  @Override
  public void logSoftmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    if (isF32(dx)) {
      Softmax.logSoftmaxBackward(y, dy, dx);
      keep(y, dy, dx);
    } else {
      reference.logSoftmaxBackward(y, dy, dx);
    }
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor out, Tensor rstd) {
    if (isF32(x)) {
      RmsNorm.rmsNorm(x, weight, epsilon, out, rstd);
      keep(x, weight, out, rstd);
    } else {
      reference.rmsNorm(x, weight, epsilon, out, rstd);
    }
  }

  @Override
  public void rmsNormBackward(
      Tensor x,
      Tensor weight,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight) {
    if (isF32(x)) {
      RmsNorm.rmsNormBackward(x, weight, rstd, dy, dx, dWeight);
      keep(x, weight, rstd, dy, dx, dWeight);
    } else {
      reference.rmsNormBackward(x, weight, rstd, dy, dx, dWeight);
    }
  }

  @Override
  public void layerNorm(
      Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    if (isF32(x)) {
      LayerNorm.layerNorm(x, weight, bias, epsilon, out, mean, rstd);
      keep(x, weight, bias, out, mean, rstd);
    } else {
      reference.layerNorm(x, weight, bias, epsilon, out, mean, rstd);
    }
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
    if (isF32(x)) {
      LayerNorm.layerNormBackward(x, weight, mean, rstd, dy, dx, dWeight, dBias);
      keep(x, weight, mean, rstd, dy, dx, dWeight, dBias);
    } else {
      reference.layerNormBackward(x, weight, mean, rstd, dy, dx, dWeight, dBias);
    }
  }

  @Override
  public void rope(Tensor x, Tensor positions, double theta, boolean inverse, Tensor out) {
    if (!isF32(x) || !Rope.rope(x, positions, theta, inverse, out)) {
      reference.rope(x, positions, theta, inverse, out);
    }
    keep(x, positions, out);
  }

  @Override
  public void swiglu(Tensor gate, Tensor up, Tensor out) {
    if (isF32(out)) {
      MapLoops.swiglu(gate, up, out);
      keep(gate, up, out);
    } else {
      reference.swiglu(gate, up, out);
    }
  }

  @Override
  public void swigluBackward(Tensor gate, Tensor up, Tensor dy, Tensor dGate, Tensor dUp) {
    if (isF32(dy)) {
      MapLoops.swigluBackward(gate, up, dy, dGate, dUp);
      keep(gate, up, dy, dGate, dUp);
    } else {
      reference.swigluBackward(gate, up, dy, dGate, dUp);
    }
  }

  @Override
  public void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    if (isF32(q)) {
      Attention.attention(q, k, v, layout, scale, out, lse);
      keep(q, k, v, out, lse);
    } else {
      reference.attention(q, k, v, layout, scale, out, lse);
    }
  }

  @Override
  public void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out) {
    if (isF32(q)) {
      Attention.attention(q, k, v, layout, scale, out, null);
      keep(q, k, v, out);
    } else {
      super.attention(q, k, v, layout, scale, out);
    }
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
    if (isF32(q) && out.stride(2) == 1) {
      AttentionBackward.attentionBackward(q, k, v, layout, scale, out, lse, dOut, dq, dk, dv);
      keep(q, k, v, out, lse, dOut, dq, dk, dv);
    } else {
      reference.attentionBackward(q, k, v, layout, scale, out, lse, dOut, dq, dk, dv);
    }
  }

  @Override
  public void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    if (isF32(logits)) {
      CrossEntropy.crossEntropy(logits, targets, loss, lse);
      keep(logits, targets, loss, lse);
    } else {
      reference.crossEntropy(logits, targets, loss, lse);
    }
  }

  @Override
  public void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits) {
    if (isF32(logits)) {
      CrossEntropy.crossEntropyBackward(logits, targets, lse, dLoss, dLogits);
      keep(logits, targets, lse, dLoss, dLogits);
    } else {
      reference.crossEntropyBackward(logits, targets, lse, dLoss, dLogits);
    }
  }

  @Override
  public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    if (isF32(parameter) && gradient.isContiguous()) {
      adamW(List.of(parameter), List.of(gradient), List.of(m), List.of(v), step, List.of(), 0);
    } else {
      reference.adamW(parameter, gradient, m, v, step);
    }
  }

  @Override
  public void adamW(
      List<Tensor> parameters,
      List<Tensor> gradients,
      List<Tensor> m,
      List<Tensor> v,
      AdamWStep step,
      List<Tensor> averages,
      double averageRate) {
    if (areDense(parameters) && areDense(gradients)) {
      AdamW.step(parameters, gradients, m, v, step, averages, averageRate);
      Reference.reachabilityFence(averages);
      Reference.reachabilityFence(parameters);
      Reference.reachabilityFence(gradients);
      Reference.reachabilityFence(m);
      Reference.reachabilityFence(v);
    } else {
      super.adamW(parameters, gradients, m, v, step, averages, averageRate);
    }
  }

  @Override
  public void lerp(Tensor x, double rate, Tensor out) {
    if (isF32(out)) {
      MapLoops.lerp(x, rate, out);
      keep(x, out);
    } else {
      reference.lerp(x, rate, out);
    }
  }

  private static boolean hasDenseRows(Tensor t) {
    return t.dim(1) <= 1 || t.stride(1) == 1;
  }

  /** Whether all are F32 and contiguous. */
  private static boolean areDense(List<Tensor> tensors) {
    for (Tensor t : tensors) {
      if (!isF32(t) || !t.isContiguous()) {
        return false;
      }
    }
    return true;
  }

  private static boolean isF32(Tensor t) {
    return t.dtype() == DType.F32;
  }

  /** Keeps memory that a kernel knows by address alone from being freed before it ends. */
  private static void keep(@Nullable Tensor... operands) {
    Reference.reachabilityFence(operands);
  }
}
