package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/**
 * What must hold for any shape and any strides: a kernel gives the same bits through a view as on a
 * contiguous copy of it.
 */
class ConformancePropertyTest {

  @Provide
  Arbitrary<Shape> shapes() {
    return Arbitraries.integers()
        .between(0, 9)
        .edgeCases(edges -> edges.add(0, 1))
        .list()
        .ofMinSize(1)
        .ofMaxSize(4)
        .map(dims -> Shape.of(dims.stream().mapToInt(Integer::intValue).toArray()));
  }

  /** A tensor of this shape whose memory is permuted, sliced and begins anywhere. */
  private static Tensor view(Subject subject, Shape shape, Random random) {
    int rank = shape.rank();
    List<Integer> order = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      order.add(axis);
    }
    Collections.shuffle(order, random);
    int[] dims = new int[rank];
    int[] before = new int[rank];
    int[] inverse = new int[rank];
    for (int i = 0; i < rank; i++) {
      before[i] = random.nextInt(3);
      dims[i] = shape.dim(order.get(i)) + before[i] + random.nextInt(3);
      inverse[order.get(i)] = i;
    }
    Shape memory = Shape.of(dims);
    Tensor t = Tensor.of(Subject.TRUTH, memory, Values.uniform(random.nextLong(), memory));
    t = TensorOps.cast(t, subject.dtype()).to(subject.backend());
    for (int i = 0; i < rank; i++) {
      t = t.slice(i, before[i], before[i] + shape.dim(order.get(i)));
    }
    return t.permute(inverse);
  }

  /** This shape with some axes of extent 1 or left out: it broadcasts back. */
  private static Shape narrowed(Shape shape, Random random) {
    int drop = random.nextInt(shape.rank() + 1);
    int[] dims = new int[shape.rank() - drop];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = random.nextInt(3) == 0 ? 1 : shape.dim(drop + i);
    }
    return Shape.of(dims);
  }

  private static void same(Subject subject, Tensor got, Tensor want) {
    assertThat(got.shape()).isEqualTo(want.shape());
    assertThat(got.toDoubles()).as("%s", subject).isEqualTo(want.toDoubles());
  }

  @Property(tries = 150)
  void copies(@ForAll("shapes") Shape shape, @ForAll Random random) {
    Subject.stream()
        .forEach(
            s -> {
              Tensor x = view(s, shape, random);
              Tensor out = view(s, shape, random);
              Tensor plain = TensorOps.copyOf(x);
              TensorOps.copy(x, out);
              same(s, out, x);
              same(s, plain, x);
              assertThat(plain.isContiguous()).isTrue();
            });
  }

  @Property(tries = 150)
  void binaryFunctions(@ForAll("shapes") Shape shape, @ForAll BinaryOp op, @ForAll Random random) {
    Subject.stream()
        .forEach(
            s -> {
              Tensor a = view(s, narrowed(shape, random), random);
              Tensor b = view(s, narrowed(shape, random), random);
              Shape whole = Shape.broadcast("test", a.shape(), b.shape());
              Tensor plainA = TensorOps.copyOf(a.expand(whole));
              Tensor plainB = TensorOps.copyOf(b.expand(whole));
              same(s, TensorOps.binary(op, a, b), TensorOps.binary(op, plainA, plainB));
            });
  }

  /** The maximum is exact in any order; a sum is bounded by the sum of magnitudes. */
  @Property(tries = 150)
  void reductions(@ForAll("shapes") Shape shape, @ForAll Random random) {
    Subject.stream()
        .forEach(
            s -> {
              Tensor x = view(s, shape, random);
              int[] axes = random.ints(0, shape.rank()).distinct().limit(1).toArray();
              Tensor exact = TensorOps.cast(TensorOps.copyOf(x), DType.F64).to(Subject.TRUTH);
              if (shape.dim(axes[0]) > 0) {
                same(
                    s,
                    TensorOps.reduce(ReduceOp.MAX, x, axes),
                    TensorOps.reduce(ReduceOp.MAX, exact, axes));
                same(
                    s,
                    TensorOps.reduce(ReduceOp.ARGMAX, x, axes),
                    TensorOps.reduce(ReduceOp.ARGMAX, exact, axes));
              }
              double[] got = TensorOps.reduce(ReduceOp.SUM, x, axes).toDoubles();
              double[] want = TensorOps.reduce(ReduceOp.SUM, exact, axes).toDoubles();
              double allowed = s.gamma(shape.dim(axes[0])) * 2 * shape.dim(axes[0]);
              for (int i = 0; i < want.length; i++) {
                assertThat(Math.abs(got[i] - want[i])).as("%s", s).isLessThanOrEqualTo(allowed);
              }
            });
  }

  @Property(tries = 150)
  void matrixProducts(
      @ForAll @IntRange(min = 0, max = 20) int m,
      @ForAll @IntRange(min = 0, max = 40) int k,
      @ForAll @IntRange(min = 0, max = 70) int n,
      @ForAll("shapes") Shape batch,
      @ForAll Random random) {
    Shape few = Shape.of(Math.min(2, batch.dim(0)), Math.min(3, batch.dim(-1)));
    Shape left = few.insert(2, m).insert(3, k);
    Shape right = (random.nextBoolean() ? few : Shape.of(1)).insert(0, 1);
    Shape rightWhole = right.insert(right.rank(), k);
    Shape rightShape = rightWhole.insert(rightWhole.rank(), n);
    Subject.stream()
        .forEach(
            s -> {
              Tensor a = view(s, left, random);
              Tensor b = view(s, rightShape, random);
              Tensor plain = TensorOps.matmul(TensorOps.copyOf(a), TensorOps.copyOf(b));
              same(s, TensorOps.matmul(a, b), plain);
              // The truth in the same type: one chain, the same bits from every backend.
              Tensor onTruth =
                  TensorOps.matmul(a.to(Subject.TRUTH), TensorOps.contiguous(b).to(Subject.TRUTH));
              same(s, plain, onTruth);
            });
  }

  @Property(tries = 100)
  void gathers(
      @ForAll @IntRange(min = 1, max = 20) int rows,
      @ForAll @IntRange(min = 0, max = 40) int width,
      @ForAll @IntRange(min = 0, max = 30) int picked,
      @ForAll Random random) {
    Subject.stream()
        .forEach(
            s -> {
              Tensor table = view(s, Shape.of(rows, width), random);
              int[] ids = Values.indices(random.nextLong(), picked, rows);
              Tensor index = Tensor.of(s.backend(), Shape.of(picked), ids);
              Tensor got = TensorOps.gatherRows(table, index);
              for (int i = 0; i < picked; i++) {
                same(s, got.select(0, i), table.select(0, ids[i]));
              }
            });
  }
}
