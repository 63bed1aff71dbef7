package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Guards the write counts that autograd relies on, and the host memory under the CPU backends. */
class StorageTest {
  private final Backend backend = Backends.get("reference");
  private final AdamWStep step = new AdamWStep(0.1, 0.9, 0.99, 1e-8, 0, 1, 1);

  private Tensor ones(int... dims) {
    return TensorOps.full(backend, DType.F32, Shape.of(dims), 1);
  }

  private static void assertWrites(Runnable action, Tensor... written) {
    int[] before = new int[written.length];
    for (int i = 0; i < written.length; i++) {
      before[i] = written[i].storage().version();
    }
    action.run();
    for (int i = 0; i < written.length; i++) {
      assertThat(written[i].storage().version()).as("operand %d", i).isEqualTo(before[i] + 1);
    }
  }

  @Test
  void everyWriteCounts() {
    Tensor x = ones(2, 2);
    Tensor w = ones(2);
    Tensor ids = Tensor.of(backend, Shape.of(2), 0, 1);
    Tensor out = ones(2, 2);
    Tensor dw = ones(2);
    Tensor db = ones(2);
    assertWrites(() -> TensorOps.fill(out, 2), out);
    assertWrites(() -> TensorOps.fill(out.slice(0, 0, 1), 2), out);
    assertWrites(() -> TensorOps.upload(MemorySegment.ofArray(new float[4]), out), out);
    assertWrites(() -> TensorOps.copy(x, out), out);
    assertWrites(() -> TensorOps.addScaled(x, 1, out), out);
    assertWrites(() -> TensorOps.lerp(x, 1, out), out);
    assertWrites(() -> TensorOps.matmul(x, x, out, true), out);
    assertWrites(() -> TensorOps.scatterAddRows(x, ids, out), out);
    assertWrites(() -> LayerOps.rmsNormBackward(x, w, w, x, out, dw), out, dw);
    var norm = LayerOps.layerNorm(x, w, w, 0.1);
    assertWrites(() -> LayerOps.layerNormBackward(x, w, norm, x, out, dw, db), out, dw, db);
    Tensor m = ones(2, 2);
    Tensor v = ones(2, 2);
    assertWrites(() -> TensorOps.adamW(out, x, m, v, step), out, m, v);
  }

  @Test
  void readingCountsNothing() {
    Tensor x = ones(2, 2);
    int version = x.storage().version();
    x.toFloats();
    x.keep();
    TensorOps.add(x, x);
    TensorOps.matmul(x, x);
    LayerOps.rmsNorm(x, ones(2), 0);
    assertThat(x.storage().version()).isEqualTo(version);
  }

  @Test
  void hostMemoryIsAlignedAndZeroed() {
    for (int bytes : new int[] {0, 1, 63, 64, 1000}) {
      Storage storage = backend.allocate(bytes);
      MemorySegment segment = ((HostStorage) storage).segment();
      assertThat(storage.bytes()).isEqualTo(bytes);
      assertThat(segment.address() % 64).isZero();
      assertThat(segment.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
          .containsOnly(zeros(bytes));
    }
  }

  private static byte[] zeros(int bytes) {
    return new byte[Math.min(1, bytes)];
  }

  @Test
  void tooMuchMemoryIsRefusedWithTheFix() {
    assertThatExceptionOfType(OutOfMemoryError.class)
        .isThrownBy(() -> backend.allocate(1L << 60))
        .withMessageContaining("allocate: no room for 1.00 EiB of tensor memory")
        .withMessageContaining("this machine has");
    assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> backend.newSlab(1L << 60));
    assertThatIllegalArgumentException().isThrownBy(() -> backend.allocate(-1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorOps.empty(backend, DType.F64, Shape.of(1 << 30, 1 << 30, 2)))
        .withMessage("empty: F64[1073741824, 1073741824, 2] needs more bytes than any memory has");
  }

  @Test
  void tooMuchForTheLimitOfTheJvmNamesWhatIsNeededAndWhatThereIs() {
    OutOfMemoryError jvm =
        new OutOfMemoryError(
            "Cannot reserve 3221225536 bytes of direct buffer memory (allocated: 1610612736, limit: 4294967296)");
    assertThat(MemoryLimit.refused(3221225472L, jvm))
        .hasMessage(
            "allocate: no room for 3.00 GiB of tensor memory: 1.50 GiB of the JVM's limit of 4.00 GiB are in use;"
                + " raise the limit with -XX:MaxDirectMemorySize, or take a smaller batch, shorter sequences or a"
                + " smaller model");
  }

  /** Guards that the words which {@link MemoryLimit} looks for are still the JVM's. */
  @Test
  void theJvmSaysWhatItsLimitIs() {
    long limit = Runtime.getRuntime().maxMemory();
    assertThatExceptionOfType(OutOfMemoryError.class)
        .isThrownBy(() -> backend.allocate(limit))
        .withMessageContaining(" of the JVM's limit of ");
  }

  /** A runtime that keeps a header in front of its arrays finds memory of this process there. */
  @Test
  void hostMemoryHasRoomInFront() {
    Backend.Slab slab = backend.newSlab(64);
    Storage slice = slab.slice(0, 64, Workspace.Generation.ETERNAL);
    for (Storage storage : new Storage[] {backend.allocate(100), slice}) {
      MemorySegment memory = ((HostStorage) storage).segment();
      assertThat(memory.address() % HostStorage.ALIGNMENT).isZero();
      byte[] front =
          MemorySegment.ofAddress(memory.address() - HostStorage.SLACK)
              .reinterpret(HostStorage.SLACK)
              .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
      assertThat(front).as("the JVM's zeros").containsOnly(0);
    }
    slab.release();
  }
}
