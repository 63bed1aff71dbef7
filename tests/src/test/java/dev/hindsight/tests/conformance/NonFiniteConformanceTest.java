package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * NaN and infinities go where IEEE arithmetic sends them and nowhere else: a step that has gone
 * wrong must show it, and one bad row must not spoil its neighbours. Bounds on finite elements are
 * the business of the other classes of the kit; here it is which elements are finite.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class NonFiniteConformanceTest {
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final double[] SPECIAL = {Double.NaN, INF, -INF};

  @Parameter Subject subject;

  private Tensor tensor(Shape shape, double... values) {
    Tensor t = Tensor.of(Subject.TRUTH, shape, values);
    return TensorOps.cast(t, subject.dtype()).to(subject.backend());
  }

  /** The same infinities, the same NaN, finite elsewhere. */
  private void sameKind(String label, Tensor got, Tensor truth) {
    double[] g = got.toDoubles();
    double[] w = truth.toDoubles();
    for (int i = 0; i < w.length; i++) {
      if (Double.isFinite(w[i]) ? !Double.isFinite(g[i]) : Double.compare(g[i], w[i]) != 0) {
        throw new AssertionError(
            subject + ": " + label + ": element " + i + " is " + g[i] + ", expected " + w[i]);
      }
    }
  }

  /** Small and large M, whole and part tiles, B where it lies, packed, and kept as a weight. */
  @Test
  void matrixProducts() {
    int[][] sizes = {
      {1, 40, 70}, {1, 270, 260}, {3, 17, 5}, {5, 64, 130}, {6, 9, 64}, {13, 20, 33}, {55, 30, 65}
    };
    try (Workspace workspace = new Workspace(subject.backend())) {
      for (int[] size : sizes) {
        for (double special : new double[] {Double.NaN, INF}) {
          for (int place = 0; place < 3; place += 2) {
            product(workspace, size, special, place, true);
            product(workspace, size, special, place, false);
          }
        }
      }
    }
  }

  /** {@code place}: the special value is the first element (0) or the last (2). */
  private void product(Workspace workspace, int[] size, double special, int place, boolean inLeft) {
    int m = size[0];
    int k = size[1];
    int n = size[2];
    double[] a = Values.uniform(m, (long) m * k, 1, 2);
    double[] b = Values.uniform(n, (long) k * n, 1, 2);
    double[] target = inLeft ? a : b;
    target[place * (target.length - 1) / 2] = special;
    Tensor want =
        TensorOps.matmul(
            Tensor.of(Subject.TRUTH, Shape.of(m, k), a),
            Tensor.of(Subject.TRUTH, Shape.of(k, n), b));
    Tensor left = tensor(Shape.of(m, k), a);
    Tensor right = tensor(Shape.of(k, n), b); // persistent: a backend may keep it packed
    String label = String.format("%s in [%d, %d] x [%d, %d]", special, m, k, k, n);
    for (int use = 0; use < 3; use++) {
      sameKind(label, TensorOps.matmul(left, right), want);
    }
    Tensor columns = TensorOps.copyOf(right.transpose(0, 1)).transpose(0, 1);
    Tensor rows = TensorOps.copyOf(left.transpose(0, 1)).transpose(0, 1);
    sameKind(label + " transposed", TensorOps.matmul(rows, columns), want);
    try (var scope = workspace.open()) {
      Tensor once = TensorOps.copyOf(columns.transpose(0, 1)).transpose(0, 1);
      sameKind(label + " for one use", TensorOps.matmul(left, once), want);
    }
  }

  /** 0 times infinity is NaN: no kernel may skip a zero. */
  @Test
  void zerosTimesInfinitiesInProducts() {
    for (int m : new int[] {1, 4, 6, 50}) {
      double[] b = new double[20 * 33];
      b[40] = INF;
      Tensor got =
          TensorOps.matmul(
              TensorOps.zeros(subject.backend(), subject.dtype(), Shape.of(m, 20)),
              tensor(Shape.of(20, 33), b));
      Tensor want =
          TensorOps.matmul(
              TensorOps.zeros(Subject.TRUTH, DType.F64, Shape.of(m, 20)),
              Tensor.of(Subject.TRUTH, Shape.of(20, 33), b));
      sameKind("zeros [" + m + ", 20]", got, want);
    }
  }

  /** One special value in the middle row of three: that row alone is touched. */
  @Test
  void rowsOfNormsAndSoftmax() {
    for (int width : new int[] {1, 5, 8, 33, 64}) {
      for (double special : SPECIAL) {
        for (int place : new int[] {0, width / 2, width - 1}) {
          double[] x = Values.uniform(width, 3L * width, -2, 2);
          x[width + place] = special;
          double[] w = Values.uniform(2, width, 1, 2);
          Shape shape = Shape.of(3, width);
          List<Tensor> got = rowResults(tensor(shape, x), tensor(Shape.of(width), w));
          List<Tensor> want =
              rowResults(
                  Tensor.of(Subject.TRUTH, shape, x), Tensor.of(Subject.TRUTH, Shape.of(width), w));
          for (int i = 0; i < got.size(); i++) {
            sameKind(special + " in a row of " + width + ", result " + i, got.get(i), want.get(i));
          }
        }
      }
    }
  }

  private static List<Tensor> rowResults(Tensor x, Tensor w) {
    Tensor ones = TensorOps.full(x.backend(), x.dtype(), x.shape(), 1);
    LayerOps.RmsNorm rms = LayerOps.rmsNorm(x, w, 1e-5);
    LayerOps.LayerNorm layer = LayerOps.layerNorm(x, w, w, 1e-5);
    Tensor rmsDx = TensorOps.zeros(x.backend(), x.dtype(), x.shape());
    Tensor layerDx = TensorOps.zeros(x.backend(), x.dtype(), x.shape());
    LayerOps.rmsNormBackward(x, w, rms.rstd(), ones, rmsDx, null);
    LayerOps.layerNormBackward(x, w, layer, ones, layerDx, null, null);
    Tensor y = LayerOps.softmax(x);
    return List.of(
        rms.out(),
        rms.rstd(),
        rmsDx,
        layer.out(),
        layer.mean(),
        layer.rstd(),
        layerDx,
        y,
        LayerOps.softmaxBackward(y, ones),
        LayerOps.logSoftmax(x));
  }

  /**
   * A query is touched by its own row and by what it sees. A later key or value, which shares its
   * tile of the computation, is weighted with nothing at all, not with 0: 0 times NaN would be NaN.
   */
  @Test
  void attentionSeesOnlyWhatIsVisible() {
    int[] lengths = {11, 67, 3};
    int rows = 81;
    Shape queries = Shape.of(rows, 2, 12);
    Shape keys = Shape.of(rows, 1, 12);
    SequenceLayout layout = SequenceLayout.packed(lengths);
    for (double special : new double[] {Double.NaN, INF}) {
      for (int row : new int[] {4, 10, 16, 75, 80}) { // 75: in the second block of keys
        for (int operand = 0; operand < 3; operand++) {
          double[] q = Values.uniform(1, queries);
          double[] k = Values.uniform(2, keys);
          double[] v = Values.uniform(3, keys);
          double[] target = operand == 0 ? q : operand == 1 ? k : v;
          target[target.length / rows * row + 5] = special;
          Tensor got =
              LayerOps.attention(tensor(queries, q), tensor(keys, k), tensor(keys, v), layout, 0.3)
                  .out();
          Tensor want =
              LayerOps.attention(
                      Tensor.of(Subject.TRUTH, queries, q),
                      Tensor.of(Subject.TRUTH, keys, k),
                      Tensor.of(Subject.TRUTH, keys, v),
                      layout,
                      0.3)
                  .out();
          String label = special + " in operand " + operand + " at row " + row;
          finiteWhere(label, got, want);
        }
      }
    }
  }

  /**
   * Both finite or neither. Which of NaN and infinity comes out of an infinite score depends on
   * whether a row's maximum is taken before or with it.
   */
  private void finiteWhere(String label, Tensor got, Tensor truth) {
    double[] g = got.toDoubles();
    double[] w = truth.toDoubles();
    for (int i = 0; i < w.length; i++) {
      assertThat(Double.isFinite(g[i]))
          .as("%s: %s: element %d is %s, expected %s", subject, label, i, g[i], w[i])
          .isEqualTo(Double.isFinite(w[i]));
    }
  }

  /** Backward, a bad row may spoil its own sequence; the others keep their bits. */
  @Test
  void attentionGradientsOfOtherSequences() {
    SequenceLayout layout = SequenceLayout.packed(9, 14, 5);
    Shape queries = Shape.of(28, 2, 12);
    Shape keys = Shape.of(28, 1, 12);
    double[][] clean = {
      Values.uniform(1, queries),
      Values.uniform(2, keys),
      Values.uniform(3, keys),
      Values.uniform(4, queries)
    };
    List<Tensor> want = gradients(queries, keys, layout, clean);
    for (int operand = 0; operand < 4; operand++) {
      double[][] dirty = {clean[0].clone(), clean[1].clone(), clean[2].clone(), clean[3].clone()};
      dirty[operand][dirty[operand].length / 28 * 16 + 3] = Double.NaN; // in the second sequence
      List<Tensor> got = gradients(queries, keys, layout, dirty);
      boolean spoiled = false;
      for (int i = 0; i < got.size(); i++) {
        Tensor g = got.get(i);
        for (int[] range : new int[][] {{0, 9}, {23, 28}}) {
          assertThat(g.slice(0, range[0], range[1]).toDoubles())
              .as("%s: NaN in operand %d, gradient %d", subject, operand, i)
              .isEqualTo(want.get(i).slice(0, range[0], range[1]).toDoubles());
        }
        for (double x : g.toDoubles()) {
          spoiled |= Double.isNaN(x);
        }
      }
      assertThat(spoiled).as("%s: NaN in operand %d shows", subject, operand).isTrue();
    }
  }

  private List<Tensor> gradients(
      Shape queries, Shape keys, SequenceLayout layout, double[][] operands) {
    Tensor q = tensor(queries, operands[0]);
    Tensor k = tensor(keys, operands[1]);
    Tensor v = tensor(keys, operands[2]);
    LayerOps.Attention y = LayerOps.attention(q, k, v, layout, 0.3);
    return new ArrayList<>(
        List.of(LayerOps.attentionBackward(q, k, v, layout, 0.3, y, tensor(queries, operands[3]))));
  }

  /** Queries whose sequence has no key: zeros, no NaN, and no gradient from them. */
  @Test
  void queriesWithoutKeysGiveZeros() {
    SequenceLayout layout =
        new SequenceLayout(
            new int[] {0, 2, 10},
            new int[] {2, 8, 1},
            new int[] {0, 3, 3},
            new int[] {3, 0, 4},
            false);
    Shape queries = Shape.of(11, 4, 12);
    Shape keys = Shape.of(7, 2, 12);
    List<List<Tensor>> sides = new ArrayList<>();
    for (int side = 0; side < 2; side++) {
      double[] q = Values.uniform(1, queries);
      double[] k = Values.uniform(2, keys);
      double[] v = Values.uniform(3, keys);
      double[] d = Values.uniform(4, queries);
      boolean truth = side == 1;
      Tensor qs = truth ? Tensor.of(Subject.TRUTH, queries, q) : tensor(queries, q);
      Tensor ks = truth ? Tensor.of(Subject.TRUTH, keys, k) : tensor(keys, k);
      Tensor vs = truth ? Tensor.of(Subject.TRUTH, keys, v) : tensor(keys, v);
      Tensor ds = truth ? Tensor.of(Subject.TRUTH, queries, d) : tensor(queries, d);
      LayerOps.Attention y = LayerOps.attention(qs, ks, vs, layout, 0.3);
      List<Tensor> results = new ArrayList<>(List.of(y.out()));
      results.addAll(List.of(LayerOps.attentionBackward(qs, ks, vs, layout, 0.3, y, ds)));
      sides.add(results);
    }
    List<Tensor> got = sides.get(0);
    assertThat(got.get(0).slice(0, 2, 10).toDoubles()).as("%s: out", subject).containsOnly(0);
    assertThat(got.get(1).slice(0, 2, 10).toDoubles()).as("%s: dq", subject).containsOnly(0);
    for (int i = 0; i < got.size(); i++) {
      double[] g = got.get(i).toDoubles();
      double[] w = sides.get(1).get(i).toDoubles();
      // sums of at most 4 keys times 12 channels of products below 4, weights among them
      double allowed = subject.gamma(200) * 4 * 12 * 4;
      for (int j = 0; j < w.length; j++) {
        assertThat(Math.abs(g[j] - w[j]))
            .as("%s: result %d, element %d", subject, i, j)
            .isLessThanOrEqualTo(allowed);
      }
    }
  }
}
