package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
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
}
