package dev.hindsight.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Memory for the temporaries of one step, kept between steps and reset as a whole: no garbage, no
 * leak.
 *
 * <pre>{@code
 * try (Workspace workspace = new Workspace(backend)) {
 *   for (int step = 0; step < steps; step++) {
 *     try (var scope = workspace.open()) {
 *       // every tensor allocated by this thread comes from the workspace
 *     } // closing the scope resets it
 *   }
 * }
 * }</pre>
 *
 * <p>Allocation is a pointer bump. When a step outgrows the slab another is added, and the next
 * reset joins them into one. A tensor that is used after the reset fails with a clear error; {@link
 * Tensor#keep} copies out what must live on.
 */
public final class Workspace implements AutoCloseable {
  private static final long SMALLEST_SLAB = 1 << 20;
  private static final ThreadLocal<@Nullable Workspace> CURRENT = new ThreadLocal<>();

  /** One life of a workspace between two resets. */
  public static final class Generation {
    /** The generation of memory that no workspace owns; always current. */
    public static final Generation ETERNAL = new Generation();

    private volatile boolean current = true;

    private Generation() {}

    /** Whether the workspace has not been reset since. */
    public boolean isCurrent() {
      return current;
    }
  }

  /** Closing it resets the workspace and gives the thread its former workspace back. */
  public interface Scope extends AutoCloseable {
    @Override
    void close();
  }

  private final Backend backend;
  private final List<Backend.Slab> slabs = new ArrayList<>();
  private Generation generation = new Generation();
  private int slab;
  private long used;
  private boolean open;
  private boolean closed;

  /** An empty workspace; memory is taken when first needed. */
  public Workspace(Backend backend) {
    this.backend = backend;
  }

  /** The workspace that is open on this thread, if any. */
  static @Nullable Workspace current() {
    return CURRENT.get();
  }

  /** Runs {@code action} with allocations going to persistent memory even inside a workspace. */
  public static <T> T outside(Supplier<T> action) {
    Workspace former = CURRENT.get();
    CURRENT.remove();
    try {
      return action.get();
    } finally {
      restore(former);
    }
  }

  /**
   * Makes this the workspace of the calling thread until the scope is closed, which resets it.
   *
   * @throws IllegalStateException when it is open already, or was closed
   */
  public Scope open() {
    if (open || closed) {
      throw new IllegalStateException(
          open
              ? "workspace: already open; a workspace serves one scope at a time"
              : "workspace: was closed; make a new one");
    }
    open = true;
    Workspace former = CURRENT.get();
    CURRENT.set(this);
    return new Scope() {
      private boolean ended;

      @Override
      public void close() {
        if (ended) {
          return;
        }
        if (CURRENT.get() != Workspace.this) {
          throw new IllegalStateException(
              "workspace: a scope is closed by the thread that opened it, the innermost first");
        }
        ended = true;
        open = false;
        restore(former);
        reset();
      }
    };
  }

  private static void restore(@Nullable Workspace former) {
    if (former == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(former);
    }
  }

  /** The backend that this workspace allocates for. */
  public Backend backend() {
    return backend;
  }

  /** Bytes that the slabs hold, used or not: stays constant once a loop's largest step has run. */
  public long capacity() {
    return slabs.stream().mapToLong(Backend.Slab::bytes).sum();
  }

  Storage allocate(long bytes) {
    if (closed) {
      throw new IllegalStateException("workspace: was closed while its scope is open");
    }
    long padded =
        Math.max(
            HostStorage.ALIGNMENT, (bytes + HostStorage.ALIGNMENT - 1) & -HostStorage.ALIGNMENT);
    while (slab < slabs.size() && used + padded > slabs.get(slab).bytes()) {
      slab++;
      used = 0;
    }
    if (slab == slabs.size()) {
      slabs.add(backend.newSlab(Math.max(padded, Math.max(SMALLEST_SLAB, capacity()))));
      used = 0;
    }
    Storage storage = slabs.get(slab).slice(used, bytes, generation);
    used += padded;
    return storage;
  }

  /** Takes all memory back: every tensor allocated here since the last reset is dead. */
  public void reset() {
    retire();
    if (slabs.size() > 1) {
      long total = capacity();
      release();
      slabs.add(backend.newSlab(total));
    }
  }

  private void retire() {
    generation.current = false;
    generation = new Generation();
    slab = 0;
    used = 0;
  }

  private void release() {
    slabs.forEach(Backend.Slab::release);
    slabs.clear();
  }

  /** Frees the memory; tensors allocated here are dead. */
  @Override
  public void close() {
    closed = true;
    retire();
    release();
  }
}
