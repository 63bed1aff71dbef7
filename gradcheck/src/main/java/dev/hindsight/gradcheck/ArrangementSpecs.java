package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Rearrangements along any axis: stacking, splitting, tiling, turning, sorting, selecting. */
final class ArrangementSpecs {
  private static final Domain REAL = Domain.REAL;

  private ArrangementSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        OpSpec.of("stack", REAL.toString(), ArrangementSpecs::stack),
        OpSpec.of("split", REAL.toString(), ArrangementSpecs::split),
        OpSpec.of("repeat", REAL.toString(), ArrangementSpecs::repeat),
        OpSpec.of("flip", REAL.toString(), ArrangementSpecs::flip),
        OpSpec.of("tril", REAL.toString(), d -> triangle(d, true)),
        OpSpec.of("triu", REAL.toString(), d -> triangle(d, false)),
        OpSpec.of("sort", REAL.withDistinctValues().toString(), ArrangementSpecs::sort),
        OpSpec.of("indexSelect", REAL.toString(), ArrangementSpecs::indexSelect),
        OpSpec.of("gather", REAL.toString(), ArrangementSpecs::gather),
        OpSpec.of("scatterAdd", REAL.toString(), ArrangementSpecs::scatterAdd));
  }

  private static OpSpec.Inputs stack(Draw d) {
    Shape shape = d.shape(0, 3, true);
    int axis = d.between(0, shape.rank());
    int given = d.oneIn(2) ? axis : axis - shape.rank() - 1;
    TensorSample[] parts = new TensorSample[d.between(1, 3)];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = d.tensor(shape, REAL);
    }
    return OpSpec.call("stack(" + given + ")", parts)
        .is(v -> Variable.stack(given, v))
        .sameAs(
            v -> {
              Variable sum = Constants.full(v[0], shape.insert(axis, v.length), 0);
              for (int i = 0; i < v.length; i++) {
                Variable part = v[i].reshape(shape.insert(axis, 1));
                sum = sum.add(part.pad(axis, i, v.length - 1 - i));
              }
              return sum;
            });
  }

  /** The parts, joined in the opposite order. */
  private static OpSpec.Inputs split(Draw d) {
    Shape shape = d.shape(1, 3, true);
    int axis = d.axis(shape);
    int[] extents = new int[d.between(1, 3)];
    int left = shape.dim(axis);
    for (int i = 0; i < extents.length - 1; i++) {
      extents[i] = d.between(0, left);
      left -= extents[i];
    }
    extents[extents.length - 1] = left;
    int last = left;
    return OpSpec.call(
            "split(" + axis + ", " + Arrays.toString(extents) + ")", d.tensor(shape, REAL))
        .is(
            v -> {
              Variable[] parts = v[0].split(axis, extents);
              Variable[] turned = new Variable[parts.length];
              for (int i = 0; i < parts.length; i++) {
                turned[i] = parts[parts.length - 1 - i];
              }
              return Variable.concat(axis, turned);
            })
        .sameAs(
            v -> {
              // rolled: the last part to the front; then the same with what is before it
              int n = shape.dim(axis);
              if (extents.length == 1) {
                return v[0];
              }
              Variable end = v[0].slice(axis, n - last, n);
              Variable begin = v[0].slice(axis, 0, extents[0]);
              return Variable.concat(axis, end, v[0].slice(axis, extents[0], n - last), begin);
            });
  }

  private static OpSpec.Inputs repeat(Draw d) {
    Shape shape = d.shape(0, 2, true);
    int[] times = new int[shape.rank() + d.between(0, 1)];
    Arrays.setAll(times, i -> d.oneIn(8) ? 0 : d.between(1, 2));
    return OpSpec.call("repeat(" + Arrays.toString(times) + ")", d.tensor(shape, REAL))
        .is(v -> v[0].repeat(times))
        .sameAs(
            v -> {
              Variable y = times.length > shape.rank() ? v[0].unsqueeze(0) : v[0];
              for (int axis = 0; axis < times.length; axis++) {
                Variable[] copies = new Variable[times[axis]];
                Arrays.fill(copies, y);
                y = copies.length == 0 ? y.slice(axis, 0, 0) : Variable.concat(axis, copies);
              }
              return y;
            });
  }

  private static OpSpec.Inputs flip(Draw d) {
    Shape shape = d.shape(1, 4, true);
    int[] axes = d.axes(shape);
    return OpSpec.call("flip(" + Arrays.toString(axes) + ")", d.tensor(shape, REAL))
        .is(v -> v[0].flip(axes))
        .sameAs(
            v -> {
              Variable y = v[0];
              for (int axis : axes) {
                int n = y.dim(axis);
                int[] ids = IntStream.range(0, n).map(i -> n - 1 - i).toArray();
                y = selected(y, axis, ids);
              }
              return y;
            });
  }

  /** Slices of one entry, joined. */
  private static Variable selected(Variable x, int axis, int[] ids) {
    Variable[] entries = new Variable[ids.length + 1];
    entries[0] = x.slice(axis, 0, 0);
    for (int i = 0; i < ids.length; i++) {
      entries[i + 1] = x.slice(axis, ids[i], ids[i] + 1);
    }
    return Variable.concat(axis, entries);
  }

  private static OpSpec.Inputs triangle(Draw d, boolean lower) {
    Shape shape = d.shape(2, 4, true);
    int diagonal = d.between(-3, 3);
    String call = (lower ? "tril(" : "triu(") + diagonal + ")";
    return OpSpec.call(call, d.tensor(shape, REAL))
        .is(v -> lower ? v[0].tril(diagonal) : v[0].triu(diagonal))
        .sameAs(
            v -> {
              int columns = shape.dim(-1);
              double[] mask = new double[shape.dim(-2) * columns];
              for (int i = 0; i < shape.dim(-2); i++) {
                for (int j = 0; j < columns; j++) {
                  boolean inside = lower ? j <= i + diagonal : j >= i + diagonal;
                  mask[i * columns + j] = inside ? 1 : 0;
                }
              }
              return v[0].mul(Constants.of(v[0], Shape.of(shape.dim(-2), columns), mask));
            });
  }

  private static OpSpec.Inputs sort(Draw d) {
    Shape lead = d.shape(0, 2, true);
    boolean descending = d.oneIn(2);
    TensorSample x =
        d.tensor(lead.insert(lead.rank(), d.extentOrZero()), REAL.withDistinctValues());
    return OpSpec.call("sort(" + (descending ? "descending)" : "ascending)"), x)
        .is(v -> v[0].sort(descending).values())
        .sameAs(
            v -> {
              int n = v[0].dim(-1);
              Variable falling = v[0].gatherLast(IndexSpecs.sorted(v[0], n));
              int[] ids = IntStream.range(0, n).map(i -> n - 1 - i).toArray();
              return descending ? falling : selected(falling, -1, ids);
            });
  }

  private static OpSpec.Inputs indexSelect(Draw d) {
    Shape shape = d.shape(1, 3, false);
    int axis = d.axis(shape);
    int[] ids = d.indices(d.between(0, 2 * d.size()), shape.dim(axis));
    return OpSpec.call(
            "indexSelect(" + axis + ", " + Arrays.toString(ids) + ")", d.tensor(shape, REAL))
        .is(v -> v[0].indexSelect(axis, Constants.indices(v[0], Shape.of(ids.length), ids)))
        .sameAs(v -> selected(v[0], axis, ids));
  }

  /** {@code [lead, K, trail]} indices below extent, in the layout of a view half of the time. */
  private static Tensor index(Variable like, Shape shape, int[] ids, boolean turned) {
    Tensor index = Constants.indices(like, shape, ids);
    if (!turned || shape.rank() < 2) {
      return index;
    }
    Tensor other = Constants.indices(like, index.transpose(0, -1).shape(), transposed(shape, ids));
    return other.transpose(0, -1);
  }

  /** The elements in the row-major order of the shape with its first and last axes exchanged. */
  private static int[] transposed(Shape shape, int[] ids) {
    int first = shape.dim(0);
    int last = shape.dim(-1);
    int middle = first * last == 0 ? 0 : ids.length / (first * last);
    int[] other = new int[ids.length];
    for (int i = 0; i < first; i++) {
      for (int m = 0; m < middle; m++) {
        for (int j = 0; j < last; j++) {
          other[(j * middle + m) * first + i] = ids[(i * middle + m) * last + j];
        }
      }
    }
    return other;
  }

  private static OpSpec.Inputs gather(Draw d) {
    Shape shape = d.shape(1, 3, false);
    int axis = d.axis(shape);
    Shape taken = shape.with(axis, d.between(0, d.size()));
    int[] ids = d.indices(Math.toIntExact(taken.size()), shape.dim(axis));
    boolean turned = d.oneIn(2);
    return OpSpec.call(
            "gather(" + axis + ", " + taken + " " + Arrays.toString(ids) + ")",
            d.tensor(shape, REAL))
        .is(v -> v[0].gather(axis, index(v[0], taken, ids, turned)))
        .sameAs(
            v -> {
              Variable chosen = chosen(v[0], taken, ids, axis, shape.dim(axis));
              Variable from = v[0].transpose(axis, -1).unsqueeze(-2);
              return chosen.mul(from).sum(-1).squeeze(-1).transpose(axis, -1);
            });
  }

  private static OpSpec.Inputs scatterAdd(Draw d) {
    Shape shape = d.shape(1, 3, false);
    int axis = d.axis(shape);
    Shape taken = shape.with(axis, d.between(0, d.size()));
    int[] ids = d.indices(Math.toIntExact(taken.size()), shape.dim(axis));
    boolean turned = d.oneIn(2);
    return OpSpec.call(
            "scatterAdd(" + axis + ", " + taken + " " + Arrays.toString(ids) + ")",
            d.tensor(shape, REAL),
            d.tensor(taken, REAL))
        .is(v -> v[0].scatterAdd(axis, index(v[0], taken, ids, turned), v[1]))
        .sameAs(
            v -> {
              Variable chosen = chosen(v[0], taken, ids, axis, shape.dim(axis));
              Variable source = v[1].transpose(axis, -1).unsqueeze(-1);
              return v[0].add(chosen.mul(source).sum(-2).squeeze(-2).transpose(axis, -1));
            });
  }

  /** {@code [..., K, extent]} with the axis moved to the end: 1 where index k is that entry. */
  private static Variable chosen(Variable like, Shape taken, int[] ids, int axis, int extent) {
    Variable hot = Constants.oneHot(like, ids, extent).reshape(taken.insert(taken.rank(), extent));
    int given = taken.axis(axis);
    return given == taken.rank() - 1 ? hot : hot.transpose(given, -2);
  }
}
