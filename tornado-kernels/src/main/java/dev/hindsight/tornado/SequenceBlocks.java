package dev.hindsight.tornado;

import dev.hindsight.engine.SequenceLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A layout's sequences packed one after another, and cut into the blocks that {@link
 * AttentionTiles} works on. Sequences that have keys in common get a copy of them each.
 *
 * @param sequences those that have queries
 * @param queryAt first packed query row of each
 * @param keyAt first packed key row of each
 * @param queryRows packed query rows of all
 * @param keyRows packed key rows of all
 * @param queries blocks of queries, of {@link AttentionTiles#BLOCK} numbers
 * @param keys blocks of keys, likewise
 */
record SequenceBlocks(
    int[] sequences,
    int[] queryAt,
    int[] keyAt,
    long queryRows,
    long keyRows,
    List<int[]> queries,
    List<int[]> keys) {

  static SequenceBlocks of(SequenceLayout layout, int size) {
    int[] sequences = new int[layout.sequences()];
    int[] queryAt = new int[layout.sequences()];
    int[] keyAt = new int[layout.sequences()];
    List<int[]> queries = new ArrayList<>();
    List<int[]> keys = new ArrayList<>();
    int step = layout.causal() ? 1 : 0;
    int count = 0;
    long queryRows = 0;
    long keyRows = 0;
    for (int s = 0; s < layout.sequences(); s++) {
      int length = layout.queryLength()[s];
      int keyLength = layout.keyLength()[s];
      if (length == 0) {
        continue;
      }
      int query = (int) queryRows;
      int key = (int) keyRows;
      for (int i = 0; i < length; i += size) {
        int rows = Math.min(size, length - i);
        int visible = layout.visibleKeys(s, i);
        queries.add(new int[] {query + i, rows, key, keyLength, visible, step, 0});
      }
      int visible = layout.visibleKeys(s, 0);
      for (int j = 0; j < keyLength; j += size) {
        int rows = Math.min(size, keyLength - j);
        keys.add(new int[] {key + j, rows, j, query, length, visible, step});
      }
      sequences[count] = s;
      queryAt[count] = query;
      keyAt[count] = key;
      count++;
      queryRows += length;
      keyRows += keyLength;
    }
    return new SequenceBlocks(
        java.util.Arrays.copyOf(sequences, count),
        queryAt,
        keyAt,
        queryRows,
        keyRows,
        queries,
        keys);
  }
}
