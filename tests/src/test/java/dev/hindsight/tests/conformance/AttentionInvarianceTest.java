package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The bits of a query's attention depend on its own sequence alone: not on its neighbours in the
 * batch, and not on whether the keys come from a cache, one token or many at a time.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class AttentionInvarianceTest {
  private static final int[][] HEADS = {{2, 1, 6}, {4, 2, 12}, {2, 2, 33}};

  @Parameter Subject subject;

  private Tensor tensor(long seed, int... dims) {
    Shape shape = Shape.of(dims);
    Tensor t = Tensor.of(Subject.TRUTH, shape, Values.uniform(seed, shape));
    return TensorOps.cast(t, subject.dtype()).to(subject.backend());
  }

  private static int[] of(int... values) {
    return values;
  }

  /**
   * Tokens {@code from .. to - 1} against a cache that holds {@code to} of them at {@code slot}.
   */
  private static SequenceLayout cached(int from, int to, int slot) {
    return new SequenceLayout(of(0), of(to - from), of(slot), of(to), true);
  }

  @Test
  void aCacheChangesNoBit() {
    int length = 40;
    for (int[] heads : HEADS) {
      Tensor q = tensor(1, length, heads[0], heads[2]);
      Tensor k = tensor(2, length, heads[1], heads[2]);
      Tensor v = tensor(3, length, heads[1], heads[2]);
      LayerOps.Attention full = LayerOps.attention(q, k, v, SequenceLayout.packed(length), 0.3);
      int slot = 64;
      Tensor kCache = tensor(4, slot + length + 9, heads[1], heads[2]);
      Tensor vCache = tensor(5, slot + length + 9, heads[1], heads[2]);
      TensorOps.copy(k, kCache.slice(0, slot, slot + length));
      TensorOps.copy(v, vCache.slice(0, slot, slot + length));
      for (int step : new int[] {1, 3, 7, 16}) {
        for (int from = 0; from < length; from += step) {
          int to = Math.min(length, from + step);
          for (Tensor keys : List.of(kCache, turned(kCache, to + slot))) {
            LayerOps.Attention part =
                LayerOps.attention(q.slice(0, from, to), keys, vCache, cached(from, to, slot), 0.3);
            assertSame("tokens " + from + " to " + to, part.out(), full.out().slice(0, from, to));
            assertSame("lse " + from + " to " + to, part.lse(), full.lse().slice(0, from, to));
          }
        }
      }
    }
  }

  /** One key a row, seen as every channel of every head: rows are neighbours, channels the same. */
  @Test
  void broadcastKeysAreThoseOfTheirCopy() {
    Tensor keys = tensor(2, 70, 1, 1).expand(Shape.of(70, 2, 12));
    Tensor q = tensor(1, 70, 4, 12);
    Tensor v = tensor(3, 70, 2, 12);
    SequenceLayout layout = SequenceLayout.packed(70);
    LayerOps.Attention viewed = LayerOps.attention(q, keys, v, layout, 0.3);
    LayerOps.Attention copied = LayerOps.attention(q, TensorOps.copyOf(keys), v, layout, 0.3);
    assertSame("outputs", viewed.out(), copied.out());
    assertSame("lse", viewed.lse(), copied.lse());
  }

  /** The same keys with the rows of a channel side by side, and NaN from {@code rows} on. */
  private Tensor turned(Tensor keys, int rows) {
    Shape shape = Shape.of(keys.dim(1), keys.dim(2), keys.dim(0));
    Tensor turned =
        TensorOps.full(subject.backend(), subject.dtype(), shape, Double.NaN).permute(2, 0, 1);
    TensorOps.copy(keys.slice(0, 0, rows), turned.slice(0, 0, rows));
    return turned;
  }

  /** Forward and every gradient, each sequence alone and among others. */
  @Test
  void neighboursChangeNoBit() {
    int[] lengths = {5, 1, 33, 17, 8};
    int rows = 64;
    for (int[] heads : HEADS) {
      Tensor q = tensor(1, rows, heads[0], heads[2]);
      Tensor k = tensor(2, rows, heads[1], heads[2]);
      Tensor v = tensor(3, rows, heads[1], heads[2]);
      Tensor d = tensor(4, rows, heads[0], heads[2]);
      List<Tensor> all = run(q, k, v, d, SequenceLayout.packed(lengths));
      int start = 0;
      for (int length : lengths) {
        int from = start;
        int to = start + length;
        List<Tensor> alone =
            run(
                q.slice(0, from, to),
                k.slice(0, from, to),
                v.slice(0, from, to),
                d.slice(0, from, to),
                SequenceLayout.packed(length));
        for (int t = 0; t < all.size(); t++) {
          assertSame(
              "result " + t + " of rows " + from, alone.get(t), all.get(t).slice(0, from, to));
        }
        start = to;
      }
    }
  }

  private static List<Tensor> run(Tensor q, Tensor k, Tensor v, Tensor d, SequenceLayout layout) {
    LayerOps.Attention y = LayerOps.attention(q, k, v, layout, 0.3);
    List<Tensor> results = new ArrayList<>(List.of(y.out(), y.lse()));
    results.addAll(List.of(LayerOps.attentionBackward(q, k, v, layout, 0.3, y, d)));
    return results;
  }

  private void assertSame(String label, Tensor got, Tensor want) {
    assertThat(got.toDoubles()).as("%s: %s", subject, label).isEqualTo(want.toDoubles());
  }
}
