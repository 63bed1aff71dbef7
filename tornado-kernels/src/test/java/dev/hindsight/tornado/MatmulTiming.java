package dev.hindsight.tornado;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.vector.VectorBackend;

/**
 * Prints GFLOP/s of square products, operands and result under way included, on TornadoVM's default
 * device and on the CPU: the median of seven after one to warm up. No test: a program to run by
 * hand, with the classes of {@code engine} and {@code tornado-kernels} on the class path:
 *
 * <pre>{@code
 * java @$TORNADOVM_HOME/tornado-argfile --module-path $TORNADOVM_HOME/share/java/tornado \
 *   --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
 *   -Dtornado.recover.bailout=False -Dtornado.device.memory=16GB \
 *   -cp engine/target/classes:tornado-kernels/target/classes:tornado-kernels/target/test-classes \
 *   dev.hindsight.tornado.MatmulTiming 512 1024 2048 4096 8192
 * }</pre>
 */
final class MatmulTiming {
  private static final int RUNS = 7;

  private MatmulTiming() {}

  public static void main(String[] sizes) {
    Backend host = new VectorBackend();
    TaskGraphMachine four = Machines.onTornadoVm(4);
    System.out.println(four.deviceName() + ", " + four.platform() + "; " + host.description());
    System.out.printf("%8s %12s %12s %12s%n", "n", "4 x 4", "8 x 8", "CPU");
    for (String size : sizes) {
      int n = Integer.parseInt(size);
      Tensor a = TensorOps.full(host, DType.F32, Shape.of(n, n), 0.5);
      Tensor b = TensorOps.full(host, DType.F32, Shape.of(n, n), 0.25);
      Tensor out = TensorOps.empty(host, DType.F32, Shape.of(n, n));
      System.out.printf(
          "%8d %12.0f %12.0f %12.0f%n",
          n,
          device(four, a, b, out),
          device(Machines.onTornadoVm(8), a, b, out),
          speed(n, () -> host.matmul(a, b, out, false)));
    }
  }

  private static double device(Machine machine, Tensor a, Tensor b, Tensor out) {
    Matmul matmul = new Matmul(machine, new DeviceMemory(machine, 0), new Ledger());
    Product product = Product.of(a, b, out, false);
    double speed =
        speed(
            a.dim(0),
            () -> {
              a.storage().written(); // so that they are sent
              b.storage().written();
              matmul.run(product, a, b, out);
            });
    matmul.freeDeviceMemory();
    return speed;
  }

  private static double speed(int n, Runnable product) {
    product.run();
    double[] seconds = new double[RUNS];
    for (int i = 0; i < RUNS; i++) {
      long began = System.nanoTime();
      product.run();
      seconds[i] = (System.nanoTime() - began) / 1e9;
    }
    java.util.Arrays.sort(seconds);
    return 2.0 * n * n * n / seconds[RUNS / 2] / 1e9;
  }
}
