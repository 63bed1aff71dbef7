package dev.hindsight.engine.vector;

/** Any number of rows against one panel of B: what is left of the rows goes to narrower kernels. */
final class Tiles {
  private Tiles() {}

  /** How many of {@code rows} rows the next kernel takes. */
  static int take(int rows) {
    return rows >= 6 ? 6 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
  }

  /**
   * {@code c = from + a b} for {@code rows} rows and {@code wide} whole vectors; distances in
   * bytes. See {@link SixRowKernels}.
   */
  static void run(
      int rows,
      int wide,
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
    for (int r = 0; r < rows; ) {
      int take = take(rows - r);
      tile(take, wide, k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      r += take;
      a += take * aRow;
      from += take * fromRow;
      c += take * cRow;
    }
  }

  /** One kernel: 1, 2, 4 or 6 rows. */
  static void tile(
      int rows,
      int wide,
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
    switch (rows * 8 + wide) {
      case 52 -> SixRowKernels.rows6x4(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 51 -> SixRowKernels.rows6x3(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 50 -> SixRowKernels.rows6x2(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 49 -> SixRowKernels.rows6x1(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 36 -> FourRowKernels.rows4x4(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 35 -> FourRowKernels.rows4x3(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 34 -> FourRowKernels.rows4x2(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 33 -> FourRowKernels.rows4x1(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 20 -> FewRowKernels.rows2x4(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 19 -> FewRowKernels.rows2x3(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 18 -> FewRowKernels.rows2x2(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 17 -> FewRowKernels.rows2x1(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 12 -> FewRowKernels.rows1x4(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 11 -> FewRowKernels.rows1x3(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 10 -> FewRowKernels.rows1x2(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      case 9 -> FewRowKernels.rows1x1(k, a, aRow, aStep, b, bStep, from, fromRow, c, cRow);
      default ->
          throw new AssertionError("no kernel of " + rows + " rows and " + wide + " vectors");
    }
  }
}
