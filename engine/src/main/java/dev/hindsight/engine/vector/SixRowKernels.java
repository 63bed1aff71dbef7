package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.ADDRESSES;
import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import jdk.incubator.vector.FloatVector;

/**
 * The microkernels of {@link Matmul}: six rows of A against a panel of B that is one to four
 * vectors wide, with one named accumulator a vector of the tile, so that C2 keeps all of them in
 * registers (6 x 4 of the 32 registers of AVX-512; 6 x 2 of the 16 of AVX2).
 *
 * <p>Each starts from the values at {@code from} (C itself, or zeros with a row distance of 0: so
 * one method both accumulates and overwrites, and C2 has half as much to compile) and continues one
 * chain of fused multiply-adds an element over ascending K. {@code a} is read with any two strides,
 * so a transposed A needs no packing. All distances are in bytes.
 *
 * <p>Loads and stores are written out: past C2's node limit only methods of the JDK that demand
 * inlining are still inlined, and a helper of ours cost a factor of ten.
 *
 * <p>Bounds checks that C2 makes in the loop take the ports of multiply-adds, so addresses pass
 * through {@link Simd#ADDRESSES}. But each check also keeps what stands below it below: with none
 * left, C2 was seen to begin a turn with all loads, six rows of A beside four vectors of B and 24
 * accumulators, which are two more than there are registers; accumulators on the stack then cost up
 * to two thirds of the speed, as the stack happened to lie. So where registers are short some rows
 * keep their check.
 */
final class SixRowKernels {
  /** For the distance of rows of 6 x 2 tiles: 16 registers hold two of six rows, 32 all. */
  private static final long CHECKED = LANES >= 16 ? ADDRESSES : -1;

  private SixRowKernels() {}

  static void rows6x4(
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
    long near = aRow & ADDRESSES; // the third and the fifth row keep their checks
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
    from += fromRow;
    FloatVector c20 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c21 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c22 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    FloatVector c23 = FloatVector.fromMemorySegment(F, MEMORY, from + 3 * BYTES, ORDER);
    from += fromRow;
    FloatVector c30 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c31 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c32 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    FloatVector c33 = FloatVector.fromMemorySegment(F, MEMORY, from + 3 * BYTES, ORDER);
    from += fromRow;
    FloatVector c40 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c41 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c42 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    FloatVector c43 = FloatVector.fromMemorySegment(F, MEMORY, from + 3 * BYTES, ORDER);
    from += fromRow;
    FloatVector c50 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c51 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c52 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    FloatVector c53 = FloatVector.fromMemorySegment(F, MEMORY, from + 3 * BYTES, ORDER);
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
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + near));
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      c12 = x.fma(b2, c12);
      c13 = x.fma(b3, c13);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 2 * aRow));
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      c22 = x.fma(b2, c22);
      c23 = x.fma(b3, c23);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 3 * near));
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      c32 = x.fma(b2, c32);
      c33 = x.fma(b3, c33);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 4 * aRow));
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      c42 = x.fma(b2, c42);
      c43 = x.fma(b3, c43);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 5 * near));
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
      c52 = x.fma(b2, c52);
      c53 = x.fma(b3, c53);
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
    c += cRow;
    c20.intoMemorySegment(MEMORY, c, ORDER);
    c21.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c22.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c23.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
    c += cRow;
    c30.intoMemorySegment(MEMORY, c, ORDER);
    c31.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c32.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c33.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
    c += cRow;
    c40.intoMemorySegment(MEMORY, c, ORDER);
    c41.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c42.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c43.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
    c += cRow;
    c50.intoMemorySegment(MEMORY, c, ORDER);
    c51.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c52.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c53.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
  }

  static void rows6x3(
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
    from += fromRow;
    FloatVector c20 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c21 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c22 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    from += fromRow;
    FloatVector c30 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c31 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c32 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    from += fromRow;
    FloatVector c40 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c41 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c42 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
    from += fromRow;
    FloatVector c50 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c51 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    FloatVector c52 = FloatVector.fromMemorySegment(F, MEMORY, from + 2 * BYTES, ORDER);
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
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 2 * aRow));
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      c22 = x.fma(b2, c22);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 3 * aRow));
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      c32 = x.fma(b2, c32);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 4 * aRow));
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      c42 = x.fma(b2, c42);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 5 * aRow));
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
      c52 = x.fma(b2, c52);
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
    c += cRow;
    c20.intoMemorySegment(MEMORY, c, ORDER);
    c21.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c22.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c += cRow;
    c30.intoMemorySegment(MEMORY, c, ORDER);
    c31.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c32.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c += cRow;
    c40.intoMemorySegment(MEMORY, c, ORDER);
    c41.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c42.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
    c += cRow;
    c50.intoMemorySegment(MEMORY, c, ORDER);
    c51.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c52.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
  }

  static void rows6x2(
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
    aRow &= CHECKED;
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
    from += fromRow;
    FloatVector c20 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c21 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    from += fromRow;
    FloatVector c30 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c31 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    from += fromRow;
    FloatVector c40 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c41 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    from += fromRow;
    FloatVector c50 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    FloatVector c51 = FloatVector.fromMemorySegment(F, MEMORY, from + BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, MEMORY, b + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + aRow));
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 2 * aRow));
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 3 * aRow));
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 4 * aRow));
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 5 * aRow));
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c += cRow;
    c10.intoMemorySegment(MEMORY, c, ORDER);
    c11.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c += cRow;
    c20.intoMemorySegment(MEMORY, c, ORDER);
    c21.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c += cRow;
    c30.intoMemorySegment(MEMORY, c, ORDER);
    c31.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c += cRow;
    c40.intoMemorySegment(MEMORY, c, ORDER);
    c41.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    c += cRow;
    c50.intoMemorySegment(MEMORY, c, ORDER);
    c51.intoMemorySegment(MEMORY, c + BYTES, ORDER);
  }

  static void rows6x1(
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
    from += fromRow;
    FloatVector c20 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    from += fromRow;
    FloatVector c30 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    from += fromRow;
    FloatVector c40 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    from += fromRow;
    FloatVector c50 = FloatVector.fromMemorySegment(F, MEMORY, from, ORDER);
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromMemorySegment(F, MEMORY, b, ORDER);
      FloatVector x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a));
      c00 = x.fma(b0, c00);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + aRow));
      c10 = x.fma(b0, c10);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 2 * aRow));
      c20 = x.fma(b0, c20);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 3 * aRow));
      c30 = x.fma(b0, c30);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 4 * aRow));
      c40 = x.fma(b0, c40);
      x = FloatVector.broadcast(F, MEMORY.get(FLOAT, a + 5 * aRow));
      c50 = x.fma(b0, c50);
      a = a + aStep & ADDRESSES;
      b = b + bStep & ADDRESSES;
    }
    c00.intoMemorySegment(MEMORY, c, ORDER);
    c += cRow;
    c10.intoMemorySegment(MEMORY, c, ORDER);
    c += cRow;
    c20.intoMemorySegment(MEMORY, c, ORDER);
    c += cRow;
    c30.intoMemorySegment(MEMORY, c, ORDER);
    c += cRow;
    c40.intoMemorySegment(MEMORY, c, ORDER);
    c += cRow;
    c50.intoMemorySegment(MEMORY, c, ORDER);
  }
}
