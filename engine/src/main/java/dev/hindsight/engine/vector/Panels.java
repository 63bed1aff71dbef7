package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.ADDRESSES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import jdk.incubator.vector.FloatVector;

/**
 * How the columns of B are cut into panels of two to four vectors, and the packing of a panel: row
 * {@code k} of a packed panel holds its columns of {@code B[k, :]} side by side. What fills it up
 * to whole vectors is not written: it ends in columns that nobody reads.
 *
 * <p>Widths are balanced (six vectors make 3 + 3, five make 3 + 2), because a narrow last panel
 * would leave the multipliers waiting for loads.
 */
final class Panels {
  /** Vectors of the widest panel: with six rows, what the registers of this width hold. */
  static final int WIDEST = LANES >= 16 || !isX86() ? 4 : 2;

  /** Columns that are packed at a time: a panel may be no wider than one vector. */
  private static final int STREAMS = Math.min(8, LANES);

  private Panels() {}

  private static boolean isX86() {
    String arch = System.getProperty("os.arch", "");
    return arch.equals("amd64") || arch.equals("x86_64");
  }

  /** Vectors that {@code columns} take, padding included: no panel has fewer than two. */
  static int vectors(int columns) {
    int v = Math.max(2, (columns + LANES - 1) / LANES);
    return WIDEST == 2 ? v + (v & 1) : v;
  }

  static int count(int vectors) {
    return (vectors + WIDEST - 1) / WIDEST;
  }

  /** The first vector of panel {@code p}; {@code p} may be the number of panels. */
  static int start(int p, int vectors, int count) {
    return p * (vectors / count) + Math.min(p, vectors % count);
  }

  /**
   * Packs the columns of one panel.
   *
   * @param k rows of B
   * @param columns columns that exist, at most {@code width}
   * @param b address of the panel's first column in row 0
   * @param bStep bytes from row to row of B
   * @param bColumn bytes from column to column of B
   * @param to address of the packed panel: {@code k * width} floats
   * @param width floats a row of the packed panel
   */
  static void pack(int k, int columns, long b, long bStep, long bColumn, long to, int width) {
    if (bColumn == Float.BYTES) {
      packRows(k, columns, b, bStep, to, width);
    } else {
      packColumns(k, columns, b, bStep, bColumn, to, width);
    }
  }

  /** Whole vectors: behind the last column lies what may be read and is not used. */
  private static void packRows(int k, int columns, long b, long bStep, long to, int width) {
    for (int i = 0; i < k; i++) {
      for (int j = 0; j < columns; j += LANES) {
        FloatVector.fromMemorySegment(F, MEMORY, b + 4L * j, ORDER)
            .intoMemorySegment(MEMORY, to + 4L * j, ORDER);
      }
      b += bStep;
      to += 4L * width;
    }
  }

  /**
   * Eight columns at a time: eight streams to read, half a cache line to write. The last eight
   * overlap those before them; of fewer columns the last one is read again for what fills up.
   *
   * <p>No branch depends on the number of columns. C2 leaves out a branch that was not taken so
   * far; when a later model took it, this method was seen to return to the interpreter at each call
   * and for ever, and that halved the speed of everything.
   */
  private static void packColumns(
      int k, int columns, long b, long bStep, long bColumn, long to, int width) {
    for (int j = 0; j < columns; j += STREAMS) {
      int first = Math.max(0, Math.min(j, columns - STREAMS));
      int last = columns - 1 - first;
      packStreams(k, last, b + first * bColumn, bStep, bColumn, to + 4L * first, 4L * width);
    }
  }

  private static void packStreams(
      int k, int last, long b, long bStep, long bColumn, long to, long toStep) {
    long b1 = Math.min(1, last) * bColumn & ADDRESSES;
    long b2 = Math.min(2, last) * bColumn & ADDRESSES;
    long b3 = Math.min(3, last) * bColumn & ADDRESSES;
    long b4 = Math.min(4, last) * bColumn & ADDRESSES;
    long b5 = Math.min(5, last) * bColumn & ADDRESSES;
    long b6 = Math.min(6, last) * bColumn & ADDRESSES;
    long b7 = Math.min(7, last) * bColumn & ADDRESSES;
    b &= ADDRESSES;
    to &= ADDRESSES;
    for (int i = 0; i < k; i++) {
      MEMORY.set(FLOAT, to, MEMORY.get(FLOAT, b));
      MEMORY.set(FLOAT, to + 4, MEMORY.get(FLOAT, b + b1));
      MEMORY.set(FLOAT, to + 8, MEMORY.get(FLOAT, b + b2));
      MEMORY.set(FLOAT, to + 12, MEMORY.get(FLOAT, b + b3));
      if (STREAMS == 8) {
        MEMORY.set(FLOAT, to + 16, MEMORY.get(FLOAT, b + b4));
        MEMORY.set(FLOAT, to + 20, MEMORY.get(FLOAT, b + b5));
        MEMORY.set(FLOAT, to + 24, MEMORY.get(FLOAT, b + b6));
        MEMORY.set(FLOAT, to + 28, MEMORY.get(FLOAT, b + b7));
      }
      b = b + bStep & ADDRESSES;
      to = to + toStep & ADDRESSES;
    }
  }
}
