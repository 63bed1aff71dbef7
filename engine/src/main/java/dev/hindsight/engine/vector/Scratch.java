package dev.hindsight.engine.vector;

import dev.hindsight.engine.HostStorage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.LongStream;

/**
 * Memory that a thread keeps between kernels. A kernel that holds one region and calls another
 * kernel must not use the same region there: each has one kind of user.
 */
final class Scratch {
  private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

  /** Vector loads at the end of a region may reach past it by less than this. */
  private static final long SLACK = 64;

  private static final Arena GLOBAL = Arena.global();

  /** One vector tile of zeros, shared by all threads, never written. */
  static final long ZEROS = GLOBAL.allocate(4096, HostStorage.ALIGNMENT).address();

  private final MemorySegment[] regions = new MemorySegment[Region.values().length];
  private final long[] addresses = new long[regions.length];
  private final long[] sizes = new long[regions.length];

  /** What a region serves. */
  enum Region {
    /** Panels of B, read by all threads of one product. */
    PANELS,
    /** A tile of C at the edge. */
    TILE,
    /** Packed rows of A. */
    ROWS,
    /** Sums of chunks, added up at the end. */
    SUMS,
    /** Whatever a row kernel holds between its passes. */
    WORK
  }

  static Scratch ofThread() {
    return OF_THREAD.get();
  }

  /** The address of at least {@code bytes} bytes; what they held before may be gone. */
  long reserve(Region region, long bytes) {
    int i = region.ordinal();
    if (sizes[i] < bytes) {
      long size = Math.max(bytes + bytes / 4, 4096);
      regions[i] = Arena.ofAuto().allocate(size + SLACK, HostStorage.ALIGNMENT);
      addresses[i] = regions[i].address();
      sizes[i] = size;
    }
    return addresses[i];
  }

  /** Bytes that this thread keeps. */
  long held() {
    return LongStream.of(sizes).sum();
  }
}
