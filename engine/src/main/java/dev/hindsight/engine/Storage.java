package dev.hindsight.engine;

/**
 * The memory behind one or more tensors. Opaque, and owned by a {@link Backend}: only kernels of
 * that backend look inside. CPU backends share {@link HostStorage}; a device's storage is its own
 * buffer.
 *
 * <p>A storage that was allocated in a {@link Workspace} dies with the workspace's reset, or, once
 * it is {@linkplain #manage managed}, when its last reader {@linkplain #release releases} it;
 * {@link #requireAlive} turns a later use into an error instead of a stale read.
 */
public abstract class Storage {
  private final Backend backend;
  private final long bytes;
  private final Workspace.Generation generation;
  private int version;

  /** What becomes of workspace memory that has no reader any more. */
  private enum Fate {
    RESET,
    MANAGED,
    PINNED,
    GONE
  }

  private Fate fate = Fate.RESET;
  private int readers;
  private long address = -1;

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

  /**
   * Counts one write. {@link TensorOps} and {@link LayerOps} do so for every destination; whoever
   * writes to the memory by other means calls it afterwards, or packed copies of a weight and saved
   * tensors pass for what the memory holds.
   */
  public final void written() {
    version++;
  }

  // ---------------------------------------------------------- before a reset

  /** Counts one reader more: memory that has readers is not given back before the reset. */
  public final void retain() {
    if (isPersistent()) {
      return;
    }
    if (generation.isOfThisThread()) {
      readers++;
    } else {
      fate = fate == Fate.GONE ? fate : Fate.PINNED; // counts of two threads would be lost
    }
  }

  /**
   * Counts one reader less. When none is left, managed memory goes back to the workspace, which
   * hands it out again: every tensor over this storage is dead.
   */
  public final void release() {
    if (readers > 0 && generation.isCurrent() && generation.isOfThisThread()) {
      readers--;
      giveBackIfUnread();
    }
  }

  /** Lets the last {@link #release} give the memory back before the reset. */
  public final void manage() {
    if (fate == Fate.RESET && address >= 0) {
      fate = Fate.MANAGED;
    }
  }

  /** Keeps the memory until the reset, whoever releases it. */
  public final void pin() {
    if (fate != Fate.GONE) {
      fate = Fate.PINNED;
    }
  }

  /** Gives managed memory without readers back. */
  final void giveBackIfUnread() {
    if (fate == Fate.MANAGED && readers == 0) {
      generation.giveBack(this);
      fate = Fate.GONE;
    }
  }

  /** Where the memory lies in its workspace; -1 for what is never given back. */
  final long address() {
    return address;
  }

  final void placeAt(long address) {
    this.address = address;
  }

  /** Whether this memory outlives every workspace reset. */
  public final boolean isPersistent() {
    return generation == Workspace.Generation.ETERNAL;
  }

  /**
   * @throws IllegalStateException when the workspace that held this memory was reset since, or the
   *     memory was given back before
   */
  public final void requireAlive(String operation) {
    if (!isAlive()) {
      throw dead(operation);
    }
  }

  /** Whether the memory is still this storage's: neither given back nor part of a reset. */
  public final boolean isAlive() {
    return fate != Fate.GONE && generation.isCurrent();
  }

  private IllegalStateException dead(String operation) {
    if (generation.isCurrent()) {
      return new IllegalStateException(
          operation
              + ": an operand's memory was given back to its workspace by a backward pass that keeps nothing; read"
              + " the value before that pass, take detach() of the variable before it, or let the pass keep values");
    }
    return new IllegalStateException(
        operation
            + ": an operand was allocated in a workspace that was reset since; call keep() on a tensor that must"
            + " outlive the step, or finish with it before the reset");
  }
}
