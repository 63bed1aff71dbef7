package dev.hindsight.engine;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Where each sequence of a ragged batch has its queries and its keys, for {@link
 * Backend#attention}. Queries of all sequences lie one after another in the rows of one tensor, and
 * so do keys: nothing is padded, and a key-value cache is read where it lies. Query {@code i} of
 * sequence {@code s} (counted from 0) sees keys {@code 0 .. keyLength[s] - queryLength[s] + i} of
 * that sequence when causal: the last query sees every key. The arrays are not copied: leave them
 * as they are.
 *
 * @param queryStart first query row of each sequence
 * @param queryLength queries of each sequence
 * @param keyStart first key row of each sequence
 * @param keyLength keys of each sequence, at least its queries when causal
 * @param causal whether a query is kept from later keys; otherwise every query sees all keys of its
 *     sequence
 */
public record SequenceLayout(
    int[] queryStart, int[] queryLength, int[] keyStart, int[] keyLength, boolean causal) {

  public SequenceLayout {
    int n = queryStart.length;
    if (queryLength.length != n || keyStart.length != n || keyLength.length != n) {
      throw new IllegalArgumentException(
          "sequence layout: the four arrays must have one entry a sequence");
    }
    for (int s = 0; s < n; s++) {
      if (queryStart[s] < 0 || queryLength[s] < 0 || keyStart[s] < 0 || keyLength[s] < 0) {
        throw new IllegalArgumentException(
            "sequence layout: sequence " + s + " has a negative start or length");
      }
      if (causal && keyLength[s] < queryLength[s]) {
        throw new IllegalArgumentException(
            "sequence layout: sequence "
                + s
                + " has "
                + queryLength[s]
                + " queries but only "
                + keyLength[s]
                + " keys");
      }
      requireCountable("queries", s, queryStart[s], queryLength[s]);
      requireCountable("keys", s, keyStart[s], keyLength[s]);
    }
    requireRowsOfTheirOwn(queryStart, queryLength);
  }

  private static void requireCountable(String what, int s, int start, int length) {
    if (start > Integer.MAX_VALUE - length) {
      throw new IllegalArgumentException(
          "sequence layout: the "
              + what
              + " of sequence "
              + s
              + " begin at row "
              + start
              + " and are "
              + length
              + "; no tensor has so many rows");
    }
  }

  /** Two sequences with a query row in common would both write its output. */
  private static void requireRowsOfTheirOwn(int[] start, int[] length) {
    if (ascend(start, length)) {
      return;
    }
    int[] order =
        IntStream.range(0, start.length)
            .filter(s -> length[s] > 0)
            .boxed()
            .sorted(Comparator.comparingInt(s -> start[s]))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int i = 1; i < order.length; i++) {
      int former = order[i - 1];
      int next = order[i];
      if (start[next] < start[former] + length[former]) {
        throw new IllegalArgumentException(
            "sequence layout: sequences "
                + Math.min(former, next)
                + " and "
                + Math.max(former, next)
                + " share query row "
                + start[next]
                + "; give the queries of each sequence rows of their own");
      }
    }
  }

  /** Whether each sequence begins behind the former, as most layouts have it. */
  private static boolean ascend(int[] start, int[] length) {
    int end = 0;
    for (int s = 0; s < start.length; s++) {
      if (start[s] < end) {
        return false;
      }
      end = start[s] + length[s];
    }
    return true;
  }

  /** Causal self-attention of sequences of these lengths, rows one after another. */
  public static SequenceLayout packed(int... lengths) {
    int[] start = new int[lengths.length];
    for (int s = 1; s < lengths.length; s++) {
      start[s] = start[s - 1] + lengths[s - 1];
    }
    return new SequenceLayout(start, lengths.clone(), start, lengths.clone(), true);
  }

  /** Number of sequences. */
  public int sequences() {
    return queryStart.length;
  }

  /** How many keys query {@code i} of sequence {@code s} sees. */
  public int visibleKeys(int s, int i) {
    return causal ? keyLength[s] - queryLength[s] + i + 1 : keyLength[s];
  }

  /** One more than the largest query row that is used. */
  public int queryRows() {
    int rows = 0;
    for (int s = 0; s < sequences(); s++) {
      rows = Math.max(rows, queryStart[s] + queryLength[s]);
    }
    return rows;
  }

  /** One more than the largest key row that is used. */
  public int keyRows() {
    int rows = 0;
    for (int s = 0; s < sequences(); s++) {
      rows = Math.max(rows, keyStart[s] + keyLength[s]);
    }
    return rows;
  }
}
