package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.DeviceException;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jocl.CL;
import org.jocl.CLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guards the compiled kernels that are kept on disk, and what is said when one does not compile.
 */
class ProgramsTest {
  private static final String CACHE = "hindsight.opencl.cache";

  @TempDir Path folder;
  private String former;

  @BeforeEach
  void useTheFolder() {
    former = System.getProperty(CACHE);
    System.setProperty(CACHE, folder.toString());
  }

  @AfterEach
  void restore() {
    if (former == null) {
      System.clearProperty(CACHE);
    } else {
      System.setProperty(CACHE, former);
    }
  }

  private List<Path> binaries() throws IOException {
    try (var files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".bin")).toList();
    }
  }

  /** Computes something, which needs a kernel. */
  private static float[] compute() {
    OpenClBackend backend = Opened.backend();
    return TensorOps.affine(TensorOps.full(backend, DType.F32, Shape.of(3), 2), 3, 1).toFloats();
  }

  @Test
  void aDamagedBinaryIsMadeAgain() throws IOException {
    assertThat(compute()).containsOnly(7);
    Path binary = binaries().getFirst();
    byte[] whole = Files.readAllBytes(binary);
    byte[] changed = whole.clone();
    for (int i = 50; i < changed.length; i += 97) {
      changed[i] ^= 0x5a;
    }
    for (byte[] damage :
        List.of(
            new byte[0],
            new byte[] {1, 2, 3},
            Arrays.copyOf(whole, 132),
            Arrays.copyOf(whole, whole.length / 2),
            changed)) {
      Files.write(binary, damage);
      assertThat(compute()).containsOnly(7);
      assertThat(Files.size(binary)).as("written anew").isGreaterThan(1000);
    }
    assertThat(binaries()).hasSize(1);
  }

  private static float[] converted() {
    OpenClBackend backend = Opened.backend();
    Tensor stored = TensorOps.cast(TensorOps.full(backend, DType.F32, Shape.of(3), 2), DType.BF16);
    return TensorOps.cast(stored, DType.F32).toFloats();
  }

  /** A driver loads a whole binary of other kernels, and says so when one is asked for. */
  @Test
  void aBinaryOfOtherKernelsIsMadeAgain() throws IOException {
    assertThat(compute()).containsOnly(7);
    Path other = binaries().getFirst();
    assertThat(converted()).containsOnly(2);
    Path binary = binaries().stream().filter(b -> !b.equals(other)).findFirst().orElseThrow();
    byte[] others = Checked.content(other.getFileName().toString(), Files.readAllBytes(other));
    assertThat(others).isNotNull();
    byte[] underThisName = Checked.file(binary.getFileName().toString(), others);
    for (byte[] wrong : List.of(Files.readAllBytes(other), underThisName)) {
      Files.write(binary, wrong);
      assertThat(converted()).containsOnly(2);
      // not compared with the first one: a driver may add kernels that it specialised since
      byte[] anew = Checked.content(binary.getFileName().toString(), Files.readAllBytes(binary));
      assertThat(anew).as("written anew").isNotNull().isNotEqualTo(others);
    }
  }

  @Test
  void aKernelThatIsNotThereIsNamed() {
    Device device = new Device(Opened.info());
    for (int time = 0; time < 2; time++) { // compiled, and from the disk
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> device.kernel("convert.cl", "no_such_kernel"))
          .withMessageStartingWith("kernel no_such_kernel of convert.cl: ")
          .withMessageContaining("CL_INVALID_KERNEL_NAME")
          .withMessageContaining("./hindsight devices")
          .satisfies(e -> assertThat(e.reason()).isEqualTo(DeviceException.Reason.REFUSED));
    }
  }

  @Test
  void anArgumentThatDoesNotFitIsNamed() {
    OpenClBackend backend = Opened.backend();
    Device device = backend.device();
    Kernel kernel = device.kernel("convert.cl", "f32_to_bf16");
    Tensor x = TensorOps.full(backend, DType.F32, Shape.of(3), 2);
    synchronized (device) {
      Kernel.Launch launch = kernel.launch().tensor(x).tensor(x).value(3L);
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> launch.value(1L))
          .withMessageStartingWith("kernel f32_to_bf16, argument 5: ")
          .withMessageContaining("CL_INVALID_ARG_INDEX")
          .satisfies(e -> assertThat(e.reason()).isEqualTo(DeviceException.Reason.REFUSED));
    }
  }

  @Test
  void aDeviceThatCannotBeOpenedIsNamed() {
    DeviceInfo info = Opened.info();
    assertThatExceptionOfType(DeviceException.class)
        .isThrownBy(
            () ->
                Device.open(
                    info,
                    () -> {
                      throw new CLException("CL_OUT_OF_HOST_MEMORY", CL.CL_OUT_OF_HOST_MEMORY);
                    }))
        .withMessageStartingWith("open " + info.name() + " (" + info.platformName() + "): ")
        .withMessageContaining("CL_OUT_OF_HOST_MEMORY")
        .withMessageContaining("./hindsight devices");
  }

  @Test
  void aFolderThatCannotBeWrittenCostsOnlyTime() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    System.setProperty(CACHE, file.resolve("below").toString());
    assertThat(compute()).containsOnly(7);
  }

  @Test
  void whatCannotBeMovedIntoPlaceLeavesNothing() throws IOException {
    assertThat(compute()).containsOnly(7);
    Path binary = binaries().getFirst();
    Files.delete(binary);
    Files.createDirectories(binary.resolve("in the way"));
    assertThat(compute()).containsOnly(7);
    try (var files = Files.list(folder)) {
      assertThat(files).containsOnly(binary);
    }
  }

  @Test
  void whatDoesNotCompileIsNamedWithTheCompilersLog() {
    Device device = new Device(Opened.info());
    assertThatThrownBy(() -> device.kernel("elementwise.cl", "map", "F=no_such_function(x0)"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("elementwise.cl")
        .hasMessageContaining("kernel map")
        .hasMessageContaining(device.info().name())
        .hasMessageContaining("error");
  }
}
