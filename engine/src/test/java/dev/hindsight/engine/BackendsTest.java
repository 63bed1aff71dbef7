package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Guards that a backend asked for by name never gives way to another, and that auto does. */
class BackendsTest {

  private record Candidate(String name, int priority, Optional<String> unavailable)
      implements Backends.Provider {
    static Candidate running(String name, int priority) {
      return new Candidate(name, priority, Optional.empty());
    }

    static Candidate broken(String name, int priority) {
      return new Candidate(name, priority, Optional.of("no such device; install a driver"));
    }

    @Override
    public Backend open() {
      throw new AssertionError("not opened here");
    }
  }

  @Test
  void anUnknownNameListsTheKnown() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Backends.get("cuda"))
        .withMessageStartingWith("backend: there is none called 'cuda'; known are auto, ")
        .withMessageContaining("reference");
  }

  @Test
  void aNameThatCannotRunFailsWithReasonAndFix() {
    List<Backends.Provider> providers =
        List.of(Candidate.broken("opencl", 5), Candidate.running("plain", 0));
    assertThatIllegalStateException()
        .isThrownBy(() -> Backends.choose("opencl", providers))
        .withMessage("backend opencl cannot run here: no such device; install a driver");
  }

  @Test
  void autoTakesTheFirstThatRuns() {
    Backends.Provider plain = Candidate.running("plain", 0);
    Backends.Provider fast = Candidate.running("fast", 10);
    assertThat(Backends.choose("auto", List.of(fast, plain))).isSameAs(fast);
    assertThat(Backends.choose("auto", List.of(Candidate.running("device", -1), plain)))
        .isSameAs(plain);
  }

  @Test
  void autoWithNothingThatRunsNamesTheReasons() {
    List<Backends.Provider> providers = List.of(Candidate.broken("one", 2));
    assertThatIllegalStateException()
        .isThrownBy(() -> Backends.choose("auto", providers))
        .withMessage(
            "backend auto: no CPU backend can run here; one: no such device; install a driver");
  }

  private record Gpus(List<ComputeDevice> devices) implements Backends.Provider {
    static Gpus of(String... namesAndPlatforms) {
      List<ComputeDevice> devices = new ArrayList<>();
      for (int i = 0; i < namesAndPlatforms.length; i += 2) {
        devices.add(
            new ComputeDevice(
                namesAndPlatforms[i], namesAndPlatforms[i + 1], "", "", "", "gpu", 1, 1, 1, 1));
      }
      return new Gpus(devices);
    }

    @Override
    public String name() {
      return "opencl";
    }

    @Override
    public int priority() {
      return -1;
    }

    @Override
    public Optional<String> unavailable() {
      return Optional.empty();
    }

    @Override
    public Backend open() {
      throw new AssertionError("not opened here");
    }
  }

  private static final Backends.Provider GPUS =
      Gpus.of("RTX 4090", "NVIDIA CUDA", "gfx1100", "AMD Accelerated", "RTX 3060", "NVIDIA CUDA");

  @Test
  void aDeviceIsAskedForByNumberOrByAPartOfItsName() {
    assertThat(Backends.chosenDevice(GPUS, null, null)).isZero();
    assertThat(Backends.chosenDevice(GPUS, null, " ")).isZero();
    assertThat(Backends.chosenDevice(GPUS, "2", null)).isEqualTo(2);
    assertThat(Backends.chosenDevice(GPUS, "amd", null)).isEqualTo(1);
    assertThat(Backends.chosenDevice(GPUS, "rtx 30", null)).isEqualTo(2);
    assertThat(Backends.chosenDevice(GPUS, "nvidia", null)).as("the first of two").isZero();
    assertThat(Backends.chosenDevice(GPUS, null, "amd")).isEqualTo(1);
    assertThat(Backends.chosenDevice(GPUS, "2", "amd")).as("the caller goes first").isEqualTo(2);
  }

  /** Not a short one, nor one of a platform: many have those. */
  @Test
  void aNumberThatIsNoDevicesIsPartOfAName() {
    assertThat(Backends.chosenDevice(GPUS, "4090", null)).isZero();
    assertThat(Backends.chosenDevice(GPUS, "1100", null)).isEqualTo(1);
    assertThat(Backends.chosenDevice(GPUS, null, " 3060 ")).isEqualTo(2);
    Backends.Provider cpus = Gpus.of("CPU @ 2.40GHz", "OpenCL 3.0.240", "CPU", "OpenCL 3.0.240");
    for (String asked : List.of("2", "40", "240")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Backends.chosenDevice(cpus, asked, null))
          .withMessageContaining("none with the number or the name '" + asked + "'");
    }
  }

  @Test
  void aDeviceThatIsNotThereListsThoseThatAre() {
    for (String asked : List.of("3", "40", "4091", "99999999999999", "Intel", "", "-1")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Backends.chosenDevice(GPUS, asked, "amd"))
          .withMessage(
              "device: backend opencl has none with the number or the name '"
                  + asked
                  + "'; there are 0: RTX 4090 (NVIDIA CUDA), 1: gfx1100 (AMD Accelerated), 2: RTX"
                  + " 3060 (NVIDIA CUDA)");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Backends.chosenDevice(GPUS, null, "Intel"))
        .withMessageStartingWith("HINDSIGHT_DEVICE: backend opencl has none");
  }

  @Test
  void aBackendWithoutDevicesRefusesOne() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Backends.get("reference", "NVIDIA"))
        .withMessageStartingWith("device: backend reference has none to choose from");
    Backends.Provider plain = Candidate.running("plain", 0);
    assertThat(Backends.chosenDevice(plain, null, "NVIDIA")).isEqualTo(-1);
  }

  @Test
  void opensEachOnce() {
    assertThat(Backends.get("reference")).isSameAs(Backends.get("reference"));
    assertThat(Backends.get("reference").name()).isEqualTo("reference");
    assertThat(Backends.get("auto")).isSameAs(Backends.get(Backends.get("auto").name()));
  }

  @Test
  void providersComeFastestFirst() {
    assertThat(Backends.providers())
        .extracting(Backends.Provider::priority)
        .isSortedAccordingTo(java.util.Comparator.reverseOrder());
  }
}
