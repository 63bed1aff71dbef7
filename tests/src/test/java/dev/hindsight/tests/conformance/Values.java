package dev.hindsight.tests.conformance;

import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;

/** Deterministic test data. */
final class Values {
  /** Extents on both sides of 4, 8 and 16 lanes, their doubles and blocks of them. */
  static final int[] LANE_BOUNDARIES = {
    0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129
  };

  /** What float arithmetic has rules of its own for. */
  static final double[] SPECIAL = {
    0.0,
    -0.0,
    1,
    -1,
    Double.NaN,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    -Float.MIN_NORMAL / 4,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    0x1p-24,
    88.5,
    89,
    -88,
    -104,
    1e-30,
    3.5e10,
  };

  private Values() {}

  /** Uniform in {@code [low, high)}, as floats. */
  static double[] uniform(long seed, long size, double low, double high) {
    Philox random = new Philox(seed, 0);
    double[] values = new double[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (low + (high - low) * random.nextDouble());
    }
    return values;
  }

  /** Uniform in {@code [-2, 2)} for a tensor of this shape. */
  static double[] uniform(long seed, Shape shape) {
    return uniform(seed, shape.size(), -2, 2);
  }

  /** Both signs and all magnitudes from {@code 2^-30} to {@code 2^top}, evenly in the exponent. */
  static double[] magnitudes(int size, int top) {
    double[] values = new double[size];
    for (int i = 0; i < size; i++) {
      double exponent = -30 + (top + 30.0) * (i / 2) / Math.max(1, size / 2 - 1);
      values[i] = (float) ((i % 2 == 0 ? 1 : -1) * Math.pow(2, exponent));
    }
    return values;
  }

  /** Integers in {@code [0, extent)}. */
  static int[] indices(long seed, long size, int extent) {
    Philox random = new Philox(seed, 1);
    int[] values = new int[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(extent);
    }
    return values;
  }
}
