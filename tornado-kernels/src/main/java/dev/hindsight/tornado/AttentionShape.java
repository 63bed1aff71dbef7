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

  private static final int FEWEST_ROWS = 256;
  private static final int FEWEST_BLOCKS = 16;

  /** Room for so many rows: 256, 384, 512, 768 and so on, at most half as many again. */
  static int rows(long count) {
    return Math.max(FEWEST_ROWS, roundedUp(Math.toIntExact(count), 2));
  }

  /** Room for so many blocks: 16, 24, 32, 48 and so on. */
  static int blocks(int count) {
    return Math.max(FEWEST_BLOCKS, roundedUp(count, 2));
  }

  /** The next number of at most so many significant bits. */
  static int roundedUp(int count, int bits) {
    int step = Math.max(1, Integer.highestOneBit(Math.max(1, count - 1)) >> (bits - 1));
    return (count + step - 1) / step * step;
  }
}
