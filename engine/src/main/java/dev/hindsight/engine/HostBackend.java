package dev.hindsight.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The memory half of every CPU backend: native segments, 64-byte aligned, zeroed by the JVM. A
 * single storage is freed when it becomes unreachable; a slab when it is released.
 */
public abstract class HostBackend implements Backend {
  /** A slab in an arena of its own, so that releasing it frees the memory at once. */
  private record HostSlab(HostBackend backend, Arena arena, MemorySegment segment) implements Slab {
    @Override
    public long bytes() {
      return segment.byteSize();
    }

    @Override
    public Storage slice(long offset, long bytes, Workspace.Generation generation) {
      return new HostStorage(backend, segment.asSlice(offset, bytes), generation);
    }

    @Override
    public void release() {
      arena.close();
    }
  }

  @Override
  public final Storage allocate(long bytes) {
    return new HostStorage(this, reserve(Arena.ofAuto(), bytes), Workspace.Generation.ETERNAL);
  }

  @Override
  @SuppressWarnings("MustBeClosedChecker") // the slab closes it
  public final Slab newSlab(long bytes) {
    Arena arena = Arena.ofShared();
    try {
      return new HostSlab(this, arena, reserve(arena, bytes));
    } catch (Throwable t) {
      arena.close();
      throw t;
    }
  }

  /** Native memory counts against the JVM's direct-memory limit, which the JVM checks first. */
  private static MemorySegment reserve(Arena arena, long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("allocate: the size must not be negative, got " + bytes);
    }
    MemoryLimit.requirePossible(bytes);
    try {
      return arena
          .allocate(HostStorage.SLACK + bytes + HostStorage.SLACK, HostStorage.ALIGNMENT)
          .asSlice(HostStorage.SLACK, bytes);
    } catch (OutOfMemoryError e) {
      throw MemoryLimit.refused(bytes, e);
    }
  }

  @Override
  public final void upload(MemorySegment host, Tensor out) {
    MemorySegment.copy(host, 0, part(out), 0, length(out));
  }

  @Override
  public final void download(Tensor x, MemorySegment host) {
    MemorySegment.copy(part(x), 0, host, 0, length(x));
  }

  /** The bytes of a contiguous tensor; an empty view may begin behind the end of its storage. */
  private static MemorySegment part(Tensor t) {
    return length(t) == 0
        ? MemorySegment.NULL
        : HostStorage.segmentOf(t).asSlice(t.offset() * t.dtype().bytes(), length(t));
  }

  private static long length(Tensor t) {
    return t.size() * t.dtype().bytes();
  }
}
