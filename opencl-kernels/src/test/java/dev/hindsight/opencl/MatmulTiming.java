package dev.hindsight.opencl;

import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;
import java.util.Locale;

/**
 * Times matrix products on the device with the tile that was chosen, or the one given: {@code
 * MatmulTiming 4096x4096x4096 "4096x768x768 Bt" -- 128 128 16 8 8}. No test: it is for tuning.
 */
final class MatmulTiming {
  private MatmulTiming() {}

  public static void main(String[] arguments) {
    OpenClBackend backend = (OpenClBackend) Backends.get("opencl");
    System.out.println(backend.description());
    int end = Arrays.asList(arguments).indexOf("--");
    String[] shapes = Arrays.copyOf(arguments, end < 0 ? arguments.length : end);
    for (int i = end + 1; end >= 0 && i + 4 < arguments.length; i += 5) {
      int[] t = Arrays.stream(arguments, i, i + 5).mapToInt(Integer::parseInt).toArray();
      time(backend, new Tile(t[0], t[1], t[2], t[3], t[4]), shapes);
    }
    if (end < 0) {
      time(backend, null, shapes);
    }
  }

  private static void time(OpenClBackend backend, Tile tile, String[] shapes) {
    Matmul matmul = new Matmul(backend.device());
    StringBuilder line = new StringBuilder(tile == null ? "chosen" : tile.toString());
    for (String shape : shapes) {
      String[] words = shape.split(" ");
      int[] e = Arrays.stream(words[0].split("x")).mapToInt(Integer::parseInt).toArray();
      Tensor a = random(backend, e[0], e[1], shape.endsWith("At"));
      Tensor b = random(backend, e[1], e[2], shape.endsWith("Bt"));
      Tensor out = TensorOps.empty(backend, DType.F32, Shape.of(e[0], e[2]));
      Runnable step =
          () -> {
            if (tile == null) {
              matmul.run(a, b, out, false);
            } else {
              matmul.run(a, b, out, tile);
            }
          };
      try {
        line.append(
            String.format(
                Locale.ROOT,
                "  %s %.0f",
                shape,
                2e-9 * e[0] * e[1] * e[2] / seconds(backend.device(), step)));
      } catch (RuntimeException x) {
        line.append("  ").append(shape).append(' ').append(x.getMessage());
      }
    }
    System.out.println(line);
  }

  private static Tensor random(OpenClBackend backend, int rows, int columns, boolean transposed) {
    float[] x = new float[rows * columns];
    java.util.Random random = new java.util.Random(rows);
    for (int i = 0; i < x.length; i++) {
      x[i] = random.nextFloat() - 0.5f;
    }
    Tensor t =
        Tensor.of(backend, transposed ? Shape.of(columns, rows) : Shape.of(rows, columns), x);
    return transposed ? t.transpose(0, 1) : t;
  }

  /** Median of five rounds of at least 50 ms. */
  static double seconds(Device device, Runnable step) {
    step.run();
    device.finish();
    int repeats = 1;
    double[] times = new double[5];
    for (int i = 0; i < times.length; i++) {
      while (true) {
        long start = System.nanoTime();
        for (int r = 0; r < repeats; r++) {
          step.run();
        }
        device.finish();
        double s = (System.nanoTime() - start) * 1e-9;
        if (s > 0.05) {
          times[i] = s / repeats;
          break;
        }
        repeats *= 2;
      }
    }
    Arrays.sort(times);
    return times[2];
  }
}
