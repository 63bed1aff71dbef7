package dev.hindsight.opencl;

import dev.hindsight.engine.Tensor;

/** Softmax, its logarithm, and cross-entropy: softmax.cl, cross_entropy.cl. */
final class Softmax {
  private static final String CROSS_ENTROPY = "cross_entropy.cl";
  private static final int BLOCK = 1024;
  private static final int GROUP = 128;

  private final Rows rows;
  private final Device device;

  Softmax(Rows rows) {
    this.rows = rows;
    this.device = rows.device();
  }

  /** {@code softmax} or {@code log_softmax}. */
  void forward(String kernel, Tensor x, Tensor out) {
    Tensor in = rows.of(x);
    Tensor to = rows.of(out);
    synchronized (device) {
      Kernel.Launch launch = Rows.row(kernel(kernel, in).launch(), in);
      rows.run(Rows.row(launch, to), in);
    }
  }

  /** {@code softmax_dx} or {@code log_softmax_dx}. */
  void backward(String kernel, Tensor y, Tensor dy, Tensor dx) {
    Tensor in = rows.of(y);
    Tensor d = rows.of(dy);
    Tensor to = rows.of(dx);
    synchronized (device) {
      Kernel.Launch launch = Rows.row(kernel(kernel, in).launch(), in);
      Rows.row(launch, d);
      rows.run(Rows.row(launch, to), in);
    }
  }

  private Kernel kernel(String name, Tensor x) {
    return rows.kernel("softmax.cl", name, x.dim(1));
  }

  void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    Tensor in = rows.of(logits);
    synchronized (device) {
      Kernel kernel = rows.kernel(CROSS_ENTROPY, "cross_entropy", in.dim(1), "BLOCK=" + BLOCK);
      Kernel.Launch launch = Rows.row(kernel.launch(), in);
      Rows.vector(launch, targets);
      Rows.vector(launch, loss);
      Rows.vector(launch, lse);
      rows.run(launch.buffer(device.indexErrors().note()), in);
    }
  }

  void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits) {
    Tensor in = rows.of(logits);
    int blocks = (in.dim(1) + BLOCK - 1) / BLOCK;
    synchronized (device) {
      Kernel kernel = rows.kernel(CROSS_ENTROPY, "cross_entropy_dx", in.dim(1), "BLOCK=" + BLOCK);
      Kernel.Launch launch = Rows.row(kernel.launch(), in);
      Rows.vector(launch, targets);
      Rows.vector(launch, lse);
      Rows.vector(launch, dLoss);
      Rows.row(launch, dLogits).buffer(device.indexErrors().note()).value(in.dim(1)).value(blocks);
      launch.run(new long[] {(long) in.dim(0) * blocks}, new long[] {GROUP});
    }
  }
}
