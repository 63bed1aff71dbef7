package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Views, padding and concatenation. */
final class ShapeSpecs {
  private static final Domain REAL = Domain.REAL;

  private ShapeSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        OpSpec.of("reshape", REAL.toString(), ShapeSpecs::reshape),
        OpSpec.of("transpose", REAL.toString(), ShapeSpecs::transpose),
        OpSpec.of("permute", REAL.toString(), ShapeSpecs::permute),
        OpSpec.of("slice", REAL.toString(), ShapeSpecs::slice),
        OpSpec.of("select", REAL.toString(), ShapeSpecs::select),
        OpSpec.of("pad", REAL.toString(), ShapeSpecs::pad),
        OpSpec.of("expand", REAL.toString(), ShapeSpecs::expand),
        OpSpec.of("squeeze", REAL.toString(), ShapeSpecs::squeeze),
        OpSpec.of("unsqueeze", REAL.toString(), ShapeSpecs::unsqueeze),
        OpSpec.of("concat", REAL.toString(), ShapeSpecs::concat));
  }

  private static OpSpec.Inputs reshape(Draw d) {
    Shape shape = d.shape();
    int[] order = d.permutation(shape.rank());
    int[] dims = new int[shape.rank() + 1];
    for (int i = 0; i < order.length; i++) {
      dims[i] = shape.dim(order[i]);
    }
    dims[shape.rank()] = 1;
    Shape target = d.oneIn(3) ? Shape.of((int) shape.size()) : Shape.of(dims);
    return OpSpec.call("reshape(" + target + ")", d.tensor(shape, REAL))
        .is(v -> v[0].reshape(target))
        .sameAs(
            v -> {
              // pick element after element of the flat tensor, as rows of width 1
              int n = (int) shape.size();
              int[] all = IntStream.range(0, n).toArray();
              return v[0].reshape(n, 1)
                  .gatherRows(Constants.indices(v[0], Shape.of(n), all))
                  .reshape(target);
            });
  }

  private static OpSpec.Inputs transpose(Draw d) {
    Shape shape = d.shape(1, 4, true);
    int a = d.axis(shape);
    int b = d.axis(shape);
    return OpSpec.call("transpose(" + a + ", " + b + ")", d.tensor(shape, REAL))
        .is(v -> v[0].transpose(a, b))
        .sameAs(
            v -> {
              int[] order = IntStream.range(0, shape.rank()).toArray();
              order[shape.axis(a)] = shape.axis(b);
              order[shape.axis(b)] = shape.axis(a);
              return v[0].permute(order);
            });
  }

  private static OpSpec.Inputs permute(Draw d) {
    Shape shape = d.shape();
    int[] order = d.permutation(shape.rank());
    int[] given = order.clone();
    for (int i = 0; i < given.length; i++) {
      given[i] -= d.oneIn(3) ? shape.rank() : 0;
    }
    return OpSpec.call("permute(" + Arrays.toString(given) + ")", d.tensor(shape, REAL))
        .is(v -> v[0].permute(given))
        .sameAs(
            v -> {
              // selection sort by exchanges of two axes
              int[] now = IntStream.range(0, order.length).toArray();
              Variable x = v[0];
              for (int i = 0; i < order.length; i++) {
                int j = i;
                while (now[j] != order[i]) {
                  j++;
                }
                now[j] = now[i];
                now[i] = order[i];
                x = x.transpose(i, j);
              }
              return x;
            });
  }

  private static OpSpec.Inputs slice(Draw d) {
    Shape shape = d.shape(1, 4, true);
    int axis = d.axis(shape);
    int from = d.between(0, shape.dim(axis));
    int to = d.between(from, shape.dim(axis));
    return OpSpec.call("slice(" + axis + ", " + from + ", " + to + ")", d.tensor(shape, REAL))
        .is(v -> v[0].slice(axis, from, to))
        .sameAs(
            v -> {
              int[] ids = IntStream.range(from, to).toArray();
              Variable last = v[0].transpose(axis, -1);
              int rows = (int) last.shape().drop(-1).size();
              Variable columns = last.reshape(rows, shape.dim(axis)).transpose(0, 1);
              return columns
                  .gatherRows(Constants.indices(v[0], Shape.of(ids.length), ids))
                  .transpose(0, 1)
                  .reshape(last.shape().with(-1, ids.length))
                  .transpose(axis, -1);
            });
  }

  private static OpSpec.Inputs select(Draw d) {
    Shape shape = d.shape(1, 4, false);
    int axis = d.axis(shape);
    int index = d.between(0, shape.dim(axis) - 1);
    return OpSpec.call("select(" + axis + ", " + index + ")", d.tensor(shape, REAL))
        .is(v -> v[0].select(axis, index))
        .sameAs(v -> v[0].slice(axis, index, index + 1).reshape(shape.drop(axis)));
  }

  private static OpSpec.Inputs pad(Draw d) {
    Shape shape = d.shape(1, 3, true);
    int axis = d.axis(shape);
    int before = d.between(0, 2);
    int after = d.between(0, 2);
    return OpSpec.call("pad(" + axis + ", " + before + ", " + after + ")", d.tensor(shape, REAL))
        .is(v -> v[0].pad(axis, before, after))
        .sameAs(
            v ->
                Variable.concat(
                    axis,
                    Constants.full(v[0], shape.with(axis, before), 0),
                    v[0],
                    Constants.full(v[0], shape.with(axis, after), 0)));
  }

  private static OpSpec.Inputs expand(Draw d) {
    Shape target = d.shape();
    Shape shape = d.broadcastableTo(target);
    return OpSpec.call("expand(" + target + ")", d.tensor(shape, REAL))
        .is(v -> v[0].expand(target))
        .sameAs(v -> v[0].mul(Constants.full(v[0], target, 1)));
  }

  private static OpSpec.Inputs squeeze(Draw d) {
    Shape without = d.shape(0, 3, true);
    int axis = d.between(0, without.rank());
    int given = d.oneIn(2) ? axis : axis - without.rank() - 1;
    if (d.oneIn(3)) {
      Shape with = without.insert(0, 1).insert(axis + 1, 1);
      int other = axis + 1 - (d.oneIn(2) ? with.rank() : 0);
      return OpSpec.call("squeeze(" + other + ", 0)", d.tensor(with, REAL))
          .is(v -> v[0].squeeze(other, 0))
          .sameAs(v -> v[0].sum(0, axis + 1).reshape(without));
    }
    boolean listed = d.oneIn(2);
    return OpSpec.call("squeeze(" + given + ")", d.tensor(without.insert(axis, 1), REAL))
        .is(v -> listed ? v[0].squeeze(new int[] {given}) : v[0].squeeze(given))
        .sameAs(v -> v[0].sum(axis).reshape(without));
  }

  private static OpSpec.Inputs unsqueeze(Draw d) {
    Shape shape = d.shape(0, 3, true);
    int axis = d.between(0, shape.rank());
    int given = d.oneIn(2) ? axis : axis - shape.rank() - 1;
    return OpSpec.call("unsqueeze(" + given + ")", d.tensor(shape, REAL))
        .is(v -> v[0].unsqueeze(given))
        .sameAs(v -> v[0].reshape(shape.insert(axis, 1)));
  }

  private static OpSpec.Inputs concat(Draw d) {
    Shape shape = d.shape(1, 3, true);
    int axis = d.axis(shape);
    TensorSample[] parts = new TensorSample[d.between(1, 3)];
    int total = 0;
    for (int i = 0; i < parts.length; i++) {
      parts[i] = d.tensor(shape.with(axis, d.extentOrZero()), REAL);
      total += parts[i].shape().dim(axis);
    }
    int extent = total;
    return OpSpec.call("concat(" + axis + ")", parts)
        .is(v -> Variable.concat(axis, v))
        .sameAs(
            v -> {
              Variable sum = Constants.full(v[0], shape.with(axis, extent), 0);
              int at = 0;
              for (Variable part : v) {
                int end = at + part.dim(axis);
                sum = sum.add(part.pad(axis, at, extent - end));
                at = end;
              }
              return sum;
            });
  }
}
