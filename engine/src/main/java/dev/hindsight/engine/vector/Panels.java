package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

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

  private static void packRows(int k, int columns, long b, long bStep, long to, int width) {
    int whole = columns / LANES * LANES;
    VectorMask<Float> rest = F.indexInRange(whole, columns);
    for (int i = 0; i < k; i++) {
      for (int j = 0; j < whole; j += LANES) {
        FloatVector.fromMemorySegment(F, MEMORY, b + 4L * j, ORDER)
            .intoMemorySegment(MEMORY, to + 4L * j, ORDER);
      }
      if (whole < columns) {
        FloatVector.fromMemorySegment(F, MEMORY, b + 4L * whole, ORDER, rest)
            .intoMemorySegment(MEMORY, to + 4L * whole, ORDER);
      }
      b += bStep;
      to += 4L * width;
    }
  }

  /** Eight columns at a time: eight streams to read, half a cache line to write. */
  private static void packColumns(
      int k, int columns, long b, long bStep, long bColumn, long to, int width) {
    for (int j = 0; j + 8 <= columns; j += 8) {
      packEight(k, b + j * bColumn, bStep, bColumn, to + 4L * j, 4L * width);
    }
    int rest = columns % 8;
    if (rest == 0) {
      return;
    }
    if (columns > 8) { // once more with what overlaps
      int j = columns - 8;
      packEight(k, b + j * bColumn, bStep, bColumn, to + 4L * j, 4L * width);
      return;
    }
    for (int j = 0; j < columns; j++) {
      long from = b + j * bColumn;
      long at = to + 4L * j;
      for (int i = 0; i < k; i++) {
        MEMORY.set(FLOAT, at + i * 4L * width, MEMORY.get(FLOAT, from + i * bStep));
      }
    }
  }

  private static void packEight(int k, long b, long bStep, long bColumn, long to, long toStep) {
    for (int i = 0; i < k; i++) {
      MEMORY.set(FLOAT, to, MEMORY.get(FLOAT, b));
      MEMORY.set(FLOAT, to + 4, MEMORY.get(FLOAT, b + bColumn));
      MEMORY.set(FLOAT, to + 8, MEMORY.get(FLOAT, b + 2 * bColumn));
      MEMORY.set(FLOAT, to + 12, MEMORY.get(FLOAT, b + 3 * bColumn));
      MEMORY.set(FLOAT, to + 16, MEMORY.get(FLOAT, b + 4 * bColumn));
      MEMORY.set(FLOAT, to + 20, MEMORY.get(FLOAT, b + 5 * bColumn));
      MEMORY.set(FLOAT, to + 24, MEMORY.get(FLOAT, b + 6 * bColumn));
      MEMORY.set(FLOAT, to + 28, MEMORY.get(FLOAT, b + 7 * bColumn));
      b += bStep;
      to += toStep;
    }
  }
}
