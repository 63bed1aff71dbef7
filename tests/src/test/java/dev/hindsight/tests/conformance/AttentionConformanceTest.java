package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Attention over ragged sequences and caches, forward and backward. {@link AttentionBounds} derives
 * what rounding may do.
 */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class AttentionConformanceTest {
  @Parameter Subject subject;

  private static int[] of(int... values) {
    return values;
  }

  /** Heads, key heads and channels of each; a device compiles kernels for every number of those. */
  private static final int[][] HEADS = {{1, 1, 12}, {2, 1, 5}, {4, 2, 12}, {3, 3, 64}, {2, 2, 33}};

  @Test
  @Covers({"attention", "attentionBackward"})
  void packedSequencesOfEveryLength() {
    for (int[] heads : HEADS) {
      for (int length : new int[] {1, 2, 7, 8, 9, 17, 33, 65}) {
        check(heads, SequenceLayout.packed(length, 3, 1, length / 2), Layout.CONTIGUOUS);
      }
    }
    check(new int[] {2, 1, 12}, SequenceLayout.packed(200), Layout.CONTIGUOUS);
  }

  @Test
  @Covers({"attention", "attentionBackward"})
  void everyQuerySeesAllKeysUnlessCausal() {
    SequenceLayout cross = new SequenceLayout(of(0, 5), of(5, 2), of(0, 3), of(3, 20), false);
    for (int[] heads : HEADS) {
      check(heads, cross, Layout.CONTIGUOUS);
    }
  }

  /** New queries against keys that lie in slots of a cache with room to spare. */
  @Test
  @Covers({"attention", "attentionBackward"})
  void readsACacheWhereItLies() {
    SequenceLayout cached =
        new SequenceLayout(of(0, 1, 4), of(1, 3, 1), of(64, 0, 128), of(9, 17, 33), true);
    for (int[] heads : HEADS) {
      check(heads, cached, Layout.CONTIGUOUS);
    }
  }

  /** A common prefix: its keys get gradients from several sequences. */
  @Test
  @Covers({"attention", "attentionBackward"})
  void sequencesMayHaveKeysInCommon() {
    for (boolean causal : new boolean[] {false, true}) {
      SequenceLayout shared =
          new SequenceLayout(of(0, 5, 12), of(5, 7, 2), of(0, 10, 10), of(20, 60, 3), causal);
      for (int[] heads : HEADS) {
        check(heads, shared, Layout.CONTIGUOUS);
      }
    }
  }

  /** Heads as they come out of one wide projection, and other strides. */
  @Test
  @Covers({"attention", "attentionBackward"})
  void everyLayout() {
    for (Layout layout : Layout.values()) {
      check(new int[] {4, 2, 12}, SequenceLayout.packed(11, 1, 19), layout);
      check(new int[] {1, 1, 12}, SequenceLayout.packed(131), layout);
    }
  }

  /** A negative scale turns the order of scores around; with 0 all keys weigh the same. */
  @Test
  @Covers({"attention", "attentionBackward"})
  void everyScale() {
    for (double scale : new double[] {-0.7, 0, 3}) {
      check(new int[] {2, 1, 12}, SequenceLayout.packed(150, 9), Layout.CONTIGUOUS, scale);
    }
  }

  private void check(int[] heads, SequenceLayout layout, Layout memory) {
    check(heads, layout, memory, 1 / Math.sqrt(heads[2]));
  }

  private void check(int[] heads, SequenceLayout layout, Layout memory, double scale) {
    Shape queries = Shape.of(layout.queryRows(), heads[0], heads[2]);
    Shape keys = Shape.of(layout.keyRows(), heads[1], heads[2]);
    double[] q = Values.uniform(1, queries);
    double[] k = Values.uniform(2, keys);
    double[] v = Values.uniform(3, keys);
    AttentionBounds bounds = new AttentionBounds(subject, heads, layout, scale, q, k, v);
    Trial trial = new Trial(subject, "attention q %s, k %s %s", queries, keys, memory);
    Operand qs = trial.in(queries, memory, q);
    Operand ks = trial.in(keys, memory, k);
    Operand vs = trial.in(keys, memory, v);
    Operand out = trial.out(queries);
    Operand lse = trial.out(queries.drop(2));
    Operand alone = trial.out(queries);
    trial
        .run(
            (b, at) -> {
              b.attention(at.of(qs), at.of(ks), at.of(vs), layout, scale, at.of(out), at.of(lse));
              b.attention(at.of(qs), at.of(ks), at.of(vs), layout, scale, at.of(alone));
            })
        .within(out, (i, want) -> bounds.out()[i])
        .within(lse, (i, want) -> bounds.lse()[i] + 2 * subject.roundoff() * Math.abs(want));
    assertThat(alone.got()).as("output without the log-sum-exp").isEqualTo(out.got());

    double[] d = Values.uniform(4, queries);
    bounds.backward(out.want(), lse.want(), d);
    Trial back = new Trial(subject, "attention backward q %s, k %s %s", queries, keys, memory);
    Operand bq = back.in(queries, memory, q);
    Operand bk = back.in(keys, memory, k);
    Operand bv = back.in(keys, memory, v);
    Operand bOut = back.in(queries, memory, out.want());
    Operand bLse = back.in(queries.drop(2), lse.want());
    Operand bd = back.in(queries, memory, d);
    Operand dq = back.inOut(queries, Layout.OFFSET, new double[q.length]);
    Operand dk = back.inOut(keys, Layout.OFFSET, new double[k.length]);
    Operand dv = back.inOut(keys, Layout.OFFSET, new double[v.length]);
    back.run(
            (b, at) ->
                b.attentionBackward(
                    at.of(bq),
                    at.of(bk),
                    at.of(bv),
                    layout,
                    scale,
                    at.of(bOut),
                    at.of(bLse),
                    at.of(bd),
                    at.of(dq),
                    at.of(dk),
                    at.of(dv)))
        .within(dq, (i, want) -> bounds.dq()[i])
        .within(dk, (i, want) -> bounds.dk()[i])
        .within(dv, (i, want) -> bounds.dv()[i]);
  }

  /** Rows that no sequence names stay as they are, poison included. */
  @Test
  @Covers({"attention", "attentionBackward"})
  void leavesOtherRowsAlone() {
    SequenceLayout layout = new SequenceLayout(of(2), of(3), of(4), of(5), true);
    Shape queries = Shape.of(8, 2, 8);
    Shape keys = Shape.of(12, 1, 8);
    Trial trial = new Trial(subject, "attention of some rows");
    Operand q = trial.in(queries, Values.uniform(1, queries));
    Operand k = trial.in(keys, Values.uniform(2, keys));
    Operand v = trial.in(keys, Values.uniform(3, keys));
    Operand out = trial.out(queries);
    Operand lse = trial.out(Shape.of(8, 2));
    trial.run(
        (b, at) -> b.attention(at.of(q), at.of(k), at.of(v), layout, 0.3, at.of(out), at.of(lse)));
    double[] got = out.got();
    double[] sums = lse.got();
    for (int row = 0; row < 8; row++) {
      boolean named = row >= 2 && row < 5;
      assertThat(Double.isNaN(got[16 * row])).as("row %d", row).isNotEqualTo(named);
      assertThat(Double.isNaN(sums[2 * row])).as("row %d", row).isNotEqualTo(named);
    }
    Trial back = new Trial(subject, "attention backward of some rows");
    Operand dOut = back.in(queries, Values.uniform(4, queries));
    Operand dq = back.inOut(queries, Layout.OFFSET, new double[128]);
    Operand dk = back.inOut(keys, Layout.OFFSET, new double[96]);
    Operand dv = back.inOut(keys, Layout.OFFSET, new double[96]);
    back.run(
        (b, at) ->
            b.attentionBackward(
                at.of(q),
                at.of(k),
                at.of(v),
                layout,
                0.3,
                at.of(out),
                at.of(lse),
                at.of(dOut),
                at.of(dq),
                at.of(dk),
                at.of(dv)));
    double[] gradient = dq.got();
    double[] keyGradient = dk.got();
    double[] valueGradient = dv.got();
    for (int row = 0; row < 12; row++) {
      boolean key = row >= 4 && row < 9;
      assertThat(keyGradient[8 * row] != 0).as("key row %d", row).isEqualTo(key);
      assertThat(valueGradient[8 * row] != 0).as("key row %d", row).isEqualTo(key);
      if (row < 8) {
        assertThat(gradient[16 * row] != 0).as("row %d", row).isEqualTo(row >= 2 && row < 5);
      }
    }
  }

  /** Scores far apart: one key takes all, and nothing overflows. */
  @Test
  @Covers("attention")
  void survivesScoresFarApart() {
    Shape shape = Shape.of(9, 1, 4);
    double[] x = Values.uniform(1, shape.size(), -60, 60);
    Trial trial = new Trial(subject, "attention with scores in the thousands");
    Operand q = trial.in(shape, x);
    Operand v = trial.in(shape, Values.uniform(2, shape));
    Operand out = trial.out(shape);
    Operand lse = trial.out(Shape.of(9, 1));
    SequenceLayout layout = SequenceLayout.packed(9);
    // Scores reach 4 * 60^2 and are off by gamma(5) of that; so is the exponent of every weight.
    double exponent = subject.gamma(6) * 4 * 3600;
    trial
        .run(
            (b, at) -> b.attention(at.of(q), at.of(q), at.of(v), layout, 1, at.of(out), at.of(lse)))
        .within(out, (i, want) -> 2 * (2 * exponent + subject.gamma(40)))
        .within(
            lse, (i, want) -> exponent + subject.gamma(40) + subject.roundoff() * Math.abs(want));
  }
}
