package dev.hindsight.autograd;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Selection, gathering and rearrangement along any axis, by the ops of the first or last one. */
final class Along {
  private Along() {}

  /** Entries {@code ids [N]} of an axis. */
  static Variable indexSelect(Variable x, int axis, Tensor ids) {
    Axes.requireIndices("indexSelect", ids);
    if (ids.rank() != 1) {
      throw new IllegalArgumentException(
          "indexSelect: the indices need one axis, got " + ids + "; gather takes more");
    }
    Variable front = x.transpose(Axes.of("indexSelect", x, axis), 0);
    Shape shape = front.shape();
    Variable rows = front.reshape(shape.dim(0), Math.toIntExact(shape.drop(0).size()));
    return rows.gatherRows(ids).reshape(shape.with(0, ids.dim(0))).transpose(axis, 0);
  }

  static Variable embedding(Variable table, Tensor ids) {
    Axes.requireIndices("embedding", ids);
    if (table.shape().rank() != 2) {
      throw new IllegalArgumentException(
          "embedding: the table needs shape [entries, width], got " + table.tensor());
    }
    Shape shape = ids.shape();
    Tensor flat = TensorOps.reshape(ids, Shape.of(Math.toIntExact(shape.size())));
    Variable rows = table.gatherRows(flat);
    return rows.reshape(shape.insert(shape.rank(), rows.dim(1)));
  }

  static Variable gather(Variable x, int axis, Tensor index) {
    requireFits("gather", x, axis, index);
    Tensor last = index.transpose(axis, -1);
    return x.transpose(axis, -1).gatherLast(last).transpose(axis, -1);
  }

  static Variable scatterAdd(Variable x, int axis, Tensor index, Variable source) {
    requireFits("scatterAdd", x, axis, index);
    if (!source.shape().equals(index.shape())) {
      throw new IllegalArgumentException(
          "scatterAdd: the source " + source.tensor() + " needs the shape of the index " + index);
    }
    Tensor last = index.transpose(axis, -1);
    Variable added = source.transpose(axis, -1).scatterAddLast(last, x.dim(axis));
    return x.add(added.transpose(axis, -1));
  }

  private static void requireFits(String operation, Variable v, int axis, Tensor index) {
    Axes.of(operation, v, axis);
    Axes.requireIndices(operation, index);
    Tensor x = v.tensor();
    if (index.rank() != x.rank() || !index.shape().with(axis, 0).equals(x.shape().with(axis, 0))) {
      throw new IllegalArgumentException(
          operation
              + ": "
              + x
              + " and index "
              + index
              + " differ in more than axis "
              + axis
              + "; expand the index to the other extents");
    }
  }

  static Variable flip(Variable x, int... axes) {
    Variable y = x;
    for (int axis : axes) {
      y = indexSelect(y, axis, reversed(x, y.dim(Axes.of("flip", x, axis))));
    }
    return y;
  }

  private static Tensor reversed(Variable x, int n) {
    int[] ids = IntStream.range(0, n).map(i -> n - 1 - i).toArray();
    return Tensor.of(x.tensor().backend(), Shape.of(n), ids);
  }

  /** NaN counts as the largest; equals keep their order. */
  static Variable.Sorted sort(Variable x, boolean descending) {
    int n = x.dim(Axes.of("sort", x, -1));
    if (descending) {
      Variable.TopK all = x.topK(n);
      return new Variable.Sorted(all.values(), all.indices());
    }
    // of the reversed row, so that of equals the last comes first, and first when turned again
    Variable.TopK all = flip(x, -1).topK(n);
    int[] indices = all.indices().toInts();
    int[] turned = new int[indices.length];
    for (int i = 0; i < turned.length; i++) {
      int start = i / n * n;
      turned[i] = n - 1 - indices[start + (n - 1 - (i - start))];
    }
    return new Variable.Sorted(
        flip(all.values(), -1), Tensor.of(x.tensor().backend(), x.shape(), turned));
  }

