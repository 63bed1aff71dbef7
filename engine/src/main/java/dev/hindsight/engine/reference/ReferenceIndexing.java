package dev.hindsight.engine.reference;

import dev.hindsight.engine.Tensor;

/** Gathers, scatters and selection on host tensors with any strides. */
public final class ReferenceIndexing {
  private ReferenceIndexing() {}

  /**
   * @throws IndexOutOfBoundsException when an element of {@code ids} (I32, any strides) does not
   *     lie in {@code [0, extent)}; it names the element, the extent and the tensor that is indexed
   */
  public static void requireWithin(String operation, Tensor ids, int extent, Tensor indexed) {
    Elements from = Elements.of(ids);
    long number = 0;
    for (Rows rows = Rows.elementwise(ids); rows.next(); ) {
      for (long i = 0; i < rows.length(); i++, number++) {
        int id = (int) from.get(rows.at(0, i));
        if (id < 0 || id >= extent) {
          throw outOfRange(operation, id, number, ids, extent, indexed);
        }
      }
    }
  }

  static IndexOutOfBoundsException outOfRange(
      String operation, int id, long number, Tensor ids, int extent, Tensor indexed) {
    return new IndexOutOfBoundsException(
        operation
            + ": index "
            + id
            + " (element "
            + number
            + " of "
            + ids
            + ") does not lie in [0, "
            + extent
            + "), the extent of "
            + indexed
            + (id < 0 ? "; negative indices do not count from the end" : ""));
  }

  /** See {@link dev.hindsight.engine.Backend#gatherRows}. */
  public static void gatherRows(Tensor table, Tensor ids, Tensor out) {
    requireWithin("gatherRows", ids, table.dim(0), table);
    Elements index = Elements.of(ids);
    for (int n = 0; n < ids.dim(0); n++) {
      int row = (int) index.get(ids.offset() + n * ids.stride(0));
      ReferenceElementwise.copy(table.select(0, row), out.select(0, n));
    }
  }

  /** See {@link dev.hindsight.engine.Backend#scatterAddRows}. */
  public static void scatterAddRows(Tensor rows, Tensor ids, Tensor out) {
    requireWithin("scatterAddRows", ids, out.dim(0), out);
    Elements index = Elements.of(ids);
    for (int n = 0; n < ids.dim(0); n++) {
      int row = (int) index.get(ids.offset() + n * ids.stride(0));
      ReferenceElementwise.addScaled(rows.select(0, n), 1, out.select(0, row));
    }
  }

  /** See {@link dev.hindsight.engine.Backend#gatherLast}. */
  public static void gatherLast(Tensor x, Tensor index, Tensor out) {
    requireWithin("gatherLast", index, x.dim(-1), x);
    Elements from = Elements.of(x);
    Elements ids = Elements.of(index);
    Elements to = Elements.of(out);
    for (Rows rows = Rows.lastAxis(index, x, out); rows.next(); ) {
      for (long k = 0; k < rows.length(); k++) {
        long id = (long) ids.get(rows.at(0, k));
        to.set(rows.at(2, k), from.get(rows.at(1, id)));
      }
    }
  }

  /** See {@link dev.hindsight.engine.Backend#scatterAddLast}. */
  public static void scatterAddLast(Tensor x, Tensor index, Tensor out) {
    requireWithin("scatterAddLast", index, out.dim(-1), out);
    Elements from = Elements.of(x);
    Elements ids = Elements.of(index);
    Elements to = Elements.of(out);
    for (Rows rows = Rows.lastAxis(index, x, out); rows.next(); ) {
      for (long k = 0; k < rows.length(); k++) {
        long at = rows.at(2, (long) ids.get(rows.at(0, k)));
        to.set(at, to.get(at) + from.get(rows.at(1, k)));
      }
    }
  }

  /**
   * Whether {@code v} stands before {@code w} in descending order, NaN first; not so for equals.
   */
  static boolean ranksBefore(double v, double w) {
    return v > w || (Double.isNaN(v) && !Double.isNaN(w));
  }

  /** See {@link dev.hindsight.engine.Backend#topK}: insertion into a sorted list of k. */
  public static void topK(Tensor x, Tensor values, Tensor indices) {
    int k = values.dim(-1);
    double[] best = new double[k];
    long[] where = new long[k];
    Elements from = Elements.of(x);
    Elements toValues = Elements.of(values);
    Elements toIndices = Elements.of(indices);
    for (Rows rows = Rows.lastAxis(x, values, indices); rows.next(); ) {
      int filled = 0;
      for (long i = 0; k > 0 && i < rows.length(); i++) {
        double v = from.get(rows.at(0, i));
        if (filled == k && !ranksBefore(v, best[k - 1])) {
          continue;
        }
        int place = filled < k ? filled++ : k - 1;
        for (; place > 0 && ranksBefore(v, best[place - 1]); place--) {
          best[place] = best[place - 1];
          where[place] = where[place - 1];
        }
        best[place] = v;
        where[place] = i;
      }
      for (int i = 0; i < k; i++) {
        toValues.set(rows.at(1, i), best[i]);
        toIndices.set(rows.at(2, i), where[i]);
      }
    }
  }
}
