package dev.hindsight.engine.reference;

/** Conversion to the 16-bit formats, rounded to nearest even once. */
public final class HalfPrecision {
  private HalfPrecision() {}

  /** The bits of the nearest bfloat16 (8 bits of precision, the exponents of float). */
  public static short toBfloat16(double value) {
    return toBfloat16(roundToOdd(value));
  }

  /** The bits of the nearest bfloat16 (8 bits of precision, the exponents of float). */
  public static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40); // the quiet bit: a NaN must not be cut to an infinity
    }
    int lastKept = bits >>> 16 & 1;
    return (short) (bits + 0x7FFF + lastKept >>> 16);
  }

  /** The bits of the nearest IEEE 754 binary16. */
  public static short toFloat16(double value) {
    return Float.floatToFloat16(roundToOdd(value));
  }

  /**
   * The value as float, inexact results cut towards zero with the last bit set: a later rounding to
   * 22 bits or fewer then gives what rounding the double itself would (Boldo and Melquiond, 2008).
   */
  private static float roundToOdd(double value) {
    float nearest = (float) value;
    if (nearest == value || Double.isNaN(value)) {
      return nearest;
    }
    float cut =
        Math.abs((double) nearest) > Math.abs(value)
            ? Math.copySign(Math.nextDown(Math.abs(nearest)), nearest)
            : nearest;
    return Float.intBitsToFloat(Float.floatToRawIntBits(cut) | 1);
  }
}
