package dev.hindsight.engine.vector;

import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Packed copies of weights, so that decoding and repeated forwards do not pack again. A copy is
 * made when a view of a persistent storage is the right operand of a product for the second time
 * without having been written in between: what is used once (activations, weights between two
 * updates) is never kept. Copies go with their storage, and all of them together stay under a
 * bound.
 */
final class WeightPanels {
  /** Copies above this are not kept: half of what the JVM may use for such memory. */
  private static final long MOST_BYTES = Runtime.getRuntime().maxMemory() / 2;

  /** A storage that is seen through more views than this is no weight: its entries begin anew. */
  private static final int MOST_VIEWS = 8;

  private static final Map<Storage, Entry> ENTRIES = new WeakHashMap<>();

  private WeightPanels() {}

  /** The packed copy of one view of a storage. */
  static final class Entry {
    private final long offset;
    private final long kStride;
    private final long nStride;
    private final int k;
    private final int n;
    private final @Nullable Entry next;
    private int seen;
    private int packed;
    private @Nullable MemorySegment segment;

    private Entry(
        long offset, long kStride, long nStride, int k, int n, int seen, @Nullable Entry next) {
      this.offset = offset;
      this.kStride = kStride;
      this.nStride = nStride;
      this.k = k;
      this.n = n;
      this.next = next;
      this.seen = seen;
      this.packed = seen - 1;
    }

    /** The panels; the caller keeps this entry reachable while it reads them. */
    long address() {
      MemorySegment s = segment;
      return s == null ? 0 : s.address();
    }
  }

  /**
   * The packed panels of {@code b [k, n]} in {@code storage}, or null when they should not be kept.
   * Offset and strides count elements.
   */
  static synchronized @Nullable Entry find(
      Storage storage, long offset, long kStride, long nStride, int k, int n) {
    Entry first = ENTRIES.get(storage);
    Entry e = first;
    int views = 0;
    while (e != null
        && (e.offset != offset
            || e.kStride != kStride
            || e.nStride != nStride
            || e.k != k
            || e.n != n)) {
      e = e.next;
      views++;
    }
    int version = storage.version();
    if (e == null) {
      Entry others = views < MOST_VIEWS ? first : null;
      ENTRIES.put(storage, new Entry(offset, kStride, nStride, k, n, version, others));
      return null;
    }
    if (e.seen != version) {
      e.seen = version;
      return null;
    }
    if (e.packed != version) {
      int vectors = Panels.vectors(n);
      long bytes = (long) k * vectors * Simd.BYTES;
      if (e.segment == null) {
        if (held() + bytes > MOST_BYTES) {
          return null;
        }
        try {
          e.segment = Arena.ofAuto().allocate(bytes, HostStorage.ALIGNMENT);
        } catch (OutOfMemoryError full) {
          return null; // a copy is a luxury: the product packs into scratch memory instead
        }
      }
      long b = ((HostStorage) storage).segment().address() + 4 * offset;
      int count = Panels.count(vectors);
      for (int p = 0; p < count; p++) {
        int from = Panels.start(p, vectors, count);
        int width = (Panels.start(p + 1, vectors, count) - from) * Simd.LANES;
        int column = from * Simd.LANES;
        Panels.pack(
            k,
            Math.min(width, n - column),
            b + 4 * nStride * column,
            4 * kStride,
            4 * nStride,
            e.segment.address() + 4L * k * column,
            width);
      }
      e.packed = version;
    }
    return e;
  }

  private static long held() {
    long sum = 0;
    for (Entry first : ENTRIES.values()) {
      for (Entry e = first; e != null; e = e.next) {
        sum += e.segment == null ? 0 : e.segment.byteSize();
      }
    }
    return sum;
  }
}
