package dev.hindsight.opencl;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.Workspace;
import dev.hindsight.opencl.DeviceMemory.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Tensors that live on an OpenCL device, and F32 kernels for them; what has no kernel there is
 * computed on the CPU (see {@link HostFallback}). Launches return at once: only {@link #download}
 * and reductions to a Java number wait for the device.
 */
final class OpenClBackend implements Backend {
  static final String NAME = "opencl";

  private final Device device;
  private final HostFallback fallback;
  private final Backend host;
  private final Matmul matmul;
  private final Elementwise elementwise;
  private final Reduction reduction;
  private final SumOfSquares squares;
  private final Norms norms;
  private final Softmax softmax;
  private final Indexing indexing;
  private final TopK topK;
  private final Rope rope;
  private final Attention attention;
  private final Limits limits;

  OpenClBackend(Device device) {
    this.device = device;
    this.fallback = new HostFallback(device);
    this.host = fallback.backend();
    this.matmul = new Matmul(device);
    this.elementwise = new Elementwise(device);
    Rows rows = new Rows(device);
    this.reduction = new Reduction(rows);
    this.squares = new SumOfSquares(device);
    this.norms = new Norms(rows, reduction);
    this.softmax = new Softmax(rows);
    this.indexing = new Indexing(rows);
    this.topK = new TopK(rows);
    this.rope = new Rope(device);
    this.attention = new Attention(device);
    this.limits = new Limits(device);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    DeviceInfo info = device.info();
    return String.format(
        java.util.Locale.ROOT,
        "opencl: %s (%s), driver %s, %d compute units, %.1f GiB",
        info.name(),
        info.platformName(),
        info.driver(),
        info.computeUnits(),
        info.memory() / 0x1p30);
  }

  @Override
  public boolean supports(DType dtype) {
    return dtype == DType.F32;
  }

  @Override
  public OptionalDouble measurePeak() {
    return OptionalDouble.of(limits.flops());
  }

  @Override
  public OptionalDouble measureBandwidth() {
    return OptionalDouble.of(limits.bytes());
  }

  @Override
  public void synchronise() {
    device.finish();
  }

  /** How often which primitive was computed on the CPU for want of a kernel. */
  Map<String, Long> fallbacks() {
    return fallback.calls();
  }

  Device device() {
    return device;
  }

  // ---------------------------------------------------------------- memory

  private record DeviceSlab(Backend backend, Buffer buffer, long bytes) implements Slab {
    @Override
    public Storage slice(long offset, long bytes, Workspace.Generation generation) {
      return new DeviceStorage(backend, buffer, offset, bytes, generation);
    }

    @Override
    public void release() {
      buffer.release();
    }
  }

  @Override
  public Storage allocate(long bytes) {
    return new DeviceStorage(this, device.allocate(bytes), 0, bytes, Workspace.Generation.ETERNAL);
  }

  @Override
  public long largestSlab() {
    return device.memory().largestBuffer();
  }

  @Override
  public Slab newSlab(long bytes) {
    return new DeviceSlab(this, device.allocate(bytes), bytes);
  }

  @Override
  public void upload(MemorySegment host, Tensor out) {
    DeviceStorage.of(out).write(device, host.asSlice(0, bytes(out)), firstByte(out));
  }

  @Override
  public void download(Tensor x, MemorySegment host) {
    DeviceStorage.of(x).read(device, firstByte(x), host.asSlice(0, bytes(x)));
  }

  private static long firstByte(Tensor t) {
    return t.offset() * t.dtype().bytes();
  }

  private static long bytes(Tensor t) {
    return t.size() * t.dtype().bytes();
  }

  // --------------------------------------------------------------- kernels

  /** Whether there are kernels for tensors of this type; all others are computed on the CPU. */
  private boolean here(Tensor x) {
    return supports(x.dtype());
  }

  /** Whether kernels that only move elements know this type. */
  private static boolean movesHere(Tensor x) {
    return x.dtype().bytes() == 4;
  }

  @Override
  public void fill(Tensor out, double value) {
    if (here(out) && out.isContiguous()) {
      elementwise.fill(out, Float.floatToRawIntBits((float) value));
    } else if (here(out)) {
      elementwise.map("FILL", out, value, 0);
    } else if (Double.doubleToRawLongBits(value) == 0 && out.isContiguous()) {
      elementwise.fill(out, 0);
    } else {
      host.fill(out, value);
    }
  }

  @Override
  public void copy(Tensor x, Tensor out) {
    if (x.dtype() == out.dtype() && movesHere(x)) {
      elementwise.map("COPY", out, 0, 0, x);
    } else if (Elementwise.converts(x, out)) {
      elementwise.convert(x, out);
    } else {
      host.copy(x, out);
    }
  }

  @Override
  public void unary(UnaryOp op, Tensor x, Tensor out) {
    if (!here(x)) {
      host.unary(op, x, out);
      return;
    }
    elementwise.map(op.name(), out, 0, 0, x);
  }

  @Override
  public void unaryBackward(UnaryOp op, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    if (!here(x)) {
      host.unaryBackward(op, x, y, dy, dx);
      return;
    }
    elementwise.map(op.name() + "_BACKWARD", dx, 0, 0, x, dy);
  }

  @Override
  public void binary(BinaryOp op, Tensor a, Tensor b, Tensor out) {
    if (!here(a)) {
      host.binary(op, a, b, out);
      return;
    }
    elementwise.map(op.name(), out, 0, 0, a, b);
  }

  @Override
  public void affine(Tensor x, double scale, double shift, Tensor out) {
    if (!here(x)) {
      host.affine(x, scale, shift, out);
      return;
    }
    elementwise.map("AFFINE", out, scale, shift, x);
  }

  @Override
  public void clamp(Tensor x, double low, double high, Tensor out) {
    if (!here(x)) {
      host.clamp(x, low, high, out);
      return;
    }
    elementwise.map("CLAMP", out, low, high, x);
  }

  @Override
  public void where(Tensor condition, Tensor a, Tensor b, Tensor out) {
    if (!here(a)) {
      host.where(condition, a, b, out);
      return;
    }
    elementwise.map("WHERE", out, 0, 0, condition, a, b);
  }

  @Override
  public void addScaled(Tensor x, double scale, Tensor out) {
    if (!here(x)) {
      host.addScaled(x, scale, out);
      return;
    }
    elementwise.map("ADD_SCALED", out, scale, 0, x, out);
  }

  @Override
  public void reduce(ReduceOp op, Tensor x, Tensor out) {
    if (!here(x)) {
      host.reduce(op, x, out);
      return;
    }
    reduction.reduce(op, x, out);
  }

  @Override
  public double sumOfSquares(Tensor x) {
    return here(x) ? squares.of(List.of(x)) : host.sumOfSquares(x);
  }

  @Override
  public double sumOfSquares(List<Tensor> tensors) {
    return tensors.stream().allMatch(this::here)
        ? squares.of(tensors)
        : Backend.super.sumOfSquares(tensors);
  }

  @Override
  public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    if (!here(out)) {
      host.matmul(a, b, out, accumulate);
      return;
    }
    matmul.run(a, b, out, accumulate);
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
    if (!here(x)) {
      host.linear(x, weight, bias, activation, residual, before, out);
      return;
    }
    if (activation == null) {
      matmul.linear(x, weight, bias, residual, out);
      return;
    }
    // Not in the product's kernel, where every work-item has a function's code for each of its
    // elements: compiling that takes PoCL minutes, and a pass is little beside a product.
    Tensor sum = before == null ? out : before;
    matmul.linear(x, weight, bias, null, sum);
    unary(activation, sum, out);
    if (residual != null) {
      binary(BinaryOp.ADD, residual, out, out);
    }
  }

  @Override
  public void gatherRows(Tensor table, Tensor ids, Tensor out) {
    if (!movesHere(table)) {
      host.gatherRows(table, ids, out);
      return;
    }
    indexing.gatherRows(table, ids, out);
  }

  @Override
  public void scatterAddRows(Tensor rows, Tensor ids, Tensor out) {
    if (!here(rows)) {
      host.scatterAddRows(rows, ids, out);
      return;
    }
    indexing.scatterAddRows(rows, ids, out);
  }

  @Override
  public void gatherLast(Tensor x, Tensor index, Tensor out) {
    if (!movesHere(x)) {
      host.gatherLast(x, index, out);
      return;
    }
    indexing.gatherLast(x, index, out);
  }

  @Override
  public void scatterAddLast(Tensor x, Tensor index, Tensor out) {
    if (!here(x)) {
      host.scatterAddLast(x, index, out);
      return;
    }
    indexing.scatterAddLast(x, index, out);
  }

  @Override
  public void topK(Tensor x, Tensor values, Tensor indices) {
    if (!here(x)) {
      host.topK(x, values, indices);
      return;
    }
    topK.run(x, values, indices);
  }

  @Override
  public void softmax(Tensor x, Tensor out) {
    if (!here(x)) {
      host.softmax(x, out);
      return;
    }
    softmax.forward("softmax", x, out);
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    if (!here(y)) {
      host.softmaxBackward(y, dy, dx);
      return;
    }
    softmax.backward("softmax_dx", y, dy, dx);
  }

  @Override
  public void logSoftmax(Tensor x, Tensor out) {
    if (!here(x)) {
      host.logSoftmax(x, out);
      return;
    }
    softmax.forward("log_softmax", x, out);
  }

  @Override
  public void logSoftmaxBackward(Tensor y, Tensor dy, Tensor dx) {
    if (!here(y)) {
      host.logSoftmaxBackward(y, dy, dx);
      return;
    }
    softmax.backward("log_softmax_dx", y, dy, dx);
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor out, Tensor rstd) {
    if (!here(x)) {
      host.rmsNorm(x, weight, epsilon, out, rstd);
      return;
    }
    norms.rmsNorm(x, weight, epsilon, out, rstd);
  }

  @Override
  public void rmsNormBackward(
      Tensor x,
      Tensor weight,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight) {
    if (!here(x)) {
      host.rmsNormBackward(x, weight, rstd, dy, dx, dWeight);
      return;
    }
    norms.backward(x, weight, null, rstd, dy, dx, dWeight, null);
  }

  @Override
  public void layerNorm(
      Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    if (!here(x)) {
      host.layerNorm(x, weight, bias, epsilon, out, mean, rstd);
      return;
    }
    norms.layerNorm(x, weight, bias, epsilon, out, mean, rstd);
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
    if (!here(x)) {
      host.layerNormBackward(x, weight, mean, rstd, dy, dx, dWeight, dBias);
      return;
    }
    norms.backward(x, weight, mean, rstd, dy, dx, dWeight, dBias);
  }

  @Override
  public void rope(Tensor x, Tensor positions, double theta, boolean inverse, Tensor out) {
    if (!here(x)) {
      host.rope(x, positions, theta, inverse, out);
      return;
    }
    rope.run(x, positions, theta, inverse, out);
  }

  @Override
  public void swiglu(Tensor gate, Tensor up, Tensor out) {
    if (!here(gate)) {
      host.swiglu(gate, up, out);
      return;
    }
    elementwise.map("SWIGLU", out, 0, 0, gate, up);
  }

  @Override
  public void swigluBackward(Tensor gate, Tensor up, Tensor dy, Tensor dGate, Tensor dUp) {
    if (!here(gate)) {
      host.swigluBackward(gate, up, dy, dGate, dUp);
      return;
    }
    elementwise.map("SWIGLU_BACKWARD", List.of(gate, up, dy), List.of(dGate, dUp), 0, 0);
  }

  @Override
  public void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    if (!(here(q) && attention.fits(q))) {
      host.attention(q, k, v, layout, scale, out, lse);
      return;
    }
    attention.forward(q, k, v, layout, scale, out, lse);
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
    if (!(here(q) && attention.fits(q))) {
      host.attentionBackward(q, k, v, layout, scale, out, lse, dOut, dq, dk, dv);
      return;
    }
    attention.backward(q, k, v, layout, scale, out, lse, dOut, dq, dk, dv);
  }

  @Override
  public void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    if (!here(logits)) {
      host.crossEntropy(logits, targets, loss, lse);
      return;
    }
    softmax.crossEntropy(logits, targets, loss, lse);
  }

  @Override
  public void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits) {
    if (!here(logits)) {
      host.crossEntropyBackward(logits, targets, lse, dLoss, dLogits);
      return;
    }
    softmax.crossEntropyBackward(logits, targets, lse, dLoss, dLogits);
  }

  @Override
  public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    if (!here(parameter)) {
      host.adamW(parameter, gradient, m, v, step);
      return;
    }
    elementwise.adamW(parameter, gradient, m, v, step, null, 0);
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
    if (!parameters.stream().allMatch(this::here)) {
      Backend.super.adamW(parameters, gradients, m, v, step, averages, averageRate);
      return;
    }
    for (int i = 0; i < parameters.size(); i++) {
      Tensor average = averages.isEmpty() ? null : averages.get(i);
      elementwise.adamW(
          parameters.get(i), gradients.get(i), m.get(i), v.get(i), step, average, averageRate);
    }
  }

  @Override
  public void lerp(Tensor x, double rate, Tensor out) {
    if (!here(x)) {
      host.lerp(x, rate, out);
      return;
    }
    elementwise.map("LERP", out, rate, 0, x, out);
  }
}
