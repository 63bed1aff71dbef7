package dev.hindsight.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Both twins of attention against the reference backend: lengths around the tiles, grouped heads,
 * ragged layouts, caches, common prefixes, keys that nobody may see.
 *
 * <p>Operands are below 1 and values of the result near that, so a bound holds for all: a score of
 * c channels is off by {@code (c + 2) u c scale}, twice in each weight, and n weights add n more
 * roundings; each slope of a gradient is a difference of sums of c products.
 */
class AttentionTest {
  private static final Backend REFERENCE = Backends.get("reference");
  private static final double U = 0x1p-24;

  /** Heads, key heads, channels. */
  private static final int[][] HEADS = {{1, 1, 8}, {2, 1, 5}, {4, 2, 17}, {2, 2, 33}};

  static Stream<Machine> machines() {
    return Machines.stream();
  }

  private static int[] of(int... values) {
    return values;
  }

  private static Tensor tensor(long seed, int... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() * 2 - 1;
    }
    return Tensor.of(REFERENCE, shape, values);
  }

  /** What a call gives, each tensor with NaN where it writes nothing, or zero for gradients. */
  private record Results(Tensor out, Tensor lse, Tensor dq, Tensor dk, Tensor dv) {
    static Results empty(Tensor q, Tensor k) {
      return new Results(
          TensorOps.full(REFERENCE, DType.F32, q.shape(), Double.NaN),
          TensorOps.full(REFERENCE, DType.F32, q.shape().drop(2), Double.NaN),
          TensorOps.zeros(REFERENCE, DType.F32, q.shape()),
          TensorOps.zeros(REFERENCE, DType.F32, k.shape()),
          TensorOps.zeros(REFERENCE, DType.F32, k.shape()));
    }
  }

  private static Results run(
      Attention attention, Tensor q, Tensor k, Tensor v, Tensor d, SequenceLayout l, double scale) {
    Results r = Results.empty(q, k);
    attention.forward(q, k, v, l, scale, r.out, r.lse);
    attention.backward(q, k, v, l, scale, r.out, r.lse, d, r.dq, r.dk, r.dv);
    return r;
  }

  static void check(Machine machine, int[] heads, SequenceLayout layout) {
    int channels = heads[2];
    Tensor q = tensor(1, layout.queryRows(), heads[0], channels);
    Tensor k = tensor(2, layout.keyRows(), heads[1], channels);
    Tensor v = tensor(3, layout.keyRows(), heads[1], channels);
    Tensor d = tensor(4, layout.queryRows(), heads[0], channels);
    double scale = 1 / Math.sqrt(channels);
    Results want = Results.empty(q, k);
    REFERENCE.attention(q, k, v, layout, scale, want.out, want.lse);
    REFERENCE.attentionBackward(
        q, k, v, layout, scale, want.out, want.lse, d, want.dq, want.dk, want.dv);
    Attention attention = new Attention(machine, REFERENCE, new Ledger());
    Results got = run(attention, q, k, v, d, layout, scale);
    attention.freeDeviceMemory();

    int keys = layout.keyRows();
    int queries = layout.queryRows() * heads[0] / heads[1];
    double weight = U * (2 * (channels + 2) * channels * scale + 3 * keys + 20);
    double slope = (2 * channels + 2) * weight + 4 * channels * channels * U;
    String label = machine + ", " + layout.sequences() + " sequences, channels " + channels;
    assertClose(label + ": out", got.out, want.out, 2 * weight);
    assertClose(label + ": lse", got.lse, want.lse, weight + 8 * U);
    assertClose(label + ": dq", got.dq, want.dq, 2 * slope * scale * keys);
    assertClose(label + ": dk", got.dk, want.dk, 2 * slope * scale * queries);
    assertClose(label + ": dv", got.dv, want.dv, 2 * weight * queries);
  }

  private static void assertClose(String label, Tensor got, Tensor want, double bound) {
    float[] values = got.toFloats();
    float[] wanted = want.toFloats();
    for (int i = 0; i < values.length; i++) {
      boolean same = Float.compare(values[i], wanted[i]) == 0;
      assertThat(same || Math.abs(values[i] - wanted[i]) <= bound)
          .as("%s: element %d is %s, expected %s within %s", label, i, values[i], wanted[i], bound)
          .isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("machines")
  void packedSequencesOfLengthsAroundATile(Machine machine) {
    for (int[] heads : HEADS) {
      check(machine, heads, SequenceLayout.packed(1, 15, 16));
      check(machine, heads, SequenceLayout.packed(17, 33));
    }
    check(machine, HEADS[0], SequenceLayout.packed(70));
  }

  @ParameterizedTest
  @MethodSource("machines")
  void everyQuerySeesAllKeysUnlessCausal(Machine machine) {
    SequenceLayout cross = new SequenceLayout(of(0, 5), of(5, 2), of(0, 3), of(3, 20), false);
    for (int[] heads : HEADS) {
      check(machine, heads, cross);
    }
  }

  /** Keys in slots of a cache, in common with another sequence, and a sequence without queries. */
  @ParameterizedTest
  @MethodSource("machines")
  void cachesAndCommonKeys(Machine machine) {
    check(
        machine,
        HEADS[2],
        new SequenceLayout(
            of(0, 1, 4, 0), of(1, 3, 1, 0), of(40, 0, 60, 9), of(9, 17, 33, 2), true));
    for (boolean causal : new boolean[] {false, true}) {
      check(
          machine,
          HEADS[1],
          new SequenceLayout(of(2, 7, 14), of(5, 7, 2), of(0, 10, 10), of(20, 30, 3), causal));
    }
  }

  /** NaN in keys of other sequences and of the future reaches nothing. */
  @ParameterizedTest
  @MethodSource("machines")
  void unseenKeysReachNothing(Machine machine) {
    SequenceLayout layout = SequenceLayout.packed(3, 18);
    Tensor q = tensor(1, 21, 2, 8);
    Tensor k = tensor(2, 21, 1, 8);
    Tensor v = tensor(3, 21, 1, 8);
    Tensor d = tensor(4, 21, 2, 8);
    Results clean = run(new Attention(machine, REFERENCE, new Ledger()), q, k, v, d, layout, 0.3);
    TensorOps.fill(k.slice(0, 20, 21), Double.NaN);
    TensorOps.fill(v.slice(0, 20, 21), Double.POSITIVE_INFINITY);
    Results spoilt = run(new Attention(machine, REFERENCE, new Ledger()), q, k, v, d, layout, 0.3);
    for (int row = 0; row < 21; row++) {
      float[] got = spoilt.out.slice(0, row, row + 1).toFloats();
      if (row < 20) {
        assertThat(got).as("%s: row %d", machine, row).isEqualTo(rowOf(clean.out, row));
        assertThat(spoilt.dq.slice(0, row, row + 1).toFloats()).isEqualTo(rowOf(clean.dq, row));
      } else {
        assertThat(got).as("%s: the row that sees it", machine).containsOnly(Float.NaN);
      }
    }
  }

  private static float[] rowOf(Tensor t, int row) {
    return t.slice(0, row, row + 1).toFloats();
  }

  /** Neither what a sequence is packed with nor a cache changes a bit. */
  @ParameterizedTest
  @MethodSource("machines")
  void bitsOfARowAreItsOwn(Machine machine) {
    Tensor q = tensor(1, 40, 2, 12);
    Tensor k = tensor(2, 40, 1, 12);
    Tensor v = tensor(3, 40, 1, 12);
    Tensor d = tensor(4, 40, 2, 12);
    Attention attention = new Attention(machine, REFERENCE, new Ledger());
    Results all = run(attention, q, k, v, d, SequenceLayout.packed(5, 35), 0.3);
    Results alone =
        run(
            attention,
            q.slice(0, 5, 40),
            k.slice(0, 5, 40),
            v.slice(0, 5, 40),
            d.slice(0, 5, 40),
            SequenceLayout.packed(35),
            0.3);
    assertThat(all.out.slice(0, 5, 40).toFloats()).isEqualTo(alone.out.toFloats());
    assertThat(all.dq.slice(0, 5, 40).toFloats()).isEqualTo(alone.dq.toFloats());
    assertThat(all.dk.slice(0, 5, 40).toFloats()).isEqualTo(alone.dk.toFloats());
    assertThat(all.dv.slice(0, 5, 40).toFloats()).isEqualTo(alone.dv.toFloats());
    for (int row = 5; row < 40; row++) {
      Tensor one = q.slice(0, row, row + 1);
      Results cached = Results.empty(one, k);
      SequenceLayout layout = new SequenceLayout(of(0), of(1), of(5), of(row - 4), true);
      attention.forward(one, k, v, layout, 0.3, cached.out, cached.lse);
      assertThat(cached.out.toFloats())
          .as("%s: row %d", machine, row)
          .isEqualTo(rowOf(all.out, row));
    }
    attention.freeDeviceMemory();
  }

  /** Plans are few, and what they have room for is not much more than what is needed. */
  @Test
  void capacitiesAreCloseAndFew() {
    for (int bits = 2; bits <= 3; bits++) {
      int distinct = 0;
      int former = 0;
      for (int count = 1; count <= 4096; count++) {
        int rounded = AttentionShape.roundedUp(count, bits);
        assertThat(rounded).isBetween(count, count + (count >> (bits - 1)));
        distinct += rounded == former ? 0 : 1;
        former = rounded;
      }
      assertThat(distinct).isLessThanOrEqualTo((1 << (bits - 1)) * 12);
    }
    assertThat(AttentionShape.rows(0)).isEqualTo(256);
    assertThat(AttentionShape.rows(385)).isEqualTo(512);
    assertThat(AttentionShape.blocks(17)).isEqualTo(24);
  }
}
