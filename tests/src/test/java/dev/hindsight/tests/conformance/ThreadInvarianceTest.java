package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Threads;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same bits from every kernel on any number of threads from 1 to 8. */
class ThreadInvarianceTest {
  private static final Set<String> NO_KERNELS =
      Set.of(
          "name",
          "description",
          "supports",
          "summary",
          "measurePeak",
          "measureBandwidth",
          "synchronise",
          "allocate",
          "newSlab",
          "largestSlab",
          "upload",
          "download");

  private final int former = Threads.count();

  @AfterEach
  void restore() {
    Threads.set(former);
  }

  /** The backends with threads: all but the reference and the fake device that it computes for. */
  static Stream<Backend> backends() {
    return Subject.stream()
        .map(Subject::backend)
        .distinct()
        .filter(b -> b != Subject.TRUTH && !b.name().equals("fake-device"));
  }

  private static List<byte[]> bits(Kernels.Call call, Backend backend) {
    List<byte[]> bits = new ArrayList<>();
    for (Tensor t : call.run(backend)) {
      byte[] bytes = new byte[Math.toIntExact(t.size() * t.dtype().bytes())];
      TensorOps.download(t, MemorySegment.ofArray(bytes));
      bits.add(bytes);
    }
    return bits;
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("backends")
  void everyKernel(Backend backend) {
    for (Map.Entry<String, Kernels.Call> kernel : Kernels.all().entrySet()) {
      Threads.set(1);
      List<byte[]> one = bits(kernel.getValue(), backend);
      for (int threads = 2; threads <= 8; threads++) {
        Threads.set(threads);
        List<byte[]> many = bits(kernel.getValue(), backend);
        for (int i = 0; i < one.size(); i++) {
          assertThat(many.get(i))
              .as("%s: %s: result %d on %d threads", backend.name(), kernel.getKey(), i, threads)
              .isEqualTo(one.get(i));
        }
      }
    }
  }

  /**
   * Products and attention of any size: how the work is cut depends on the size, and so does which
   * kernel does it.
   */
  @Property(tries = 60)
  void anySizeOnAnyNumberOfThreads(
      @ForAll @IntRange(min = 1, max = 300) int m,
      @ForAll @IntRange(min = 1, max = 600) int k,
      @ForAll @IntRange(min = 1, max = 400) int n,
      @ForAll @IntRange(min = 1, max = 4) int heads,
      @ForAll @IntRange(min = 2, max = 8) int threads) {
    Kernels.Call call = Kernels.ofSize(m, k, n, heads);
    backends()
        .forEach(
            backend -> {
              Threads.set(1);
              List<byte[]> one = bits(call, backend);
              Threads.set(threads);
              List<byte[]> many = bits(call, backend);
              for (int i = 0; i < one.size(); i++) {
                assertThat(Arrays.equals(many.get(i), one.get(i)))
                    .as("%s: result %d on %d threads", backend.name(), i, threads)
                    .isTrue();
              }
            });
    Threads.set(former);
  }

  /** Add a call to {@link Kernels}. */
  @Test
  void noKernelIsMissing() {
    Set<String> kernels = new TreeSet<>(CoverageTest.methods());
    kernels.removeAll(NO_KERNELS);
    assertThat(Kernels.all().keySet()).containsExactlyInAnyOrderElementsOf(kernels);
  }
}
