package dev.hindsight.gradcheck;

/**
 * The values that a function is tried at: dyadic numbers between two bounds, so that they are the
 * same in F32 and F64.
 *
 * <p>Values lie on a grid of step 1/512. {@link #awayFromKinks} moves them to the middle between
 * grid points: then every multiple of 1/512, where the kinks of functions usually lie, is at least
 * 1/1024 away, twice the reach of the differences that {@link dev.hindsight.autograd.GradCheck}
 * takes.
 *
 * @param low smallest value, a multiple of 1/4
 * @param high values stay below it, a multiple of 1/4
 * @param betweenGridPoints whether values avoid the multiples of 1/512
 * @param distinct whether no two elements of a tensor are equal (they differ by 1/512 at least)
 */
public record Domain(double low, double high, boolean betweenGridPoints, boolean distinct) {
  private static final int FINE = 512;
  private static final int PLAIN = 4;

  /** From -3 to 3: wide enough for every function's curve, narrow enough to stay exact. */
  public static final Domain REAL = between(-3, 3);

  /** From 1/4 to 4: for logarithms, roots and divisors. */
  public static final Domain POSITIVE = between(0.25, 4);

  public Domain {
    if (!(low < high)
        || low * PLAIN != Math.rint(low * PLAIN)
        || high * PLAIN != Math.rint(high * PLAIN)) {
      throw new IllegalArgumentException(
          "domain: bounds must be ascending multiples of 1/4, got " + low + " and " + high);
    }
  }

  /** All grid points from {@code low} (inclusive) to {@code high} (exclusive). */
  public static Domain between(double low, double high) {
    return new Domain(low, high, false, false);
  }

  /** The same domain, at least 1/1024 from every multiple of 1/512. */
  public Domain awayFromKinks() {
    return new Domain(low, high, true, distinct);
  }

  /** The same domain with no two equal elements in a tensor. */
  public Domain withDistinctValues() {
    return new Domain(low, high, betweenGridPoints, true);
  }

  double[] values(Draw draw, int count) {
    int grid = draw.isPlain() && !(distinct && count > (high - low) * PLAIN / 2) ? PLAIN : FINE;
    int points = (int) Math.round((high - low) * grid);
    if (distinct && count > points) {
      throw new IllegalArgumentException(
          "domain: " + this + " has no " + count + " distinct values");
    }
    boolean[] taken = new boolean[distinct ? points : 0];
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      int at = draw.between(0, points - 1);
      while (distinct && taken[at]) {
        at = (at + 1) % points;
      }
      if (distinct) {
        taken[at] = true;
      }
      values[i] = low + (at + (betweenGridPoints ? 0.5 : 0)) / grid;
    }
    return values;
  }

  /** As in {@code [-3, 3) away from kinks, distinct}. */
  @Override
  public String toString() {
    return "["
        + low
        + ", "
        + high
        + ")"
        + (betweenGridPoints ? " away from kinks" : "")
        + (distinct ? ", distinct" : "");
  }
}
