package dev.hindsight.engine;

import java.lang.foreign.MemorySegment;

/**
 * Off-heap memory of the CPU backends, 64-byte aligned so that vector loads do not split cache
 * lines.
 */
public final class HostStorage extends Storage {
  /** Alignment of every host storage in bytes: one cache line, one 512-bit vector. */
  public static final int ALIGNMENT = 64;

  /**
   * Bytes in front of the memory and behind it that are this process's own, too. They may be read:
   * a vector's load need not end with a row, and a runtime that keeps a header in front of its
   * arrays may take this memory for one.
   */
  public static final int SLACK = 64;

  private final MemorySegment segment;

  /**
   * Wraps a native segment, in front of which and behind which {@link #SLACK} more bytes must be
   * there; the caller keeps ownership of its arena.
   */
  public HostStorage(Backend backend, MemorySegment segment, Workspace.Generation generation) {
    super(backend, segment.byteSize(), generation);
    this.segment = segment;
  }

  /**
   * The memory itself; kernels add a tensor's offset. Write to it through {@link TensorOps#upload},
   * or call {@link #written} after each write of your own.
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * The memory behind {@code tensor}, from the start of its storage; to write there see {@link
   * #segment}.
   *
   * @throws IllegalArgumentException when it lies on a device, where CPU kernels cannot reach
   */
  public static MemorySegment segmentOf(Tensor tensor) {
    if (tensor.storage() instanceof HostStorage host) {
      return host.segment;
    }
    throw new IllegalArgumentException(
        "host kernel: "
            + tensor
            + " lives on backend "
            + tensor.backend().name()
            + ", whose memory the CPU cannot read; download it first");
  }
}
