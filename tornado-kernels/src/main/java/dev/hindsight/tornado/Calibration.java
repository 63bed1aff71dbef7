package dev.hindsight.tornado;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.function.IntFunction;

/** Measures the device beside the CPU: the shortest of a few runs of each, after one to warm up. */
final class Calibration {
  private static final int RUNS = 3;

  /** Compute outweighs what is sent to and fro on a CPU as on a GPU. */
  private static final int LARGE = 1024;

  private final Backend host;

  Calibration(Backend host) {
    this.host = host;
  }

  /** {@code machine} gives one for each number of rows that a work-item computes. */
  CostModel measure(IntFunction<Machine> machine) {
    Tensor a = filled(LARGE, LARGE);
    Tensor b = filled(LARGE, LARGE);
    Tensor out = filled(LARGE, LARGE);
    double operations = 2.0 * LARGE * LARGE * LARGE;
    double four = product(machine.apply(4), a, b, out);
    double eight = product(machine.apply(8), a, b, out);
    int block = four < eight ? 4 : 8;
    Machine best = machine.apply(block);

    Tensor tiny = filled(16, 16);
    double launch = product(best, tiny, tiny, filled(16, 16));
    double thin = product(best, filled(LARGE, 16), filled(16, LARGE), out);
    double bandwidth = 4.0 * LARGE * (LARGE + 32) / Math.max(thin - launch, 1e-9);
    double sending = launch + 12.0 * LARGE * LARGE / bandwidth;
    double deviceSpeed = operations / Math.max(Math.min(four, eight) - sending, 1e-9);
    double hostSpeed = operations / best(() -> host.matmul(a, b, out, false));
    return new CostModel(block, launch, bandwidth, deviceSpeed, hostSpeed, attentionPays(best));
  }

  private static double product(Machine machine, Tensor a, Tensor b, Tensor out) {
    DeviceMemory memory = new DeviceMemory(machine, 0); // no more than this product needs
    Matmul matmul = new Matmul(machine, memory, new Ledger());
    Product product = Product.of(a, b, out, false);
    double seconds =
        best(
            () -> {
              a.storage().written(); // so that they are sent
              b.storage().written();
              matmul.run(product, a, b, out);
            });
    matmul.freeDeviceMemory();
    return seconds;
  }

  /** Forward and backward of a batch as in training: four sequences of 256, eight heads of 64. */
  private boolean attentionPays(Machine machine) {
    int channels = 64;
    int heads = 8;
    if (machine.attentionTile(channels) == 0) {
      return false;
    }
    SequenceLayout layout = SequenceLayout.packed(256, 256, 256, 256);
    Tensor q = filled(LARGE, heads, channels);
    Tensor k = filled(LARGE, heads, channels);
    Tensor v = filled(LARGE, heads, channels);
    Tensor out = filled(LARGE, heads, channels);
    Tensor lse = filled(LARGE, heads);
    Tensor dq = filled(LARGE, heads, channels);
    Tensor dk = filled(LARGE, heads, channels);
    Tensor dv = filled(LARGE, heads, channels);
    Attention attention = new Attention(machine, host, new Ledger());
    double device =
        best(
            () -> {
              attention.forward(q, k, v, layout, 0.125, out, lse);
              attention.backward(q, k, v, layout, 0.125, out, lse, q, dq, dk, dv);
            });
    attention.freeDeviceMemory();
    double cpu =
        best(
            () -> {
              host.attention(q, k, v, layout, 0.125, out, lse);
              host.attentionBackward(q, k, v, layout, 0.125, out, lse, q, dq, dk, dv);
            });
    return device < cpu;
  }

  private static double best(Runnable work) {
    work.run();
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < RUNS; i++) {
      long began = System.nanoTime();
      work.run();
      best = Math.min(best, (System.nanoTime() - began) / 1e9);
    }
    return best;
  }

  /** Not zeros, of which a page may be all the same one. */
  private Tensor filled(int... dims) {
    Shape shape = Shape.of(dims);
    Tensor t = new Tensor(host.allocate(shape.size() * Float.BYTES), DType.F32, shape);
    host.fill(t, 0.5);
    return t;
  }
}
