package dev.hindsight.engine.vector;

import dev.hindsight.engine.Threads;

/** A loop over independent rows, on several threads where that is worth it. */
abstract class RowLoop implements Threads.Chunk {
  /** Elements that make a chunk worth its hand-over where each costs an exponential. */
  static final int COSTLY = 1 << 13;

  /** The same for sums and products. */
  static final int CHEAP = 1 << 15;

  private final int rows;
  private final int rowsPerChunk;

  RowLoop(int rows, int n, int grain) {
    this.rows = rows;
    this.rowsPerChunk = Math.max(1, grain / Math.max(1, n));
  }

  /** Number of chunks; depends on the shape alone. */
  final int chunks() {
    return (int) (((long) rows + rowsPerChunk - 1) / rowsPerChunk);
  }

  final void run() {
    Threads.run(chunks(), this);
  }

  @Override
  public final void run(int chunk) {
    int from = chunk * rowsPerChunk;
    rows(chunk, from, Math.min(rows, from + rowsPerChunk), Scratch.ofThread());
  }

  /** Does rows {@code from .. to - 1}, which are chunk number {@code chunk}. */
  abstract void rows(int chunk, int from, int to, Scratch scratch);
}
