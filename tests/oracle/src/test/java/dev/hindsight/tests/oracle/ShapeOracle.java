package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/** Views, padding and concatenation: nothing is rounded but sums of gradients. */
final class ShapeOracle {
  private ShapeOracle() {}

  static List<OracleOp> all() {
    return List.of(
        new OracleOp("reshape", ShapeOracle::reshape),
        new OracleOp("transpose", ShapeOracle::transpose),
        new OracleOp("permute", ShapeOracle::permute),
        new OracleOp("slice", ShapeOracle::slice),
        new OracleOp("select", ShapeOracle::select),
        new OracleOp("pad", ShapeOracle::pad),
        new OracleOp("expand", ShapeOracle::expand),
        new OracleOp("squeeze", ShapeOracle::squeeze),
        new OracleOp("unsqueeze", ShapeOracle::unsqueeze),
        new OracleOp("concat", ShapeOracle::concat));
  }

  private static OracleCase reshape(Draw d) {
    Shape shape = Cases.shape(d);
    int[] order = d.permutation(shape.rank());
    int[] dims = new int[shape.rank() + 1];
    Arrays.setAll(dims, i -> i < order.length ? shape.dim(order[i]) : 1);
    Shape target = d.oneIn(3) ? Shape.of((int) shape.size()) : Shape.of(dims);
    return OracleCase.call(d, "reshape(" + target + ")", Cases.real(d, shape))
        .ours(v -> v[0].reshape(target))
        .torch(t -> t[0].reshape(Torch.longs(target)))
        .within(Bound.moved());
  }

  private static OracleCase transpose(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, true);
    int a = d.axis(shape);
    int b = d.axis(shape);
    return OracleCase.call(d, "transpose(" + a + ", " + b + ")", Cases.real(d, shape))
        .ours(v -> v[0].transpose(a, b))
        .torch(t -> t[0].transpose(a, b))
        .within(Bound.moved());
  }

  private static OracleCase permute(Draw d) {
    Shape shape = Cases.shape(d);
    int[] order = d.permutation(shape.rank());
    for (int i = 0; i < order.length; i++) {
      order[i] -= d.oneIn(3) ? shape.rank() : 0;
    }
    return OracleCase.call(d, "permute(" + Arrays.toString(order) + ")", Cases.real(d, shape))
        .ours(v -> v[0].permute(order))
        .torch(t -> t[0].permute(Torch.longs(order)))
        .within(Bound.moved());
  }

  private static OracleCase slice(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, true);
    int axis = d.axis(shape);
    int from = d.between(0, shape.dim(axis));
    int to = d.between(from, shape.dim(axis));
    return OracleCase.call(d, "slice(" + axis + ", " + from + ", " + to + ")", Cases.real(d, shape))
        .ours(v -> v[0].slice(axis, from, to))
        .torch(t -> t[0].narrow(axis, from, to - from))
        .within(Bound.moved());
  }

  private static OracleCase select(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, false);
    int axis = d.axis(shape);
    int index = d.between(0, shape.dim(axis) - 1);
    return OracleCase.call(d, "select(" + axis + ", " + index + ")", Cases.real(d, shape))
        .ours(v -> v[0].select(axis, index))
        .torch(t -> t[0].select(axis, index))
        .within(Bound.moved());
  }

  private static OracleCase pad(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, true);
    int axis = d.axis(shape);
    int before = d.between(0, 2);
    int after = d.between(0, 2);
    // PyTorch's list begins with the last axis: a pair for each
    int fromLast = shape.rank() - 1 - shape.axis(axis);
    long[] amounts = new long[2 * fromLast + 2];
    amounts[2 * fromLast] = before;
    amounts[2 * fromLast + 1] = after;
    return OracleCase.call(
            d, "pad(" + axis + ", " + before + ", " + after + ")", Cases.real(d, shape))
        .ours(v -> v[0].pad(axis, before, after))
        .torch(t -> torch.constant_pad_nd(t[0], amounts, new Scalar(0.0)))
        .within(Bound.moved());
  }

  private static OracleCase expand(Draw d) {
    Shape target = Cases.shape(d);
    Shape shape = d.broadcastableTo(target);
    return OracleCase.call(d, "expand(" + target + ")", Cases.real(d, shape))
        .ours(v -> v[0].expand(target))
        .torch(t -> t[0].expand(Torch.longs(target)))
        .within(Bound.moved());
  }

  private static OracleCase squeeze(Draw d) {
    Shape without = Cases.shape(d, 0, 3, true);
    int axis = d.between(0, without.rank());
    if (d.oneIn(3)) {
      Shape with = without.insert(0, 1).insert(axis + 1, 1);
      int other = axis + 1 - (d.oneIn(2) ? with.rank() : 0);
      return OracleCase.call(d, "squeeze(" + other + ", 0)", Cases.real(d, with))
          .ours(v -> v[0].squeeze(other, 0))
          .torch(t -> t[0].squeeze(other, 0))
          .within(Bound.moved());
    }
    int given = d.oneIn(2) ? axis : axis - without.rank() - 1;
    return OracleCase.call(d, "squeeze(" + given + ")", Cases.real(d, without.insert(axis, 1)))
        .ours(v -> v[0].squeeze(given))
        .torch(t -> t[0].squeeze((long) given))
        .within(Bound.moved());
  }

  private static OracleCase unsqueeze(Draw d) {
    Shape shape = Cases.shape(d, 0, 3, true);
    int axis = d.between(0, shape.rank());
    int given = d.oneIn(2) ? axis : axis - shape.rank() - 1;
    return OracleCase.call(d, "unsqueeze(" + given + ")", Cases.real(d, shape))
        .ours(v -> v[0].unsqueeze(given))
        .torch(t -> t[0].unsqueeze(given))
        .within(Bound.moved());
  }

  private static OracleCase concat(Draw d) {
    Shape shape = Cases.shape(d, 1, 3, true);
    int axis = d.axis(shape);
    TensorSample[] parts = new TensorSample[d.between(1, 3)];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = Cases.real(d, shape.with(axis, d.extentOrZero()));
    }
    return OracleCase.call(d, "concat(" + axis + ")", parts)
        .ours(v -> Variable.concat(axis, v))
        .torch(t -> Torch.concat(axis, t))
        .within(Bound.moved());
  }
}
