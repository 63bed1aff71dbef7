package dev.hindsight.opencl;

import dev.hindsight.engine.Tensor;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/** RMSNorm and LayerNorm: norms.cl, norm_gradients.cl. */
final class Norms {
  private static final String FILE = "norms.cl";

  private final Rows rows;
  private final Reduction reduction;
  private final Device device;

  Norms(Rows rows, Reduction reduction) {
    this.rows = rows;
    this.reduction = reduction;
    this.device = rows.device();
  }

  void layerNorm(
      Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    Tensor in = rows.of(x);
    synchronized (device) {
      Kernel.Launch launch = Rows.row(kernel("layer_norm", x).launch(), in);
      Rows.vector(launch, weight);
      Rows.vector(launch, bias).value((float) epsilon);
      Rows.row(launch, out);
      Rows.vector(launch, mean);
      rows.run(Rows.vector(launch, rstd), x);
    }
  }

  void rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor out, Tensor rstd) {
    Tensor in = rows.of(x);
    synchronized (device) {
      Kernel.Launch launch = Rows.row(kernel("rms_norm", x).launch(), in);
      Rows.vector(launch, weight).value((float) epsilon);
      Rows.row(launch, out);
      rows.run(Rows.vector(launch, rstd), x);
    }
  }

  /** {@code mean} and {@code dBias} are null for RMSNorm. */
  void backward(
      Tensor x,
      Tensor weight,
      @Nullable Tensor mean,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight,
      @Nullable Tensor dBias) {
    Tensor in = rows.of(x);
    Tensor d = rows.of(dy);
    synchronized (device) {
      if (dx != null) {
        String name = mean == null ? "rms_norm_dx" : "layer_norm_dx";
        Kernel.Launch launch = Rows.row(kernel(name, x).launch(), in);
        Rows.vector(launch, weight);
        if (mean != null) {
          Rows.vector(launch, mean);
        }
        Rows.vector(launch, rstd);
        Rows.row(launch, d);
        rows.run(Rows.row(launch, dx), x);
      }
      if (dWeight != null || dBias != null) {
        gradients(in, mean, rstd, d, dWeight, dBias);
      }
    }
  }

  private void gradients(
      Tensor x,
      @Nullable Tensor mean,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dWeight,
      @Nullable Tensor dBias) {
    int n = x.dim(0);
    int width = x.dim(1);
    int chunk = Reduction.columnChunk(n);
    int chunks = (n + chunk - 1) / chunk;
    int blocks = Reduction.blocks(width);
    long biases = (long) chunks * width;
    cl_mem sums = device.scratch(2 * biases * Float.BYTES);
    Kernel kernel =
        device.kernel(
            "norm_gradients.cl",
            "norm_gradients",
            "COLUMNS=" + Reduction.COLUMNS,
            "LANES=" + Reduction.LANES,
            "CENTERED=" + (mean == null ? 0 : 1));
    Kernel.Launch launch = Rows.row(kernel.launch(), x);
    if (mean != null) {
      Rows.vector(launch, mean);
    }
    Rows.vector(launch, rstd);
    Rows.row(launch, dy).value(n).value(width).value(chunk).value(blocks).buffer(sums);
    launch.value(biases).run(Reduction.groups(chunks, width), Reduction.GROUP);
    if (dWeight != null) {
      reduction.sumOfRows(sums, 0, chunks, width, dWeight);
    }
    if (dBias != null) {
      reduction.sumOfRows(sums, biases, chunks, width, dBias);
    }
  }

  private Kernel kernel(String name, Tensor x) {
    return rows.kernel(FILE, name, x.dim(1));
  }
}
