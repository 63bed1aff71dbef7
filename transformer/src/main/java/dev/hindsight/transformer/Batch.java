package dev.hindsight.transformer;

import dev.hindsight.engine.SequenceLayout;
import java.util.Arrays;
import java.util.List;

/**
 * Sequences of different lengths, their tokens one after another without padding, and how many of
 * the last rows of each are wanted from the decoder. Row {@code n} of a hidden state belongs to
 * token {@code n} of the packed order.
 *
 * <p>Asking only for the rows whose logits are read spares the last block's attention output and
 * MLP, the final norm and the logits of all others; the wanted rows have the same bits either way.
 *
 * @param tokens {@code [N]} ids of all sequences
 * @param positions {@code [N]} each token's place in its sequence, from 0
 * @param lengths tokens of each sequence
 * @param wanted rows wanted of each sequence: its last so many
 */
public record Batch(int[] tokens, int[] positions, int[] lengths, int[] wanted) {

  /** All rows of these sequences. */
  public static Batch packed(List<int[]> sequences) {
    return packed(sequences, sequences.stream().mapToInt(s -> s.length).toArray());
  }

  /**
   * The last {@code wanted[s]} rows of each sequence.
   *
   * @throws IllegalArgumentException when a sequence is empty, or more rows are wanted than it has
   */
  public static Batch packed(List<int[]> sequences, int[] wanted) {
    int[] lengths = new int[sequences.size()];
    int rows = 0;
    if (wanted.length != lengths.length) {
      throw new IllegalArgumentException(
          "batch: " + lengths.length + " sequences, but " + wanted.length + " counts of rows");
    }
    for (int s = 0; s < lengths.length; s++) {
      lengths[s] = sequences.get(s).length;
      rows += lengths[s];
      if (lengths[s] == 0) {
        throw new IllegalArgumentException(
            "batch: sequence " + s + " is empty; give it at least its beginning token");
      }
      if (wanted[s] < 0 || wanted[s] > lengths[s]) {
        throw new IllegalArgumentException(
            "batch: " + wanted[s] + " rows wanted of sequence " + s + ", which has " + lengths[s]);
      }
    }
    int[] tokens = new int[rows];
    int[] positions = new int[rows];
    int row = 0;
    for (int[] sequence : sequences) {
      System.arraycopy(sequence, 0, tokens, row, sequence.length);
      for (int i = 0; i < sequence.length; i++) {
        positions[row++] = i;
      }
    }
    return new Batch(tokens, positions, lengths, wanted.clone());
  }

  /** Sequences {@code from .. to - 1} alone. */
  Batch sequences(int from, int to) {
    int first = Arrays.stream(lengths, 0, from).sum();
    int end = first + Arrays.stream(lengths, from, to).sum();
    return new Batch(
        Arrays.copyOfRange(tokens, first, end),
        Arrays.copyOfRange(positions, first, end),
        Arrays.copyOfRange(lengths, from, to),
        Arrays.copyOfRange(wanted, from, to));
  }

  /** Rows of all sequences. */
  public int rows() {
    return tokens.length;
  }

  /** Rows wanted of all sequences. */
  public int wantedRows() {
    int rows = 0;
    for (int w : wanted) {
      rows += w;
    }
    return rows;
  }

  /** Causal self-attention over each sequence. */
  public SequenceLayout layout() {
    return SequenceLayout.packed(lengths);
  }
}
