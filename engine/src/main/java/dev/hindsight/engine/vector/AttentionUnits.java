package dev.hindsight.engine.vector;

import dev.hindsight.engine.SequenceLayout;

/**
 * Cuts attention into units (some queries of one sequence, one key head) and units into chunks, by
 * the layout alone, so that results do not depend on threads.
 */
final class AttentionUnits {
  /** Multiply-adds that make a chunk worth its hand-over, about ten microseconds. */
  private static final long CHUNK_WORK = 200_000;

  private final int keyHeads;
  private final int queriesPerUnit;
  private final SequenceLayout layout;

  /** The first unit of each sequence's first key head, and their number. */
  private final int[] start;

  private final int unitsPerChunk;

  /** One unit: queries {@code first .. end - 1} of a sequence with one key head. */
  @FunctionalInterface
  interface Unit {
    void run(int sequence, int keyHead, int first, int end);
  }

  /**
   * @param queriesPerUnit most queries of a unit
   * @param workPerPair multiply-adds that one query and one key of one key head cost
   */
  AttentionUnits(SequenceLayout layout, int keyHeads, int queriesPerUnit, long workPerPair) {
    this.layout = layout;
    this.keyHeads = keyHeads;
    this.queriesPerUnit = queriesPerUnit;
    int n = layout.sequences();
    start = new int[n + 1];
    long work = 0;
    for (int s = 0; s < n; s++) {
      int queries = layout.queryLength()[s];
      start[s + 1] = start[s] + keyHeads * blocks(queries);
      work += (long) queries * layout.keyLength()[s] * workPerPair * keyHeads;
    }
    int units = Math.max(1, start[n]);
    unitsPerChunk = (int) Math.max(1, Math.min(units, CHUNK_WORK * units / Math.max(1, work)));
  }

  private int blocks(int queries) {
    return (int) (((long) queries + queriesPerUnit - 1) / queriesPerUnit);
  }

  int chunks() {
    int units = start[start.length - 1];
    return (units + unitsPerChunk - 1) / unitsPerChunk;
  }

  void forEach(int chunk, Unit unit) {
    int end = Math.min(start[start.length - 1], (chunk + 1) * unitsPerChunk);
    int u = chunk * unitsPerChunk;
    int s = java.util.Arrays.binarySearch(start, u);
    s = s < 0 ? -s - 2 : s;
    for (; u < end; u++) {
      while (start[s + 1] <= u) {
        s++;
      }
      int queries = layout.queryLength()[s];
      int blocks = blocks(queries);
      int inSequence = u - start[s];
      int first = inSequence % blocks * queriesPerUnit;
      int last = Math.min(queries, first + queriesPerUnit);
      unit.run(s, inSequence / blocks, first, last);
    }
  }
}
