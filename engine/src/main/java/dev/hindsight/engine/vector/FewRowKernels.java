package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.ADDRESSES;
import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import jdk.incubator.vector.FloatVector;

/**
 * What {@link SixRowKernels} do, for the last rows of a product and for decoding, where a few rows
 * read whole weights: two and one rows.
 */
final class FewRowKernels {
  private FewRowKernels() {}

  static void rows2x4(
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long from,
      long fromRow,
      long c,
      long cRow) {
    a &= ADDRESSES;
    aRow &= ADDRESSES;
    b &= ADDRESSES;
    from &= ADDRESSES;
    fromRow &= ADDRESSES;
    c &= ADDRESSES;
    cRow &= ADDRESSES;
    FloatVector c00 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c01 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c02 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    FloatVector c03 = FloatVector.fromMemorySegment(F, MEMORY, from + 3 * BYTES, ORDER);
    from += fromRow;
    FloatVector c10 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c11 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c12 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    FloatVector c13 = FloatVector.fromMemorySegment(F, MEMORY, from + 3 * BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, MEMORY, b + 2 * BYTES, ORDER);
      FloatVector b3 = FloatVector.fromMemorySegment(F, MEMORY, b + 3 * BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + aRow));
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      c12 = x.fma(b2, c12);
      c13 = x.fma(b3, c13);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c02.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c03.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
    c += cRow;
    c10.intoMemorySegment(MEMORY, c, ORDER);
    c11.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c12.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c13.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
  }

  static void rows2x3(
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long from,
      long fromRow,
      long c,
      long cRow) {
    a &= ADDRESSES;
    aRow &= ADDRESSES;
    b &= ADDRESSES;
    from &= ADDRESSES;
    fromRow &= ADDRESSES;
    c &= ADDRESSES;
    cRow &= ADDRESSES;
    FloatVector c00 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c01 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c02 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    from += fromRow;
    FloatVector c10 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c11 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c12 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, MEMORY, b + 2 * BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + aRow));
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      c12 = x.fma(b2, c12);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c02.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c += cRow;
    c10.intoMemorySegment(MEMORY, c, ORDER);
    c11.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c12.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
  }

  static void rows2x2(
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long from,
      long fromRow,
      long c,
      long cRow) {
    a &= ADDRESSES;
    aRow &= ADDRESSES;
    b &= ADDRESSES;
    from &= ADDRESSES;
    fromRow &= ADDRESSES;
    c &= ADDRESSES;
    cRow &= ADDRESSES;
    FloatVector c00 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c01 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    from += fromRow;
    FloatVector c10 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c11 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + aRow));
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c += cRow;
    c10.intoMemorySegment(MEMORY, c, ORDER);
    c11.intoMemorySegment(MEMORY, c + BYTES, ORDER);
  }

  static void rows2x1(
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long from,
      long fromRow,
      long c,
      long cRow) {
    a &= ADDRESSES;
    aRow &= ADDRESSES;
    b &= ADDRESSES;
    from &= ADDRESSES;
    fromRow &= ADDRESSES;
    c &= ADDRESSES;
    cRow &= ADDRESSES;
    FloatVector c00 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    from += fromRow;
    FloatVector c10 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + aRow));
      c10 = x.fma(b0, c10);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c += cRow;
    c10.intoMemorySegment(MEMORY, c, ORDER);
  }

  static void rows1x4(
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long from,
      long fromRow,
      long c,
      long cRow) {
    a &= ADDRESSES;
    aRow &= ADDRESSES;
    b &= ADDRESSES;
    from &= ADDRESSES;
    fromRow &= ADDRESSES;
    c &= ADDRESSES;
    cRow &= ADDRESSES;
    FloatVector c00 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c01 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c02 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    FloatVector c03 = FloatVector.fromMemorySegment(F, MEMORY, from + 3 * BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, MEMORY, b + 2 * BYTES, ORDER);
      FloatVector b3 = FloatVector.fromMemorySegment(F, MEMORY, b + 3 * BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c02.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c03.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
  }

  static void rows1x3(
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long from,
      long fromRow,
      long c,
      long cRow) {
    a &= ADDRESSES;
    aRow &= ADDRESSES;
    b &= ADDRESSES;
    from &= ADDRESSES;
    fromRow &= ADDRESSES;
    c &= ADDRESSES;
    cRow &= ADDRESSES;
    FloatVector c00 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c01 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c02 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, MEMORY, b + 2 * BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c02.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
  }

  static void rows1x2(
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long from,
      long fromRow,
      long c,
      long cRow) {
    a &= ADDRESSES;
    aRow &= ADDRESSES;
    b &= ADDRESSES;
    from &= ADDRESSES;
    fromRow &= ADDRESSES;
    c &= ADDRESSES;
    cRow &= ADDRESSES;
    FloatVector c00 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c01 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
  }

  static void rows1x1(
      int k,
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      long from,
      long fromRow,
      long c,
      long cRow) {
    a &= ADDRESSES;
    aRow &= ADDRESSES;
    b &= ADDRESSES;
    from &= ADDRESSES;
    fromRow &= ADDRESSES;
    c &= ADDRESSES;
    cRow &= ADDRESSES;
    FloatVector c00 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
  }
}
