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
 * <p>Memory that is known to have no readers any more is used again within the step ({@link
 * Storage#manage}; a backward pass does so). When a step outgrows the slab another is added, and
 * the next reset joins them into one that is as large as what was in use at once. A tensor that is
 * used after the reset fails with a clear error; {@link Tensor#keep} copies out what must live on.
 */
public final class Workspace implements AutoCloseable {
  private static final long SMALLEST_SLAB = 1 << 20;

  /** A step that outgrows its slabs adds an eighth, at most so much, but at least a 64th. */
  private static final long LARGE_GROWTH = 1 << 23;

  /** Tensors below so many bytes lie together and are not given back before the reset. */
  private static final long SMALL = 1 << 12;

  private static final long SMALL_TOGETHER = 1 << 16;

  private static final ThreadLocal<@Nullable Workspace> CURRENT = new ThreadLocal<>();

  /** One life of a workspace between two resets. */
  public static final class Generation {
    /** The generation of memory that no workspace owns; always current. */
    public static final Generation ETERNAL = new Generation(null, null);

    private final @Nullable Workspace workspace;
    private final @Nullable Thread thread;
    private volatile boolean current = true;

    private Generation(@Nullable Workspace workspace, @Nullable Thread thread) {
      this.workspace = workspace;
      this.thread = thread;
    }

    /** Whether the workspace is open on the calling thread. */
    boolean isOfThisThread() {
      return thread == Thread.currentThread();
    }

    void giveBack(Storage storage) {
      if (workspace != null) {
        workspace.giveBack(storage);
      }
    }

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
  private final FreeBlocks free = new FreeBlocks();
  private final boolean poison;
  private Generation generation = new Generation(this, null);
  private long smallAt;
  private long smallEnd;
  private long inUse;
  private long mostInUse;
  private boolean open;
  private boolean closed;

  /** What was allocated since {@link #watch}. */
  private final List<Storage> watched = new ArrayList<>();

  private boolean watching;

  /** An empty workspace; memory is taken when first needed. */
  public Workspace(Backend backend) {
    this(backend, false);
  }

  private Workspace(Backend backend, boolean poison) {
    this.backend = backend;
    this.poison = poison;
  }

  /**
   * A workspace for tests: memory that is given back before the reset is filled with NaN, so that a
   * read of it which no check noticed spoils the result.
   */
  public static Workspace poisoning(Backend backend) {
    return new Workspace(backend, true);
  }

  /** The workspace that is open on this thread, if any. */
  public static @Nullable Workspace current() {
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
    generation = new Generation(this, Thread.currentThread());
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

  /** The most bytes that were in use at once since the workspace was made. */
  public long mostInUse() {
    return mostInUse;
  }

  Storage allocate(long bytes) {
    if (closed) {
      throw new IllegalStateException("workspace: was closed while its scope is open");
    }
    long padded = padded(bytes);
    if (padded < SMALL && !poison) {
      return slice(small(padded), bytes);
    }
    long address = take(padded);
    Storage storage = slice(address, bytes);
    storage.placeAt(address);
    if (watching) {
      storage.manage();
      watched.add(storage);
    }
    return storage;
  }

  private static long padded(long bytes) {
    return Math.max(
        HostStorage.ALIGNMENT, (bytes + HostStorage.ALIGNMENT - 1) & -HostStorage.ALIGNMENT);
  }

  private long small(long padded) {
    if (smallEnd - smallAt < padded) {
      smallAt = take(SMALL_TOGETHER);
      smallEnd = smallAt + SMALL_TOGETHER;
    }
    smallAt += padded;
    return smallAt - padded;
  }

  private long take(long padded) {
    long address = free.take(padded);
    if (address < 0) {
      long held = capacity();
      long growth = Math.max(held / 64, Math.min(held / 8, LARGE_GROWTH));
      addSlab(
          backend.newSlab(
              Math.max(padded, Math.max(SMALLEST_SLAB, growth & -HostStorage.ALIGNMENT))));
      address = free.take(padded);
    }
    inUse += padded;
    mostInUse = Math.max(mostInUse, inUse);
    return address;
  }

  /** Slabs follow each other in one space of addresses, with a gap: no tensor lies in two. */
  private void addSlab(Backend.Slab slab) {
    long start = 0;
    for (Backend.Slab former : slabs) {
      start += former.bytes() + HostStorage.ALIGNMENT;
    }
    slabs.add(slab);
    free.add(start, slab.bytes());
  }

  private Storage slice(long address, long bytes) {
    long offset = address;
    int i = 0;
    while (offset >= slabs.get(i).bytes()) {
      offset -= slabs.get(i++).bytes() + HostStorage.ALIGNMENT;
    }
    return slabs.get(i).slice(offset, bytes, generation);
  }

  private void giveBack(Storage storage) {
    if (poison) {
      Shape all = Shape.of(Math.toIntExact(storage.bytes() / DType.F32.bytes()));
      backend.fill(new Tensor(storage, DType.F32, all), Double.NaN);
    }
    long padded = padded(storage.bytes());
    free.add(storage.address(), padded);
    inUse -= padded;
  }

  // ---------------------------------------- temporaries of a backward pass

  /**
   * From now on every allocation is {@linkplain Storage#manage managed}, and those that nobody
   * retains go back with the next {@link #sweep}; or no longer. For code that knows all its
   * temporaries, such as a backward pass.
   *
   * @return whether that was so before
   */
  public boolean watch(boolean on) {
    boolean former = watching;
    watching = on;
    return former;
  }

  /**
   * Gives back what was allocated under {@link #watch} since the last sweep and is not retained.
   */
  public void sweep() {
    for (int i = 0; i < watched.size(); i++) {
      watched.get(i).giveBackIfUnread();
    }
    watched.clear();
  }

  // ------------------------------------------------------------------ reset

  /** Takes all memory back: every tensor allocated here since the last reset is dead. */
  public void reset() {
    retire();
    free.clear(); // first of all: joining may fail for lack of memory
    if (slabs.size() > 1) {
      // enough but for what lies unused between tensors of different sizes, if that proves to be
      // much
      long wanted = padded(mostInUse + mostInUse / 64);
      long bytes = wanted > slabs.getFirst().bytes() ? wanted : capacity();
      if (bytes <= backend.largestSlab()) {
        release();
        addSlab(backend.newSlab(bytes));
        return;
      }
    }
    List<Backend.Slab> kept = List.copyOf(slabs);
    slabs.clear();
    kept.forEach(this::addSlab);
  }

  private void retire() {
    generation.current = false;
    generation = new Generation(this, open ? generation.thread : null);
    smallAt = 0;
    smallEnd = 0;
    inUse = 0;
    watched.clear();
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
    free.clear();
  }
}
