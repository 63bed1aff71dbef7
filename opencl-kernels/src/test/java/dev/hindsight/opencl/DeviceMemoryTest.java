package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.DeviceException;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jocl.CL;
import org.jocl.CLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Guards what happens when the device's memory is full, or the device goes. */
class DeviceMemoryTest {
  private static final long LIMIT = 64 << 20;
  private static final Shape MEGABYTE = Shape.of(1 << 18);

  private OpenClBackend backend;
  private DeviceMemory memory;

  @BeforeEach
  void open() {
    backend = Opened.backend(LIMIT);
    memory = backend.device().memory();
  }

  private Tensor megabytes(int count) {
    return TensorOps.full(backend, DType.F32, Shape.of(count << 18), 1);
  }

  @Test
  void saysHowMuchWasWantedAndIsFree() {
    Tensor kept = megabytes(40);
    long held = memory.held();
    assertThatExceptionOfType(DeviceException.class)
        .isThrownBy(() -> megabytes(30))
        .withMessageContaining("no room for 30.00 MiB (31457280 bytes)")
        .withMessageContaining("of its 64.00 MiB (67108864 bytes) are free")
        .withMessageContaining("take a smaller batch or model")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(DeviceException.Reason.OUT_OF_MEMORY));
    assertThat(memory.held()).isEqualTo(held);
    // what is there is well, and what fits still fits
    assertThat(megabytes(10).toFloats()).containsOnly(1);
    assertThat(kept.toFloats()).containsOnly(1);
  }

  @Test
  void noBufferIsLargerThanTheDeviceAllows() {
    long most = backend.device().info().largestBuffer();
    assertThatExceptionOfType(DeviceException.class)
        .isThrownBy(() -> backend.allocate(most + 1))
        .withMessageContaining("no room for")
        .withMessageContaining("one buffer may have");
  }

  /** A step that runs out of memory gives all of its own back. */
  @Test
  void aFailedStepFreesWhatItHeld() {
    Workspace workspace = new Workspace(backend);
    long before = memory.held();
    for (int step = 0; step < 3; step++) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(
              () -> {
                try (var _ = workspace.open()) {
                  for (int i = 1; ; i++) {
                    megabytes(i);
                  }
                }
              });
    }
    workspace.close();
    assertThat(memory.held()).isEqualTo(before);
  }

  /** What it gave back for a larger piece that was not to be had is not its own any more. */
  @Test
  void scratchMemorySurvivesARefusal() {
    Tensor kept = megabytes(40);
    Device device = backend.device();
    synchronized (device) {
      var before = device.scratch(1 << 20);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> device.scratch(40 << 20));
      assertThat(device.scratch(1 << 20)).isNotSameAs(before);
    }
    assertThat(TensorOps.topK(kept, 1).values().toFloats()).containsOnly(1);
  }

  /** Otherwise a device would be full as soon as the Java heap is too large to be collected. */
  @Test
  void unreachableTensorsMakeRoom() {
    for (int i = 0; i < 100; i++) {
      megabytes(7);
    }
    assertThat(memory.held()).isLessThanOrEqualTo(LIMIT);
  }

  /** Memory of a driver that has room for half of the limit: others have the rest. */
  private DeviceMemory halfTaken(AtomicInteger refusals) {
    DeviceMemory[] half = new DeviceMemory[1];
    half[0] =
        new DeviceMemory(
            backend.device(),
            LIMIT,
            size -> {
              if (half[0].held() + half[0].pooled() + size > LIMIT / 2) {
                refusals.incrementAndGet();
                throw new CLException(
                    "CL_MEM_OBJECT_ALLOCATION_FAILURE", CL.CL_MEM_OBJECT_ALLOCATION_FAILURE);
              }
              return CL.clCreateBuffer(
                  backend.device().context(), CL.CL_MEM_READ_WRITE, size, null, null);
            });
    return half[0];
  }

  @Test
  void unreachableTensorsMakeRoomWhereTheDriverHasLess() {
    AtomicInteger refusals = new AtomicInteger();
    DeviceMemory half = halfTaken(refusals);
    for (int i = 0; i < 50; i++) {
      half.allocate(7 << 20);
    }
    assertThat(refusals).hasPositiveValue();
    assertThat(half.held() + half.pooled()).isLessThanOrEqualTo(LIMIT / 2);
  }

  @Test
  void aDriverWithoutRoomIsAskedOnlySoOften() {
    AtomicInteger refusals = new AtomicInteger();
    DeviceMemory half = halfTaken(refusals);
    DeviceMemory.Buffer kept = half.allocate(20 << 20);
    assertThatExceptionOfType(DeviceException.class)
        .isThrownBy(() -> half.allocate(20 << 20))
        .withMessageContaining("no room for 20.00 MiB")
        .withMessageContaining("others may hold some")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(DeviceException.Reason.OUT_OF_MEMORY));
    assertThat(refusals).hasValueBetween(2, 22);
    kept.release();
    half.allocate(20 << 20).release();
  }

  /** A kernel that is launched once would otherwise keep its operands as long as the device. */
  @Test
  void whatWasLaunchedKeepsNoOperand() {
    TensorOps.add(megabytes(10), megabytes(10));
    Tensor tall = megabytes(4).reshape(Shape.of(1 << 17, 8));
    TensorOps.matmul(tall, tall.slice(0, 0, 8));
    tall = null;
    long scratch = 2 << 20;
    assertThat(heldAfterCollection(scratch)).isLessThan(scratch);
  }

  @Test
  void aLaunchKeepsItsOperandsUntilItRuns() {
    Device device = backend.device();
    Kernel kernel = device.kernel("convert.cl", "f32_to_bf16");
    synchronized (device) {
      Kernel.Launch launch = kernel.launch().memory(megabytes(10));
      assertThat(heldAfterCollection(10 << 20)).isGreaterThanOrEqualTo(10 << 20);
      launch.tensor(megabytes(10)).value(0L).run(0, 1);
    }
    assertThat(heldAfterCollection(10 << 20)).isLessThan(10 << 20);
  }

  /** What is held once the collector had its time, or once it is less than {@code enough}. */
  private long heldAfterCollection(long enough) {
    for (int i = 0; i < 20 && memory.held() >= enough; i++) {
      System.gc();
      try {
        Thread.sleep(5); // the cleaner has a thread of its own
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    return memory.held();
  }

  @Test
  void whatWasReleasedIsUsedAgain() {
    DeviceMemory.Buffer first = memory.allocate(1 << 20);
    var place = first.memory();
    first.release();
    assertThat(memory.pooled()).isGreaterThanOrEqualTo(1 << 20);
    assertThat(memory.allocate((1 << 20) + 100).memory()).isSameAs(place);
    assertThat(memory.pooled()).isZero();
  }

  @Test
  void thePoolIsSmallAndMakesRoom() {
    List<DeviceMemory.Buffer> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      all.add(memory.allocate(1 << 20));
    }
    all.forEach(DeviceMemory.Buffer::release);
    assertThat(memory.held()).isZero();
    assertThat(memory.pooled()).isBetween(1L << 20, LIMIT / 16);
    memory.allocate(60 << 20).release();
  }

  @Test
  void aLostDeviceIsSaidSoEveryTime() {
    Tensor x = Tensor.of(backend, MEGABYTE, new float[1 << 18]);
    backend.device().failure("read", new org.jocl.CLException("CL_DEVICE_NOT_AVAILABLE", -2));
    List<Runnable> uses =
        List.of(
            () -> x.toFloats(),
            () -> TensorOps.add(x, x),
            () -> megabytes(1),
            () -> TensorOps.sumOfSquares(x));
    for (Runnable use : uses) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(use::run)
          .withMessageContaining("does not answer any more (CL_DEVICE_NOT_AVAILABLE)")
          .withMessageContaining("from the last checkpoint")
          .satisfies(e -> assertThat(e.reason()).isEqualTo(DeviceException.Reason.LOST));
    }
    OpenClBackend other = Opened.backend();
    assertThat(TensorOps.full(other, DType.F32, Shape.of(3), 2).toFloats()).containsOnly(2);
  }
}
