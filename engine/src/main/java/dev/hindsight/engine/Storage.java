package dev.hindsight.engine;

/**
 * The memory behind one or more tensors. Opaque, and owned by a {@link Backend}: only kernels of
 * that backend look inside. CPU backends share {@link HostStorage}; a device's storage is its own
 * buffer.
 *
 * <p>A storage that was allocated in a {@link Workspace} dies with the workspace's reset; {@link
 * #requireAlive} turns a later use into an error instead of a stale read.
 */
public abstract class Storage {
  private final Backend backend;
  private final long bytes;
  private final Workspace.Generation generation;
  private int version;

  /**
   * A storage of {@code bytes} bytes; {@code generation} is {@link Workspace.Generation#ETERNAL}
   * outside workspaces.
   */
  protected Storage(Backend backend, long bytes, Workspace.Generation generation) {
    this.backend = backend;
    this.bytes = bytes;
    this.generation = generation;
  }

  /** The backend whose kernels can read this storage. */
  public final Backend backend() {
    return backend;
  }

  /** Size in bytes. */
  public final long bytes() {
    return bytes;
  }

  /**
   * How often this memory was written since it was allocated: autograd notices in-place changes of
   * saved tensors.
   */
  public final int version() {
    return version;
  }

  /** Counts one write. Called by {@link OperandChecks} for every destination. */
  final void written() {
    version++;
  }

  /** Whether this memory outlives every workspace reset. */
  public final boolean isPersistent() {
    return generation == Workspace.Generation.ETERNAL;
  }

  /**
   * @throws IllegalStateException when the workspace that held this memory was reset since
   */
  public final void requireAlive(String operation) {
    if (!generation.isCurrent()) {
      throw new IllegalStateException(
          operation
              + ": an operand was allocated in a workspace that was reset since; call keep() on a tensor that must"
              + " outlive the step, or finish with it before the reset");
    }
  }
}
