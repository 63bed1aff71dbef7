package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * Guards that memory of a past step cannot be read, that a loop's memory stops growing, and that
 * what must outlive a step does.
 */
class WorkspaceTest {
  private final Backend backend = Backends.get("reference");

  private Tensor ones(int... dims) {
    return TensorOps.full(backend, DType.F32, Shape.of(dims), 1);
  }

  @Test
  void everyUseAfterTheResetFails() {
    Tensor alive = ones(4);
    Tensor stale;
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      stale = ones(4);
      assertThat(stale.storage().isPersistent()).isFalse();
      workspace.reset();
      Tensor view = stale.slice(0, 1, 3);
      List<Runnable> uses =
          List.of(
              stale::toFloats,
              stale::toDoubles,
              stale::keep,
              view::toFloats,
              () -> TensorOps.fill(stale, 0),
              () -> TensorOps.upload(Arena.ofAuto().allocate(16), stale),
              () -> TensorOps.download(stale, Arena.ofAuto().allocate(16)),
              () -> TensorOps.copy(stale, alive),
              () -> TensorOps.copy(alive, stale),
              () -> TensorOps.cast(stale, DType.BF16),
              () -> TensorOps.add(alive, stale),
              () -> TensorOps.unary(UnaryOp.EXP, stale),
              () -> TensorOps.addScaled(alive, 1, stale),
              () -> TensorOps.reduce(ReduceOp.SUM, stale),
              () -> TensorOps.sumOfSquares(stale),
              () -> TensorOps.lerp(alive, 0.5, stale),
              () -> LayerOps.softmax(stale));
      for (Runnable use : uses) {
        assertThatIllegalStateException()
            .isThrownBy(use::run)
            .withMessageContaining("allocated in a workspace that was reset since")
            .withMessageContaining("keep()");
      }
    }
    assertThatIllegalStateException()
        .isThrownBy(stale::toFloats)
        .withMessageStartingWith("download: ");
  }

  @Test
  void keptTensorsOutliveTheWorkspace() {
    Tensor kept;
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      kept = ones(2, 3).transpose(0, 1).keep();
      assertThat(kept.storage().isPersistent()).isTrue();
      assertThat(kept.isContiguous()).isTrue();
    }
    assertThat(kept.toFloats()).containsOnly(1).hasSize(6);
  }

  @Test
  void memoryStopsGrowingAfterTheLargestStep() {
    try (Workspace workspace = new Workspace(backend)) {
      List<Long> capacity = new ArrayList<>();
      for (int step = 0; step < 6; step++) {
        try (var scope = workspace.open()) {
          for (int i = 0; i < 10; i++) {
            ones(100_000 + 37 * i); // four megabytes in all: more than the first slab
          }
        }
        capacity.add(workspace.capacity());
      }
      assertThat(capacity.getFirst()).isGreaterThan(4_000_000L).isLessThan(16_000_000L);
      assertThat(capacity).containsOnly(capacity.getFirst());
    }
  }

  /** A reset joins the slabs: a tensor of the whole former step then fits without more memory. */
  @Test
  void resetJoinsTheSlabs() {
    try (Workspace workspace = new Workspace(backend)) {
      try (var scope = workspace.open()) {
        for (int i = 0; i < 8; i++) {
          ones(200_000);
        }
      }
      long capacity = workspace.capacity();
      try (var scope = workspace.open()) {
        ones(1_600_000);
        assertThat(workspace.capacity()).isEqualTo(capacity);
      }
    }
  }

  @Test
  void tensorsOfAStepDoNotOverlap() {
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        tensors.add(TensorOps.full(backend, DType.F64, Shape.of(i * 977), i));
      }
      for (int i = 0; i < 50; i++) {
        assertThat(tensors.get(i).toDoubles()).hasSize(i * 977).containsOnly(expected(i));
        assertThat(HostStorage.segmentOf(tensors.get(i)).address() % HostStorage.ALIGNMENT)
            .isZero();
      }
    }
  }

  private static double[] expected(int i) {
    return i == 0 ? new double[0] : new double[] {i};
  }

  @Test
  void scopesNestAndGiveTheFormerWorkspaceBack() {
    try (Workspace outer = new Workspace(backend);
        Workspace inner = new Workspace(backend)) {
      try (var step = outer.open()) {
        Tensor a = ones(3);
        Tensor b;
        try (var part = inner.open()) {
          b = ones(3);
          assertThat(inner.capacity()).isPositive();
        }
        assertThat(a.toFloats()).containsOnly(1);
        assertThatIllegalStateException().isThrownBy(b::toFloats);
        long before = outer.capacity();
        ones(3);
        assertThat(outer.capacity()).isEqualTo(before);
        assertThat(Workspace.current()).isSameAs(outer);
      }
      assertThat(Workspace.current()).isNull();
    }
  }

  @Test
  void outsideAllocatesPersistentMemory() {
    Tensor persistent;
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      persistent = Workspace.outside(() -> ones(3));
      assertThat(ones(3).storage().isPersistent()).isFalse();
    }
    assertThat(persistent.toFloats()).containsOnly(1);
  }

  @Test
  void servesOneScopeAtATime() {
    try (Workspace workspace = new Workspace(backend)) {
      Workspace.Scope scope = workspace.open();
      assertThatIllegalStateException()
          .isThrownBy(workspace::open)
          .withMessage("workspace: already open; a workspace serves one scope at a time");
      scope.close();
      try (var next = workspace.open()) {
        Tensor x = ones(3);
        scope.close(); // a second close must not end the scope that is open now
        assertThat(x.toFloats()).containsOnly(1);
      }
    }
  }

  @Test
  void scopesCloseInnermostFirst() {
    try (Workspace outer = new Workspace(backend);
        Workspace inner = new Workspace(backend)) {
      Workspace.Scope first = outer.open();
      Workspace.Scope second = inner.open();
      assertThatIllegalStateException()
          .isThrownBy(first::close)
          .withMessageContaining("the innermost first");
      second.close();
      first.close();
      assertThat(Workspace.current()).isNull();
    }
  }

  @Test
  void belongsToTheThreadThatOpenedIt() throws InterruptedException {
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      AtomicReference<Tensor> other = new AtomicReference<>();
      Thread thread = new Thread(() -> other.set(ones(3)));
      thread.start();
      thread.join();
      assertThat(other.get().storage().isPersistent()).isTrue();
    }
  }

  @Test
  void isOfNoUseAfterClose() {
    Workspace workspace = new Workspace(backend);
    workspace.close();
    workspace.close();
    assertThat(workspace.capacity()).isZero();
    assertThatIllegalStateException()
        .isThrownBy(workspace::open)
        .withMessage("workspace: was closed; make a new one");
  }

  private static final int LARGE = 10_000;

  @Test
  void managedMemoryIsUsedAgainOnceNobodyReadsIt() {
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      Tensor x = ones(LARGE);
      Tensor view = x.slice(0, 1, 3);
      x.storage().manage();
      x.storage().retain();
      x.storage().retain();
      x.storage().release();
      assertThat(view.toFloats()).containsOnly(1);
      x.storage().release();
      for (Runnable use : List.<Runnable>of(x::toFloats, view::keep, () -> TensorOps.fill(x, 0))) {
        assertThatIllegalStateException()
            .isThrownBy(use::run)
            .withMessageContaining("memory was given back")
            .withMessageContaining("detach()");
      }
      Tensor y = ones(LARGE);
      assertThat(HostStorage.segmentOf(y).address()).isEqualTo(HostStorage.segmentOf(x).address());
      x.storage().release(); // the memory is y's now: a release too many must not touch it
      Tensor z = TensorOps.full(backend, DType.F32, Shape.of(LARGE), 2);
      assertThat(y.toFloats()).containsOnly(1);
      assertThat(z.toFloats()).containsOnly(2);
    }
  }

  @Test
  void neighboursThatWereGivenBackHoldOneLargeTensor() {
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      List<Tensor> parts = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        parts.add(ones(LARGE));
      }
      ones(LARGE);
      long capacity = workspace.capacity();
      long most = workspace.mostInUse();
      for (int i : new int[] {3, 7, 5, 4, 6}) { // joins before, after and between
        Storage part = parts.get(i).storage();
        part.manage();
        part.retain();
        part.release();
      }
      Tensor whole = ones(5 * LARGE);
      assertThat(HostStorage.segmentOf(whole).address())
          .isEqualTo(HostStorage.segmentOf(parts.get(3)).address());
      assertThat(parts.get(2).toFloats()).containsOnly(1);
      assertThat(parts.get(8).toFloats()).containsOnly(1);
      assertThat(workspace.capacity()).isEqualTo(capacity);
      assertThat(workspace.mostInUse()).isEqualTo(most);
    }
  }

  private void assertApart(Tensor a, Tensor b) {
    TensorOps.fill(a, 1);
    TensorOps.fill(b, 2);
    assertThat(a.toFloats()).containsOnly(1);
    assertThat(b.toFloats()).containsOnly(2);
  }

  /** A graph that outlived its step lets go of memory that is somebody else's by then. */
  @Test
  void aReleaseAfterTheResetGivesNothingBack() {
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      Storage stale = ones(LARGE).storage();
      stale.manage();
      stale.retain();
      workspace.reset();
      Tensor a = ones(LARGE);
      stale.release();
      assertApart(a, ones(LARGE));
    }
  }

  /** A pass that fails leaves temporaries which no sweep has seen. */
  @Test
  void theNextStepSweepsNothingOfTheFormer() {
    try (Workspace workspace = new Workspace(backend)) {
      try (var scope = workspace.open()) {
        workspace.watch(true);
        ones(LARGE);
        workspace.watch(false);
      }
      try (var scope = workspace.open()) {
        Tensor a = ones(LARGE);
        workspace.sweep();
        assertApart(a, ones(LARGE));
      }
    }
  }

  @Test
  void pinnedMemoryStaysUntilTheReset() {
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      Tensor x = ones(LARGE);
      x.storage().pin();
      x.storage().manage();
      x.storage().retain();
      x.storage().release();
      assertThat(x.toFloats()).containsOnly(1);
    }
  }

  /** Two threads would lose counts: what a second one reads is not given back early. */
  @Test
  void aReaderOnAnotherThreadPins() throws InterruptedException {
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      Tensor x = ones(LARGE);
      x.storage().manage();
      x.storage().retain();
      Thread thread = new Thread(() -> x.storage().retain());
      thread.start();
      thread.join();
      x.storage().release();
      assertThat(x.toFloats()).containsOnly(1);
    }
  }

  @Test
  void watchedTemporariesGoUnlessTheyAreRetained() {
    try (Workspace workspace = new Workspace(backend);
        var scope = workspace.open()) {
      Tensor before = ones(LARGE);
      assertThat(workspace.watch(true)).isFalse();
      Tensor temporary = ones(LARGE);
      Tensor result = ones(LARGE);
      result.storage().retain();
      workspace.sweep();
      assertThat(workspace.watch(false)).isTrue();
      assertThat(before.toFloats()).containsOnly(1);
      assertThat(result.toFloats()).containsOnly(1);
      assertThatIllegalStateException().isThrownBy(temporary::toFloats);
      result.storage().release();
      assertThatIllegalStateException().isThrownBy(result::toFloats);
    }
  }

  @Test
  void poisonedMemoryIsNoNumber() {
    try (Workspace workspace = Workspace.poisoning(backend);
        var scope = workspace.open()) {
      Tensor x = ones(3);
      x.storage().manage();
      x.storage().retain();
      x.storage().release();
      assertThat(TensorOps.empty(backend, DType.F32, Shape.of(3)).toFloats())
          .containsOnly(Float.NaN);
    }
  }

  /** The slab is as large as what was in use at once, not as the sum of all requests. */
  @Test
  void resetMeasuresWhatWasInUse() {
    try (Workspace workspace = new Workspace(backend)) {
      for (int step = 0; step < 3; step++) {
        try (var scope = workspace.open()) {
          for (int i = 0; i < 100; i++) {
            Storage storage = ones(1_000_000).storage();
            storage.manage();
            storage.retain();
            storage.release();
          }
          ones(500_000);
        }
      }
      assertThat(workspace.capacity()).isBetween(4_000_000L, 7_200_000L);
    }
  }

  /** The reference backend, which has no slab left once {@code full} is set. */
  private Backend exhaustible(AtomicBoolean full) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (_, method, arguments) -> {
              if (full.get() && method.getName().equals("newSlab")) {
                throw new OutOfMemoryError("no slab left");
              }
              return method.invoke(backend, arguments);
            });
  }

  /** A device may have room for a step, but not for one buffer that holds all of it. */
  @Test
  void slabsThatMayNotBeJoinedStay() {
    Backend limited =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (_, method, arguments) ->
                    method.getName().equals("largestSlab")
                        ? (Object) (2L << 20)
                        : method.invoke(backend, arguments));
    try (Workspace workspace = new Workspace(limited)) {
      long capacity = 0;
      for (int step = 0; step < 4; step++) {
        try (var _ = workspace.open()) {
          List<Tensor> all = new ArrayList<>();
          for (int i = 0; i < 4; i++) {
            Tensor t = TensorOps.empty(limited, DType.F32, Shape.of(300_000));
            backend.fill(t, i);
            all.add(t);
          }
          for (int i = 0; i < 4; i++) {
            assertThat(
                    HostStorage.segmentOf(all.get(i))
                        .get(java.lang.foreign.ValueLayout.JAVA_FLOAT, 4 * 299_999))
                .isEqualTo(i);
          }
        }
        assertThat(workspace.capacity()).isGreaterThanOrEqualTo(4 * 1_200_000);
        assertThat(step == 0 || workspace.capacity() == capacity).as("step %d", step).isTrue();
        capacity = workspace.capacity();
      }
    }
  }

  /** Joining the slabs takes a new one. Where there is none, no address of the old ones is left. */
  @Test
  void aResetThatFindsNoMemoryLeavesAnEmptyWorkspace() {
    AtomicBoolean full = new AtomicBoolean();
    Backend limited = exhaustible(full);
    try (Workspace workspace = new Workspace(limited)) {
      Workspace.Scope scope = workspace.open();
      for (int i = 0; i < 4; i++) {
        TensorOps.empty(limited, DType.F32, Shape.of(300_000));
      }
      full.set(true);
      assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(scope::close);
      full.set(false);
      try (var next = workspace.open()) {
        Tensor x = TensorOps.empty(limited, DType.F32, Shape.of(10));
        TensorOps.fill(x, 2);
        assertThat(x.toFloats()).containsOnly(2);
      }
    }
  }
}
