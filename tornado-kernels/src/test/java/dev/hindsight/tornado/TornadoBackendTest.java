package dev.hindsight.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.Workspace;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What goes to the device and what does not, what is said about it, and what happens when the
 * device is full or rounds otherwise. The device is one that fuses, in plain Java.
 */
class TornadoBackendTest {
  private static final CostModel ALL = CostModel.always(4);

  /** Nothing below a million operations. */
  private static final CostModel LARGE = new CostModel(4, 1e-3, 1e12, 1e12, 1e9, false);

  /** Runs {@code before} in front of each product. */
  private static Machine fusing(Runnable before) {
    SimulatedMemory memory = new SimulatedMemory();
    Machine plain = new PlainMachine();
    return (Machine)
        Proxy.newProxyInstance(
            Machine.class.getClassLoader(),
            new Class<?>[] {Machine.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("matmul")) {
                IntArray numbers = (IntArray) arguments[3];
                return memory.plan(
                    (FloatArray) arguments[0],
                    (FloatArray) arguments[1],
                    (FloatArray) arguments[2],
                    (a, b, out) -> {
                      before.run();
                      multiply(a, b, out, numbers);
                    });
              }
              return invoke(plain, method, arguments);
            });
  }

  private static Object invoke(Machine plain, java.lang.reflect.Method method, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(plain, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** {@link MatmulKernels#matmul}, rounded once as a device does. */
  private static void multiply(FloatArray a, FloatArray b, FloatArray out, IntArray n) {
    for (int batch = 0; batch < n.get(MatmulKernels.BATCHES); batch++) {
      int first = MatmulKernels.FIRSTS + 3 * batch;
      for (int i = 0; i < n.get(MatmulKernels.M); i++) {
        for (int j = 0; j < n.get(MatmulKernels.N); j++) {
          int to = n.get(first + 2) + i * n.get(MatmulKernels.OUT_ROW) + j;
          float sum = n.get(MatmulKernels.ACCUMULATE) == 1 ? out.get(to) : 0;
          for (int p = 0; p < n.get(MatmulKernels.K); p++) {
            int at =
                n.get(first) + i * n.get(MatmulKernels.A_ROW) + p * n.get(MatmulKernels.A_STEP);
            int bt =
                n.get(first + 1) + p * n.get(MatmulKernels.B_ROW) + j * n.get(MatmulKernels.B_STEP);
            sum = Math.fma(a.get(at), b.get(bt), sum);
          }
          out.set(to, sum);
        }
      }
    }
  }

  private static TornadoBackend backend(CostModel cost) {
    return new TornadoBackend("a device", fusing(() -> {}), cost);
  }

  private static Tensor tensor(Backend backend, int... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i + 1);
    }
    return Tensor.of(backend, shape, values);
  }

  @Test
  void onlyProductsThatPayGoToTheDevice() {
    TornadoBackend backend = backend(LARGE);
    Backend vector = Backends.get("vector");
    for (int size : new int[] {10, 120}) {
      Tensor got = TensorOps.matmul(tensor(backend, size, size), tensor(backend, size, size));
      Tensor want = TensorOps.matmul(tensor(vector, size, size), tensor(vector, size, size));
      assertThat(got.toFloats()).isEqualTo(want.toFloats());
    }
    assertThat(backend.summary().getFirst())
        .startsWith("matrix products: 1 of 2 on a device, 99.9 % of their arithmetic");
    assertThat(backend.description())
        .startsWith("tornado: products from 80 x 80 x 80, no attention on a device; the rest on ")
        .contains("vector:");
  }

  @Test
  void layersHaveTheBitsOfTheVectorBackend() {
    TornadoBackend backend = backend(ALL);
    Backend vector = Backends.get("vector");
    List<float[]> results = new ArrayList<>();
    for (Backend b : List.of(backend, vector)) {
      Tensor x = tensor(b, 7, 20);
      Tensor w = tensor(b, 33, 20);
      results.add(
          LayerOps.linear(x, w, tensor(b, 33), UnaryOp.GELU, tensor(b, 7, 33), true)
              .out()
              .toFloats());
    }
    assertThat(results.get(0)).isEqualTo(results.get(1));
    assertThat(backend.summary().getFirst()).startsWith("matrix products: 1 of 1 on a device");
  }

  /** What a layer adds to a product in place is seen by the product that reads it next. */
  @Test
  void aLayerOfALayerHasTheBitsOfTheVectorBackend() {
    List<float[]> results = new ArrayList<>();
    for (Backend b : List.of(backend(ALL), Backends.get("vector"))) {
      Tensor w = tensor(b, 20, 20);
      Tensor y = tensor(b, 7, 20);
      for (int i = 0; i < 3; i++) {
        y = LayerOps.linear(y, w, tensor(b, 20), null, tensor(b, 7, 20), false).out();
      }
      results.add(y.toFloats());
    }
    assertThat(results.get(0)).isEqualTo(results.get(1));
  }

  /** Its bits are others there, and a row's must not depend on the size of its batch. */
  @Test
  void attentionIsAllOnTheDeviceOrNoneOfIt() {
    for (CostModel cost : List.of(ALL, LARGE)) {
      TornadoBackend backend = backend(cost);
      for (int length : new int[] {1, 90}) {
        Tensor q = tensor(backend, length, 2, 8);
        SequenceLayout layout = SequenceLayout.packed(length);
        LayerOps.Attention y = LayerOps.attention(q, q, q, layout, 0.3);
        LayerOps.attentionBackward(q, q, q, layout, 0.3, y, q);
      }
      String there = cost == ALL ? "2" : "0";
      assertThat(backend.summary().get(0)).startsWith("attention: " + there + " of 2 on a device");
      assertThat(backend.summary().get(1))
          .startsWith("gradients of attention: " + there + " of 2 on a device");
    }
  }

  @Test
  void doublePrecisionStaysOnTheHost() {
    TornadoBackend backend = backend(ALL);
    Tensor x = TensorOps.full(backend, DType.F64, Shape.of(3, 3), 0.5);
    assertThat(TensorOps.matmul(x, x).toDoubles()).containsOnly(0.75);
    Tensor q = TensorOps.full(backend, DType.F64, Shape.of(3, 1, 2), 0.5);
    LayerOps.attention(q, q, q, SequenceLayout.packed(3), 1);
    assertThat(backend.summary()).noneMatch(line -> line.contains("arithmetic"));
  }

  /** Memory of a workspace, which the next step hands out again, and slices of it. */
  @Test
  void worksInAWorkspace() {
    TornadoBackend backend = backend(ALL);
    Tensor w = tensor(backend, 30, 20);
    float[] want = TensorOps.matmul(tensor(backend, 50, 30), w).toFloats();
    try (Workspace workspace = new Workspace(backend)) {
      for (int step = 0; step < 20; step++) {
        try (var scope = workspace.open()) {
          Tensor around = TensorOps.full(backend, DType.F32, Shape.of(52, 20), 7);
          TensorOps.matmul(tensor(backend, 50, 30), w, around.slice(0, 1, 51), false);
          assertThat(around.slice(0, 1, 51).toFloats()).isEqualTo(want);
          assertThat(around.slice(0, 0, 1).toFloats()).containsOnly(7);
          assertThat(around.slice(0, 51, 52).toFloats()).containsOnly(7);
        }
      }
    }
  }

  @Test
  void aFullDeviceIsTriedOnceMoreWithItsPlansGone() {
    int[] failures = {0};
    TornadoBackend backend =
        new TornadoBackend(
            "a device",
            fusing(
                () -> {
                  if (failures[0]-- > 0) {
                    throw new TornadoOutOfMemoryException(
                        "Unable to allocate 400 bytes.\u001b[33m\n\thint");
                  }
                }),
            ALL);
    Tensor x = tensor(backend, 10, 10);
    float[] want = TensorOps.matmul(x, x).toFloats();
    failures[0] = 1;
    assertThat(TensorOps.matmul(x, x).toFloats()).isEqualTo(want);
    failures[0] = 2;
    assertThatExceptionOfType(OutOfMemoryError.class)
        .isThrownBy(() -> TensorOps.matmul(x, x))
        .withMessageContaining(
            "backend tornado: no room on a device: Unable to allocate 400 bytes. TornadoVM")
        .withMessageContaining("-Dtornado.device.memory");
    failures[0] = 0;
    assertThat(TensorOps.matmul(x, x).toFloats()).isEqualTo(want);
  }

  /** Plain Java rounds products and sums, so it is a device whose bits are wrong. */
  @Test
  void aDeviceThatDoesNotFuseIsRefused() {
    assertThatIllegalStateException()
        .isThrownBy(() -> new TornadoBackend("a device", new PlainMachine(), ALL))
        .withMessageContaining("has other bits than a chain of fused multiply-adds")
        .withMessageContaining("--backend vector");
  }

  @Test
  void theProviderSaysWhatIsMissing() {
    TornadoProvider provider = new TornadoProvider();
    assertThat(provider.priority()).as("never chosen by auto").isNegative();
    assumeTrue(
        ModuleLayer.boot().findModule("tornado.runtime").isEmpty(), "TornadoVM is in this process");
    assertThat(provider.unavailable().orElseThrow())
        .contains("TornadoVM is not in this process")
        .contains("TORNADOVM_HOME");
    assertThatIllegalStateException()
        .isThrownBy(() -> Backends.get("tornado"))
        .withMessageContaining("backend tornado cannot run here: TornadoVM is not in this process");
  }
}
