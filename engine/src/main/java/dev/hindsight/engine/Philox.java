package dev.hindsight.engine;

/**
 * Counter-based random numbers: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3" (SC'11).
 *
 * <p>The n-th number is a pure function of {@code (seed, stream, n)}. The whole state is therefore
 * these three numbers, which a checkpoint can hold; a generator can jump anywhere at once; and what
 * one consumer draws never moves another consumer on a different stream. Every draw that the
 * project's results depend on comes from here.
 *
 * <p>The key of the cipher is the seed. Its 128-bit counter is {@code (block, stream)}, 64 bits
 * each, low word first; each block yields four 32-bit words, taken in order. {@link #counter()}
 * counts words.
 *
 * <p>Instances are not thread safe: give each thread a stream of its own.
 */
public final class Philox {
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9; // golden ratio
  private static final int WEYL_1 = 0xBB67AE85; // sqrt(3) - 1
  private static final int ROUNDS = 10;

  /**
   * Flips the key in {@link #split}, so that derived stream numbers are not values that a generator
   * also outputs.
   */
  private static final long SPLIT_KEY = 0x5851F42D4C957F2DL;

  private final long seed;
  private final long stream;
  private long counter;

  /**
   * The four words of the block that {@code counter} points into; valid when {@code heldBlock} is
   * that block.
   */
  private final int[] words = new int[4];

  private long heldBlock = -1;

  /** A generator at the beginning of {@code stream}. */
  public Philox(long seed, long stream) {
    this(seed, stream, 0);
  }

  /**
   * A generator restored to a position, as a checkpoint recorded it.
   *
   * @param counter how many 32-bit words of the stream are already used; not negative
   */
  public Philox(long seed, long stream, long counter) {
    if (counter < 0) {
      throw new IllegalArgumentException(
          "Philox: counter "
              + counter
              + " is negative; it counts the words drawn so far, so it starts at 0");
    }
    this.seed = seed;
    this.stream = stream;
    this.counter = counter;
  }

  /** The key of the cipher. */
  public long seed() {
    return seed;
  }

  /** The high half of the cipher's counter: which sequence of numbers this is. */
  public long stream() {
    return stream;
  }

  /** How many 32-bit words were drawn; with seed and stream, the complete state. */
  public long counter() {
    return counter;
  }

  /**
   * An independent generator named by {@code label}: same seed, a stream derived from this one's
   * stream and the label, at its beginning. It does not depend on how much was drawn here, so
   * callers may derive in any order.
   *
   * <p>Streams are 64-bit hashes: a million of them collide with odds of about 3e-8.
   */
  public Philox split(long label) {
    int[] out = new int[4];
    block(seed ^ SPLIT_KEY, label, stream, out);
    return new Philox(seed, join(out[1], out[0]));
  }

  /**
   * {@link #split(long)} by a text: the label is its FNV-1a hash over the characters, 64 bits, as
   * {@code String.hashCode} collides for texts as short as a question.
   */
  public Philox split(String label) {
    long hash = 0xCBF29CE484222325L;
    for (int i = 0; i < label.length(); i++) {
      hash = (hash ^ label.charAt(i)) * 0x100000001B3L;
    }
    return split(hash);
  }

  /** Uniform over all 32-bit integers. Draws one word. */
  public int nextInt() {
    long block = counter >>> 2;
    if (block != heldBlock) {
      block(seed, block, stream, words);
      heldBlock = block;
    }
    return words[(int) (counter++ & 3)];
  }

  /** Uniform over all 64-bit integers. Draws two words, the high one first. */
  public long nextLong() {
    int high = nextInt();
    return join(high, nextInt());
  }

  /**
   * Uniform over {@code 0 .. bound - 1}, without bias. Draws one word, rarely more: Lemire, "Fast
   * random integer generation in an interval" (2019), rejects with probability below {@code bound /
   * 2^32}.
   */
  public int nextInt(int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("Philox.nextInt: bound " + bound + " is not positive");
    }
    long product = (nextInt() & 0xFFFFFFFFL) * bound;
    if ((product & 0xFFFFFFFFL) < bound) {
      long threshold = (1L << 32) % bound;
      while ((product & 0xFFFFFFFFL) < threshold) {
        product = (nextInt() & 0xFFFFFFFFL) * bound;
      }
    }
    return (int) (product >>> 32);
  }

  /** Uniform in [0, 1), a multiple of 2^-53. Draws two words. */
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }

  /** Uniform in [0, 1), a multiple of 2^-24. Draws one word. */
  public float nextFloat() {
    return (nextInt() >>> 8) * 0x1p-24f;
  }

  /**
   * Standard normal, by Box and Muller's transform. Draws four words; the transform's second value
   * is thrown away so that the counter stays the whole state. {@code StrictMath}: the same bits on
   * every platform.
   */
  public double nextGaussian() {
    double radius =
        StrictMath.sqrt(
            -2 * StrictMath.log(1 - nextDouble())); // 1 - u lies in (0, 1]: no log of zero
    return radius * StrictMath.cos(2 * Math.PI * nextDouble());
  }

  /** A uniformly drawn permutation of {@code 0 .. size - 1} (Fisher and Yates). */
  public int[] permutation(int size) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /**
   * The cipher itself: one block of four words.
   *
   * @param key low 32 bits are key word 0
   * @param counterLow counter words 0 (low half) and 1
   * @param counterHigh counter words 2 (low half) and 3
   * @param out receives the four output words
   */
  static void block(long key, long counterLow, long counterHigh, int[] out) {
    int key0 = (int) key;
    int key1 = (int) (key >>> 32);
    int x0 = (int) counterLow;
    int x1 = (int) (counterLow >>> 32);
    int x2 = (int) counterHigh;
    int x3 = (int) (counterHigh >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (x0 & 0xFFFFFFFFL);
      long product1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (x2 & 0xFFFFFFFFL);
      x0 = (int) (product1 >>> 32) ^ x1 ^ key0;
      x1 = (int) product1;
      x2 = (int) (product0 >>> 32) ^ x3 ^ key1;
      x3 = (int) product0;
      key0 += WEYL_0;
      key1 += WEYL_1;
    }
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
  }

  private static long join(int high, int low) {
    return ((long) high << 32) | (low & 0xFFFFFFFFL);
  }

  @Override
  public String toString() {
    return "Philox(seed=" + seed + ", stream=" + stream + ", counter=" + counter + ")";
  }
}
