package dev.hindsight.gradcheck;

import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import java.util.List;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.RandomDistribution;

/**
 * The source that a random case is drawn from, in plain code: {@code Draw.arbitrary(d -> ...)}.
 *
 * <p>Five numbers make a case: a seed, a size that bounds every extent, a bound of ranks, and two
 * switches, strided layouts and values of few digits. jqwik shrinks the last four for the failing
 * seed: towards size 1, scalars, contiguous tensors, and multiples of 1/4. So a failure ends in a
 * small tensor that a person can read, though dependent draws (an index below an extent, a shape
 * that fits another) are written without combinators.
 */
public final class Draw {
  /** Extents go up to this; large enough that every axis of a rank-4 tensor can differ. */
  private static final int LARGEST = 5;

  private static final int HIGHEST_RANK = 4;

  /** No tensor has more elements: a difference is taken for each. */
  private static final int MOST_ELEMENTS = 48;

  /** Both signs occur; every one is a float, so that F32 and F64 see the same. */
  private static final double[] SPECIAL = {
    Double.NaN,
    Double.POSITIVE_INFINITY,
    0,
    1,
    Float.MAX_VALUE,
    Float.MIN_VALUE,
    Float.MIN_NORMAL,
    0x1p-24
  };

  private final Philox random;
  private final long seed;
  private final int size;
  private final int rank;
  private final boolean strided;
  private final boolean plain;

  /** A draw whose shapes may have every rank. */
  Draw(long seed, int size, boolean strided, boolean plain) {
    this(seed, size, HIGHEST_RANK, strided, plain);
  }

  private Draw(long seed, int size, int rank, boolean strided, boolean plain) {
    this.rank = rank;
    this.random = new Philox(seed, 0);
    this.seed = seed;
    this.size = size;
    this.strided = strided;
    this.plain = plain;
  }

  /** Cases that {@code make} draws, with shrinking. */
  public static <T> Arbitrary<T> arbitrary(Function<Draw, T> make) {
    return Combinators.combine(
            Arbitraries.longs()
                .withDistribution(RandomDistribution.uniform())
                .withoutEdgeCases()
                .dontShrink(),
            Arbitraries.integers().between(1, LARGEST).withoutEdgeCases(),
            // mostly the highest: a shape draws its own rank below this
            Arbitraries.integers()
                .between(0, 4 * HIGHEST_RANK)
                .map(rank -> Math.min(rank, HIGHEST_RANK))
                .withoutEdgeCases(),
            Arbitraries.of(false, true).withoutEdgeCases(),
            Arbitraries.of(true, false, false, false).withoutEdgeCases())
        .as(
            (seed, size, rank, strided, plain) ->
                make.apply(new Draw(seed, size, rank, strided, plain)));
  }

  /** The draw of a seed, with a size and switches as likely as those of {@link #arbitrary}. */
  static Draw of(long seed) {
    Philox random = new Philox(seed, -1); // streams from 0 on are the draw's own and the checks'
    int size = 1 + random.nextInt(LARGEST);
    return new Draw(seed, size, random.nextInt(2) == 0, random.nextInt(4) == 0);
  }

  /** The number that this case's other random numbers may come from. */
  public long seed() {
    return seed;
  }

  /** The largest extent. */
  public int size() {
    return size;
  }

  boolean isPlain() {
    return plain;
  }