  static Variable repeat(Variable x, int... times) {
    Shape shape = x.shape();
    int lead = times.length - shape.rank();
    if (lead < 0 || Arrays.stream(times).anyMatch(t -> t < 0)) {
      throw new IllegalArgumentException(
          "repeat: "
              + x.tensor()
              + " needs one number of times an axis, 0 or more, and may have further ones in front, got "
              + Arrays.toString(times));
    }
    int[] apart = new int[2 * times.length];
    int[] wide = new int[2 * times.length];
    int[] joined = new int[times.length];
    for (int i = 0; i < times.length; i++) {
      int extent = i < lead ? 1 : shape.dim(i - lead);
      apart[2 * i] = 1;
      wide[2 * i] = times[i];
      apart[2 * i + 1] = wide[2 * i + 1] = extent;
      long product = (long) times[i] * extent;
      if (product > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "repeat: "
                + x.tensor()
                + " repeated "
                + Arrays.toString(times)
                + " times has an axis of "
                + product
                + ", more than an axis can have");
      }
      joined[i] = (int) product;
    }
    return x.reshape(Shape.of(apart)).expand(Shape.of(wide)).reshape(Shape.of(joined));
  }

  static Variable squeeze(Variable x, int... axes) {
    int[] last = IntStream.of(axes).map(x.shape()::axis).distinct().sorted().toArray();
    Variable y = x;
    for (int i = last.length - 1; i >= 0; i--) {
      y = y.squeeze(last[i]);
    }
    return y;
  }

  static Variable stack(int axis, Variable... parts) {
    if (parts.length == 0) {
      throw new IllegalArgumentException("stack: no parts given");
    }
    Variable[] apart = new Variable[parts.length];
    for (int i = 0; i < parts.length; i++) {
      if (!parts[i].shape().equals(parts[0].shape())) {
        throw new IllegalArgumentException(
            "stack: parts need one shape, got "
                + parts[0].shape()
                + " and "
                + parts[i].shape()
                + "; concat joins along an axis that is there");
      }
      int rank = parts[i].shape().rank();
      if (axis < -rank - 1 || axis > rank) {
        throw new IllegalArgumentException(
            "stack: a new axis "
                + axis
                + " does not fit parts "
                + parts[i].tensor()
                + "; expected one from "
                + (-rank - 1)
                + " to "
                + rank);
      }
      apart[i] = parts[i].unsqueeze(axis);
    }
    return Variable.concat(axis, apart);
  }

  static Variable[] split(Variable x, int axis, int... extents) {
    Axes.of("split", x, axis);
    if (Arrays.stream(extents).anyMatch(e -> e < 0)
        || Arrays.stream(extents).asLongStream().sum() != x.dim(axis)) {
      throw new IllegalArgumentException(
          "split: extents "
              + Arrays.toString(extents)
              + " must be 0 or more and add up to "
              + x.dim(axis)
              + ", axis "
              + axis
              + " of "
              + x.tensor());
    }
    Variable[] parts = new Variable[extents.length];
    int at = 0;
    for (int i = 0; i < parts.length; i++) {
      parts[i] = x.slice(axis, at, at + extents[i]);
      at += extents[i];
    }
    return parts;
  }

  /** The elements at and below ({@code lower}), or at and above a diagonal; zeros elsewhere. */
  static Variable triangle(Variable x, int diagonal, boolean lower) {
    Tensor t = x.tensor();
    if (t.rank() < 2) {
      throw new IllegalArgumentException(
          (lower ? "tril" : "triu") + ": needs a matrix, rank 2 or more, got " + t);
    }
    int rows = t.dim(-2);
    int columns = t.dim(-1);
    double[] inside = new double[rows * columns];
    for (int i = 0; i < inside.length; i++) {
      long above = (long) (i % columns) - i / columns - diagonal;
      inside[i] = (lower ? above <= 0 : above >= 0) ? 1 : 0;
    }
    Tensor condition = Masks.tensor(t, Shape.of(rows, columns), inside);
    return Variable.where(condition, x, Variable.result(Masks.scalar(t, 0)));
  }
}
