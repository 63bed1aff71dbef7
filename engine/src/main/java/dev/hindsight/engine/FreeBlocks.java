package dev.hindsight.engine;

import java.util.Arrays;

/**
 * The free parts of a {@link Workspace}'s memory, by address. Neighbours are joined at once; a
 * request takes the smallest part that holds it, of equals the first: what goes where depends on
 * the order of requests alone.
 */
final class FreeBlocks {
  private long[] start = new long[16];
  private long[] size = new long[16];
  private int count;

  void clear() {
    count = 0;
  }

  /** The address of {@code bytes} bytes that are free no more; -1 when no part is large enough. */
  long take(long bytes) {
    int best = -1;
    for (int i = 0; i < count; i++) {
      if (size[i] >= bytes && (best < 0 || size[i] < size[best])) {
        best = i;
      }
    }
    if (best < 0) {
      return -1;
    }
    long at = start[best];
    start[best] += bytes;
    size[best] -= bytes;
    if (size[best] == 0) {
      remove(best);
    }
    return at;
  }

  /** Makes {@code bytes} bytes at {@code address}, in use so far, free. */
  void add(long address, long bytes) {
    int i = Arrays.binarySearch(start, 0, count, address);
    if (i >= 0) {
      throw new IllegalStateException("workspace: memory at " + address + " was given back twice");
    }
    int next = -i - 1;
    boolean joinsFormer = next > 0 && start[next - 1] + size[next - 1] == address;
    boolean joinsNext = next < count && address + bytes == start[next];
    if (joinsFormer) {
      size[next - 1] += bytes;
      if (joinsNext) {
        size[next - 1] += size[next];
        remove(next);
      }
    } else if (joinsNext) {
      start[next] = address;
      size[next] += bytes;
    } else {
      insert(next, address, bytes);
    }
  }

  private void insert(int at, long address, long bytes) {
    if (count == start.length) {
      start = Arrays.copyOf(start, 2 * count);
      size = Arrays.copyOf(size, 2 * count);
    }
    System.arraycopy(start, at, start, at + 1, count - at);
    System.arraycopy(size, at, size, at + 1, count - at);
    start[at] = address;
    size[at] = bytes;
    count++;
  }

  private void remove(int at) {
    count--;
    System.arraycopy(start, at + 1, start, at, count - at);
    System.arraycopy(size, at + 1, size, at, count - at);
  }
}