  /** Uniform from {@code low} to {@code high}, both included. */
  public int between(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  /** True once in {@code n}. */
  public boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  /** One of the choices. */
  @SafeVarargs
  public final <T> T pick(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** An extent from 1 to {@link #size}. */
  public int extent() {
    return between(1, size);
  }

  /** An extent from 1 to {@link #size}, or 0 once in sixteen. */
  public int extentOrZero() {
    return oneIn(16) ? 0 : extent();
  }

  /** A shape of rank 0 to 4; extents may be 0. */
  public Shape shape() {
    return shape(0, HIGHEST_RANK, true);
  }

  /** A shape of a rank in the given range. */
  public Shape shape(int minRank, int maxRank, boolean zeroAllowed) {
    int[] dims = new int[between(minRank, Math.max(minRank, Math.min(maxRank, rank)))];
    int size = 1;
    for (int i = 0; i < dims.length; i++) {
      int d = zeroAllowed ? extentOrZero() : extent();
      dims[i] = Math.min(d, Math.max(1, MOST_ELEMENTS / Math.max(1, size)));
      size *= dims[i];
    }
    return Shape.of(dims);
  }

  /** A shape that broadcasts to {@code target}: leading axes gone, some axes of extent 1. */
  public Shape broadcastableTo(Shape target) {
    int rank = between(0, target.rank());
    int[] dims = new int[rank];
    for (int i = 0; i < rank; i++) {
      dims[i] = oneIn(3) ? 1 : target.dim(target.rank() - rank + i);
    }
    return Shape.of(dims);
  }

  /** Two shapes that broadcast together, neither of which need be the result's. */
  public ShapePair broadcastable() {
    Shape target = shape();
    if (oneIn(3)) {
      return new ShapePair(target, target);
    }
    Shape a = oneIn(2) ? target : broadcastableTo(target);
    Shape b = broadcastableTo(target);
    return oneIn(2) ? new ShapePair(a, b) : new ShapePair(b, a);
  }

  /** 2 to 4 shapes that broadcast together. */
  public ShapeGroup broadcastableGroup() {
    Shape target = shape();
    Shape[] shapes = new Shape[between(2, 4)];
    for (int i = 0; i < shapes.length; i++) {
      shapes[i] = oneIn(3) ? target : broadcastableTo(target);
    }
    return new ShapeGroup(List.of(shapes));
  }

  /**
   * A tensor of this shape, in any layout, of floats that are special: NaN, infinities, zeros of
   * both signs, the largest, the smallest, the smallest normal; and a quarter of ordinary ones.
   */
  public TensorSample special(Shape shape) {
    double[] values = Domain.REAL.values(this, Math.toIntExact(shape.size()));
    for (int i = 0; i < values.length; i++) {
      if (!oneIn(4)) {
        double value = SPECIAL[random.nextInt(SPECIAL.length)];
        values[i] = oneIn(2) ? value : -value;
      }
    }
    return new TensorSample(shape, layout(), values);
  }

  /** Any layout. */
  public Layout layout() {
    return strided ? pick(Layout.values()) : Layout.CONTIGUOUS;
  }

  /** A tensor of this shape, in any layout. */
  public TensorSample tensor(Shape shape, Domain domain) {
    return new TensorSample(shape, layout(), domain.values(this, Math.toIntExact(shape.size())));
  }

  /** A tensor of values {@code (n + shift) / steps} from -3 to 3, with whole n. */
  TensorSample steps(Shape shape, int steps, double shift) {
    double[] values = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (between(-3 * steps, 3 * steps - 1) + shift) / steps;
    }
    return new TensorSample(shape, layout(), values);
  }

  /** {@code count} indices from 0 to {@code bound - 1}, repetitions likely. */
  public int[] indices(int count, int bound) {
    int[] indices = new int[count];
    for (int i = 0; i < count; i++) {
      indices[i] = between(0, bound - 1);
    }
    return indices;
  }

  /** Some axes of a shape of rank 1 or more: at least one, ascending, a few of them negative. */
  public int[] axes(Shape shape) {
    int rank = shape.rank();
    int chosen = between(1, (1 << rank) - 1);
    int[] axes = new int[Integer.bitCount(chosen)];
    int n = 0;
    for (int axis = 0; axis < rank; axis++) {
      if ((chosen & (1 << axis)) != 0) {
        axes[n++] = oneIn(2) ? axis : axis - rank;
      }
    }
    return axes;
  }

  /** An axis of a shape of rank 1 or more, half of the time counted from the last. */
  public int axis(Shape shape) {
    int axis = between(0, shape.rank() - 1);
    return oneIn(2) ? axis : axis - shape.rank();
  }

  /** All numbers below {@code n} in random order. */
  public int[] permutation(int n) {
    return random.permutation(n);
  }
}
