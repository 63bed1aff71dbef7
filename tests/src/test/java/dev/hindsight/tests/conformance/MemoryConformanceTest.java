package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Storages, slabs, transfers, fills and copies: bytes arrive where they belong, and all of them.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class MemoryConformanceTest {
  @Parameter Subject subject;

  @Test
  @Covers({"name", "description", "supports", "summary"})
  void introducesItself() {
    Backend backend = subject.backend();
    assertThat(backend.name()).isNotBlank();
    assertThat(backend.description()).startsWith(backend.name());
    assertThat(backend.supports(DType.F32)).isTrue();
    assertThat(backend.supports(DType.I32)).isFalse();
    assertThat(backend.supports(DType.BF16)).isFalse();
    assertThat(backend.supports(DType.F16)).isFalse();
    assertThat(backend.summary()).allSatisfy(line -> assertThat(line).isNotBlank());
  }

  /** How fast is no test's business; that it is a speed at all, is. */
  @Test
  @Covers({"measurePeak", "measureBandwidth"})
  void limitsArePositiveWhereThereAreAny() {
    if (subject.dtype() == DType.F32) {
      Backend backend = subject.backend();
      backend.measurePeak().ifPresent(x -> assertThat(x).isPositive().isLessThan(1e18));
      backend.measureBandwidth().ifPresent(x -> assertThat(x).isPositive().isLessThan(1e16));
    }
  }

  /** Waiting changes nothing, with and without work to wait for. */
  @Test
  @Covers("synchronise")
  void waitingLeavesWhatWasComputed() {
    Backend backend = subject.backend();
    backend.synchronise();
    Tensor x = TensorOps.full(backend, subject.dtype(), Shape.of(1000), 3);
    backend.synchronise();
    assertThat(x.toDoubles()).containsOnly(3);
  }

  @Test
  @Covers("allocate")
  void allocatesExactlyWhatIsAskedFor() {
    for (long bytes : new long[] {0, 1, 63, 64, 1 << 20}) {
      Storage storage = subject.backend().allocate(bytes);
      assertThat(storage.bytes()).isEqualTo(bytes);
      assertThat(storage.backend()).isSameAs(subject.backend());
      assertThat(storage.isPersistent()).isTrue();
    }
  }

  @Test
  @Covers("newSlab")
  void slicesOfASlabDoNotTouch() {
    Backend.Slab slab = subject.backend().newSlab(4096);
    assertThat(slab.bytes()).isEqualTo(4096);
    Shape sixteen = Shape.of(16);
    Tensor[] slices = new Tensor[64];
    for (int i = 0; i < slices.length; i++) {
      Storage storage = slab.slice(64L * i, 64, Workspace.Generation.ETERNAL);
      assertThat(storage.bytes()).isEqualTo(64);
      slices[i] = new Tensor(storage, DType.F32, sixteen);
    }
    for (int i = 0; i < slices.length; i++) {
      TensorOps.fill(slices[i], i);
    }
    for (int i = 0; i < slices.length; i++) {
      assertThat(slices[i].toFloats()).containsOnly(i);
    }
    slab.release();
  }

  /** The limit that a workspace obeys holds what models of this suite need. */
  @Test
  @Covers("largestSlab")
  void aSlabMayHaveMegabytes() {
    long largest = subject.backend().largestSlab();
    assertThat(largest).isGreaterThanOrEqualTo(64 << 20);
    Backend.Slab slab = subject.backend().newSlab(64 << 20);
    assertThat(slab.bytes()).isEqualTo(64 << 20);
    slab.release();
  }

  @Test
  @Covers({"upload", "download"})
  void bytesComeBackAsTheyWent() {
    for (DType dtype : DType.values()) {
      for (int size : Values.LANE_BOUNDARIES) {
        byte[] bytes = new byte[size * dtype.bytes()];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) (37 * i + 11); // NaN payloads among them
        }
        Tensor whole = TensorOps.zeros(subject.backend(), dtype, Shape.of(size + 10));
        Tensor part = whole.slice(0, 3, 3 + size);
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment host = arena.allocate(bytes.length, 8);
          host.copyFrom(MemorySegment.ofArray(bytes));
          TensorOps.upload(host, part);
          host.fill((byte) 0);
          TensorOps.download(part, host);
          assertThat(host.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
        }
        assertThat(whole.slice(0, 0, 3).toDoubles()).containsOnly(0);
        assertThat(whole.slice(0, 3 + size, 10 + size).toDoubles()).containsOnly(0);
      }
    }
  }

  @Test
  @Covers("fill")
  void fillsEveryLayout() {
    for (double value : new double[] {1.25, -0.0, Double.NaN, Double.POSITIVE_INFINITY, 0.1}) {
      for (int size : Values.LANE_BOUNDARIES) {
        for (Layout layout : Layout.values()) {
          Shape shape = Shape.of(3, size);
          Trial trial = new Trial(subject, "fill %s of %s with %s", layout, shape, value);
          Operand out = trial.inOut(shape, layout, Values.uniform(1, shape));
          trial.run((b, at) -> b.fill(at.of(out), value)).exact(out);
        }
      }
    }
    Tensor indices = TensorOps.full(subject.backend(), DType.I32, Shape.of(37), 16777217);
    assertThat(indices.toInts()).containsOnly(16777217);
  }

  @Test
  @Covers("copy")
  void copiesFromEveryLayoutToEvery() {
    for (int size : new int[] {0, 1, 7, 8, 17, 64}) {
      Shape shape = Shape.of(2, 3, size);
      for (Layout from : Layout.values()) {
        for (Layout to : Layout.values()) {
          Trial trial = new Trial(subject, "copy %s from %s to %s", shape, from, to);
          Operand x = trial.in(shape, from, Values.uniform(size, shape));
          Operand out = trial.inOut(shape, to, Values.uniform(1, shape));
          trial.run((b, at) -> b.copy(at.of(x), at.of(out))).exact(out);
        }
      }
      Trial trial = new Trial(subject, "copy broadcast to %s", shape);
      Operand x = trial.in(Shape.of(3, 1), Layout.OFFSET, 1, 2, 3).view(t -> t.expand(shape));
      Operand out = trial.out(shape);
      trial.run((b, at) -> b.copy(at.of(x), at.of(out))).exact(out);
    }
  }

  /** Every type to every type, specials included: the reference defines what comes out. */
  @Test
  @Covers("copy")
  void convertsBetweenAllTypes() {
    double[] values = new double[4 * Values.SPECIAL.length + 129];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          i < Values.SPECIAL.length ? Values.SPECIAL[i] : Math.sinh((i - values.length / 2) / 8.0);
    }
    Shape shape = Shape.of(values.length);
    for (DType from : DType.values()) {
      Tensor x = TensorOps.cast(Tensor.of(Subject.TRUTH, shape, values), from);
      Tensor onSubject = x.to(subject.backend());
      for (DType to : DType.values()) {
        Tensor want = TensorOps.empty(Subject.TRUTH, to, shape);
        Tensor got = TensorOps.empty(subject.backend(), to, shape);
        TensorOps.copy(x, want);
        TensorOps.copy(onSubject, got);
        assertThat(bytes(got)).as("%s: %s to %s", subject, from, to).isEqualTo(bytes(want));
      }
    }
  }

  private static byte[] bytes(Tensor t) {
    byte[] bytes = new byte[Math.toIntExact(t.size() * t.dtype().bytes())];
    TensorOps.download(t, MemorySegment.ofArray(bytes));
    return bytes;
  }
}
