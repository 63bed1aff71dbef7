package dev.hindsight.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import dev.hindsight.engine.vector.VectorBackend;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What lies on the device is not sent again, and never passes for what changed since. Operands are
 * whole numbers, so a product is exact and one stale element shows.
 */
class DeviceMemoryTest {
  private static final Backend HOST = new VectorBackend();

  static Stream<Machine> machines() {
    return Machines.stream();
  }

  private static Tensor whole(int seed, int... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7 + seed * 5) % 11 - 5;
    }
    return Tensor.of(HOST, shape, values);
  }

  /** A machine whose sends are counted: the product of each, and which of its arrays were sent. */
  private static final class Device {
    private final List<String> sent = new ArrayList<>();
    private final DeviceMemory memory;
    private final Matmul matmul;

    Device(Machine machine, long most) {
      Machine counting = Machines.watching(machine, this::note);
      memory = new DeviceMemory(counting, most);
      matmul = new Matmul(counting, memory, new Ledger());
    }

    private void note(DeviceBuffer a, DeviceBuffer b, DeviceBuffer out) {
      sent.add((a.current ? "" : "a") + (b.current ? "" : "b") + (out.current ? "" : "out"));
    }

    void run(Tensor a, Tensor b, Tensor out, boolean accumulate) {
      matmul.run(Product.of(a, b, out, accumulate), a, b, out);
    }

    float[] product(Tensor a, Tensor b) {
      Tensor out = TensorOps.empty(HOST, DType.F32, Shape.of(a.dim(0), b.dim(1)));
      run(a, b, out, false);
      return out.toFloats();
    }
  }

  private static float[] wanted(Tensor a, Tensor b) {
    return TensorOps.matmul(a, b).toFloats();
  }

  /** Memory is changed behind TensorOps' back: what the device computes with is what it has. */
  @ParameterizedTest
  @MethodSource("machines")
  void anUnchangedOperandIsNotSentAgain(Machine machine) {
    Device device = new Device(machine, machine.memory());
    Tensor weight = whole(1, 20, 30);
    Tensor x = whole(2, 10, 30);
    float[] before = wanted(x, weight.transpose(0, 1));
    assertThat(device.product(x, weight.transpose(0, 1))).isEqualTo(before);
    HOST.fill(weight.slice(0, 3, 4), 100); // counts no write
    assertThat(device.product(x, weight.transpose(0, 1))).isEqualTo(before);
    assertThat(device.sent).containsExactly("ab", "");
    weight.storage().written();
    float[] after = wanted(x, weight.transpose(0, 1));
    assertThat(device.product(x, weight.transpose(0, 1))).isEqualTo(after).isNotEqualTo(before);
    assertThat(device.sent).containsExactly("ab", "", "b");
    device.matmul.freeDeviceMemory();
  }

  /** {@code y = x w^T}; {@code dx = dy w}, {@code dw += dy^T x}: each operand is read twice. */
  @ParameterizedTest
  @MethodSource("machines")
  void aTrainingStepSendsEachTensorOnce(Machine machine) {
    Device device = new Device(machine, machine.memory());
    Tensor x = whole(1, 12, 40);
    Tensor w = whole(2, 50, 40);
    Tensor dy = whole(3, 12, 50);
    Tensor dw = whole(4, 50, 40);
    Tensor want = TensorOps.copyOf(dw);
    TensorOps.matmul(dy.transpose(0, 1), x, want, true);
    assertThat(device.product(x, w.transpose(0, 1))).isEqualTo(wanted(x, w.transpose(0, 1)));
    assertThat(device.product(dy, w)).isEqualTo(wanted(dy, w));
    device.run(dy.transpose(0, 1), x, dw, true);
    assertThat(dw.toFloats()).isEqualTo(want.toFloats());
    assertThat(device.sent).containsExactly("ab", "a", "out");
    device.matmul.freeDeviceMemory();
  }

  @ParameterizedTest
  @MethodSource("machines")
  void aProductWithItself(Machine machine) {
    Device device = new Device(machine, machine.memory());
    Tensor x = whole(1, 12, 12);
    for (int i = 0; i < 2; i++) {
      assertThat(device.product(x, x)).isEqualTo(wanted(x, x));
    }
    assertThat(device.sent).containsExactly("ab", "");
    device.matmul.freeDeviceMemory();
  }

  /** Each way in which the rest of the program writes to a weight. */
  @ParameterizedTest
  @MethodSource("machines")
  void aChangedWeightIsSeen(Machine machine) {
    Device device = new Device(machine, machine.memory());
    Tensor w = whole(1, 9, 17);
    Tensor x = whole(2, 5, 9);
    Tensor other = whole(3, 9, 17);
    Tensor zeros = TensorOps.zeros(HOST, DType.F32, w.shape());
    AdamWStep step = new AdamWStep(0.5, .9, .999, 1e-8, 0, 1, 1);
    Map<String, Consumer<Tensor>> writes = new LinkedHashMap<>();
    writes.put("fill of a part", t -> TensorOps.fill(t.slice(1, 3, 5), 4));
    writes.put("copy", t -> TensorOps.copy(other, t));
    writes.put("addScaled", t -> TensorOps.addScaled(other, 2, t));
    writes.put("adamW", t -> TensorOps.adamW(t, other, zeros, TensorOps.copyOf(zeros), step));
    writes.put("lerp", t -> TensorOps.lerp(other, 0.5, t));
    writes.put("product", t -> TensorOps.matmul(whole(4, 9, 9), other, t, true));
    device.product(x, w);
    writes.forEach(
        (name, write) -> {
          float[] before = device.product(x, w);
          write.accept(w);
          assertThat(device.product(x, w)).as(name).isEqualTo(wanted(x, w)).isNotEqualTo(before);
        });
    device.matmul.freeDeviceMemory();
  }

  /** A workspace hands the same addresses out again in its next step. */
  @ParameterizedTest
  @MethodSource("machines")
  void memoryOfAnEarlierStepIsNotMistaken(Machine machine) {
    Device device = new Device(machine, machine.memory());
    Tensor w = whole(1, 40, 30);
    try (Workspace workspace = new Workspace(HOST)) {
      for (int step = 0; step < 4; step++) {
        try (var scope = workspace.open()) {
          Tensor x = whole(step, 50, 40);
          assertThat(device.product(x, w)).isEqualTo(wanted(x, w));
        }
      }
    }
    assertThat(device.sent).containsExactly("ab", "a", "a", "a");
    assertThat(device.memory.held())
        .as("what is dead leaves its memory to the next of its size")
        .isLessThan(4L * (40 * 30 + 2 * 50 * 40 + 2 * 50 * 30) + 200);
    device.matmul.freeDeviceMemory();
  }

  /** 200 shapes of products: what is kept stays under its bound, and all of it comes back. */
  @ParameterizedTest
  @MethodSource("machines")
  void manyShapesDoNotFillTheDevice(Machine machine) {
    long most = 100_000;
    Device device = new Device(machine, most);
    long before = Machines.bytesInUse(machine);
    List<Tensor> alive = new ArrayList<>(); // nothing is given back because it is dead
    int shapes = machine instanceof EmulatedMachine ? 40 : 200; // a work-item there is a thread
    for (int i = 0; i < shapes; i++) {
      Tensor a = whole(i, 10 + i % 20, 17 + i / 20);
      Tensor b = whole(i, 17 + i / 20, 15);
      alive.addAll(List.of(a, b));
      assertThat(device.product(a, b)).isEqualTo(wanted(a, b));
      assertThat(device.memory.held()).isLessThanOrEqualTo(most);
      assertThat(Machines.bytesInUse(machine) - before)
          .as("with the numbers of the plan")
          .isLessThanOrEqualTo(most + 1000);
    }
    device.matmul.freeDeviceMemory();
    assertThat(Machines.bytesInUse(machine)).isEqualTo(before);
    assertThat(alive).hasSize(2 * shapes);
  }

  /**
   * TornadoVM forgets memory that is neither sent nor fetched when a plan is closed: the sums that
   * the gradients of attention share, and the kernels' contexts.
   */
  @ParameterizedTest
  @MethodSource("machines")
  void closedPlansOfAttentionGiveTheirMemoryBack(Machine machine) {
    double scale = 1 / Math.sqrt(8); // as in AttentionTest, whose code the driver has
    Attention attention = new Attention(machine, HOST, new Ledger(), 1);
    long before = Machines.bytesInUse(machine);
    List<Long> inUse = new ArrayList<>();
    for (int length : new int[] {40, 300, 40}) { // each closes the plans of the one before
      Tensor q = whole(1, length, 2, 8);
      Tensor lse = whole(2, length, 2);
      SequenceLayout layout = SequenceLayout.packed(length);
      Tensor dq = TensorOps.zeros(HOST, DType.F32, q.shape());
      Tensor dk = TensorOps.zeros(HOST, DType.F32, q.shape());
      Tensor dv = TensorOps.zeros(HOST, DType.F32, q.shape());
      attention.forward(q, q, q, layout, scale, TensorOps.copyOf(q), TensorOps.copyOf(lse));
      attention.backward(q, q, q, layout, scale, q, lse, q, dq, dk, dv);
      inUse.add(Machines.bytesInUse(machine));
    }
    assertThat(inUse.get(2)).isEqualTo(inUse.get(0));
    attention.freeDeviceMemory();
    assertThat(Machines.bytesInUse(machine)).isEqualTo(before);
  }

  /** What is read again and again is worth sending, which a weight in training is not. */
  @Test
  void whatIsReadOftenIsCountedAsThere() {
    DeviceMemory memory = new DeviceMemory(new PlainMachine(), 1 << 20);
    Tensor w = whole(1, 10, 10);
    double all = 400 + SharedArray.HEADER;
    for (int update = 0; update < 3; update++) {
      assertThat(memory.bytesToSend(w, 100)).isEqualTo(all);
      assertThat(memory.bytesToSend(w, 100)).isEqualTo(all);
      w.storage().written();
    }
    memory.bytesToSend(w, 100);
    memory.bytesToSend(w, 100);
    assertThat(memory.bytesToSend(w, 100)).isZero();
    assertThat(memory.held()).as("nothing is allocated for that").isZero();
  }
}
