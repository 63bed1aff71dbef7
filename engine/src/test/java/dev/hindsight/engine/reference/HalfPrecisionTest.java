package dev.hindsight.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Guards that conversion to 16 bits rounds to nearest even once: every value of the format comes
 * back, and so does everything up to half way to its neighbours.
 */
class HalfPrecisionTest {

  private interface Format {
    short round(double value);

    double read(short bits);

    Format BF16 =
        new Format() {
          @Override
          public short round(double value) {
            return HalfPrecision.toBfloat16(value);
          }

          @Override
          public double read(short bits) {
            return Float.intBitsToFloat(bits << 16);
          }
        };

    Format F16 =
        new Format() {
          @Override
          public short round(double value) {
            return HalfPrecision.toFloat16(value);
          }

          @Override
          public double read(short bits) {
            return Float.float16ToFloat(bits);
          }
        };
  }

  private static void everyValueAndTheMiddles(Format format, int infinity) {
    for (int bits = 0; bits < infinity - 1; bits++) {
      double x = format.read((short) bits);
      double next = format.read((short) (bits + 1));
      double middle = (x + next) / 2; // exact: a double has room for one more bit
      short even = (short) (bits % 2 == 0 ? bits : bits + 1);
      assertThat(format.round(x)).isEqualTo((short) bits);
      assertThat(format.round(middle)).as("middle above %s", x).isEqualTo(even);
      assertThat(format.round(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(format.round(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
      assertThat(format.round(-middle)).isEqualTo((short) (even | 0x8000));
    }
  }

  @Test
  void bfloat16() {
    everyValueAndTheMiddles(Format.BF16, 0x7F80);
  }

  @Test
  void binary16() {
    everyValueAndTheMiddles(Format.F16, 0x7C00);
  }

  @Test
  void theEnds() {
    for (Format format : new Format[] {Format.BF16, Format.F16}) {
      assertThat(format.read(format.round(Double.NaN))).isNaN();
      assertThat(format.read(format.round(Double.MAX_VALUE))).isInfinite();
      assertThat(format.read(format.round(Double.NEGATIVE_INFINITY)))
          .isEqualTo(Double.NEGATIVE_INFINITY);
      assertThat(1 / format.read(format.round(-0.0))).isEqualTo(Double.NEGATIVE_INFINITY);
    }
    float signalling = Float.intBitsToFloat(0x7F800001);
    assertThat(Format.BF16.read(HalfPrecision.toBfloat16(signalling))).isNaN();
    assertThat(Format.F16.read(HalfPrecision.toFloat16(65519.999))).isEqualTo(65504);
    assertThat(Format.F16.read(HalfPrecision.toFloat16(65520))).isInfinite();
  }
}
