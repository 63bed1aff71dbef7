package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

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
