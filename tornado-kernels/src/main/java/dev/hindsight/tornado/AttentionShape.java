package dev.hindsight.tornado;

/**
 * What a plan for attention is compiled for. Rows and blocks are capacities: what a call has is
 * rounded up, so that batches of somewhat different lengths have one plan.
 *
 * @param queryRows rows of q and what goes with it
 * @param keyRows rows of k and what goes with it
 * @param queryBlocks blocks of queries, see {@link AttentionTiles#BLOCK}
 * @param keyBlocks blocks of keys
 * @param tile rows of a block are {@link AttentionTiles#SIDE} times this
 */
record AttentionShape(
    int queryRows,
    int keyRows,
    int queryBlocks,
    int keyBlocks,
    int heads,
    int keyHeads,
    int channels,
    int tile,
    float scale) {

  /** The next number of at most three significant bits: at most a fifth more. */
  static int roundedUp(int count) {
    int step = Math.max(1, Integer.highestOneBit(Math.max(1, count - 1)) / 4);
    return (count + step - 1) / step * step;
  }
}
