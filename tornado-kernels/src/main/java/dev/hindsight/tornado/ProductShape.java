package dev.hindsight.tornado;

/**
 * What a plan for products is compiled for: sizes of the arrays, and of the grid. Extents and
 * strides are numbers that go to the device at each run.
 *
 * @param aSize elements; bSize and outSize likewise
 * @param rows of out in each batch that the grid covers
 * @param columns of out that the grid covers
 * @param sendsOut whether the device needs what is in out before
 */
record ProductShape(
    int aSize, int bSize, int outSize, int rows, int columns, int batches, boolean sendsOut) {

  /** Smaller arrays than a quarter of a megabyte are not worth plans of their own. */
  private static final int SMALLEST = 1 << 16;

  /** For this product and no other, but those of the same sizes. */
  static ProductShape exact(Product p) {
    return new ProductShape(
        p.aSize(), p.bSize(), p.outSize(), p.m(), p.n(), p.batches(), p.sendsOut());
  }

  /** For this product and others that are somewhat smaller. */
  static ProductShape roomy(Product p) {
    return new ProductShape(
        room(p.aSize()),
        room(p.bSize()),
        room(p.outSize()),
        powerOfTwo(Math.max(p.m(), 64)),
        powerOfTwo(Math.max(p.n(), 64)),
        powerOfTwo(p.batches()),
        true);
  }

  /** At most a quarter more. */
  private static int room(int size) {
    return Math.max(SMALLEST, AttentionShape.roundedUp(size, 3));
  }

  private static int powerOfTwo(int count) {
    return count <= 1 ? 1 : Integer.highestOneBit(count - 1) * 2;
  }
}
