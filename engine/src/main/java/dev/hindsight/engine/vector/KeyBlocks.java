package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.LANES;

import dev.hindsight.engine.SequenceLayout;

/**
 * The rows of one head (keys, or values in the backward pass) transposed in blocks of 64, so that
 * products with them have rows in the lanes: block {@code b} holds {@code [headDim][padded rows]}.
 * Where the rows of a channel are neighbours, as in a cache of keys, all are read where they lie;
 * what a last vector reads behind them ends in lanes that nobody sees.
 *
 * @param channel bytes from channel to channel where the rows lie; 0 when they were packed
 */
record KeyBlocks(long base, int count, int headDim, long channel) {

  /** Bytes that the keys of a sequence take at most. */
  static long bytes(HeadOperand head, SequenceLayout layout, int sequence) {
    return 4L * head.headDim() * (RowOperand.padded(layout.keyLength()[sequence]) + LANES);
  }

  /** Rows {@code first .. first + count - 1} of a head, packed to {@code to} if need be. */
  static KeyBlocks of(long to, HeadOperand head, long first, int count, int index) {
    int headDim = head.headDim();
    // Keys that are broadcast along their channels (stride 0) would pass for packed ones.
    if (head.row() == Float.BYTES && head.channel() != 0) {
      return new KeyBlocks(head.at(first, index), count, headDim, head.channel());
    }
    for (int from = 0; from < count; from += Attention.BLOCK) {
      int n = Math.min(Attention.BLOCK, count - from);
      Panels.pack(
          headDim,
          n,
          head.at(first + from, index),
          head.channel(),
          head.row(),
          to + 4L * from * headDim,
          RowOperand.padded(n));
    }
    return new KeyBlocks(to, count, headDim, 0);
  }

  /**
   * Dot products of {@code rows} rows with the rows {@code from .. from + n - 1} of a block, to
   * {@code out}, {@code outRow} bytes from row to row; whole vectors are written. Each is one chain
   * of fused multiply-adds over ascending channels.
   */
  void multiply(
      int rows, int from, int n, long a, long aRow, long aChannel, long out, long outRow) {
    boolean packed = channel == 0;
    long step = packed ? 4L * RowOperand.padded(Math.min(Attention.BLOCK, count - from)) : channel;
    int vectors = RowOperand.padded(n) / LANES;
    int panels = Panels.count(vectors);
    long block = base + 4L * from * (packed ? headDim : 1);
    for (int p = 0; p < panels; p++) {
      int start = Panels.start(p, vectors, panels);
      Tiles.run(
          rows,
          Panels.start(p + 1, vectors, panels) - start,
          headDim,
          a,
          aRow,
          aChannel,
          block + (long) start * BYTES,
          step,
          Scratch.ZEROS,
          0,
          out + (long) start * BYTES,
          outRow);
    }
  }
}
