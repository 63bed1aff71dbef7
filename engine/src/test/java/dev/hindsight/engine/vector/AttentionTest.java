package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Cases.REFERENCE;
import static dev.hindsight.engine.vector.Cases.VECTOR;
import static dev.hindsight.engine.vector.Cases.assertSameBits;
import static dev.hindsight.engine.vector.Cases.assertWithinUlps;
import static dev.hindsight.engine.vector.Cases.random;
import static dev.hindsight.engine.vector.Cases.spread;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Threads;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pins attention and its gradients to the reference over ragged layouts, and guards that a query's
 * bits depend on its own row and keys alone.
 */
class AttentionTest {
  private static final int THREADS = Threads.count();

  @AfterEach
  void restoreThreads() {
    Threads.set(THREADS);
  }

  private static void check(
      String what, SequenceLayout layout, int heads, int keyHeads, int headDim) {
    Tensor[] actual = run(VECTOR, layout, heads, keyHeads, headDim);
    Tensor[] expected = run(REFERENCE, layout, heads, keyHeads, headDim);
    String[] names = {"out", "lse", "dq", "dk", "dv"};
    // Weights err by the rounding of scores (some units) and their own; they sum to one, and what
    // they weigh is below 1. Gradients of keys sum over queries and heads, each term below 4.
    for (int i = 0; i < names.length; i++) {
      assertWithinUlps(what + " " + names[i], actual[i], expected[i], 40, i < 2 ? 1 : 4);
    }
  }

  private static Tensor[] run(
      Backend backend, SequenceLayout layout, int heads, int keyHeads, int headDim) {
    int queries = layout.queryRows() + 1;
    int keys = layout.keyRows() + 2;
    Tensor q = spread(backend, 1, 2, queries, heads, headDim);
    Tensor kv = spread(backend, 2, 1, keys, 2 * keyHeads, headDim);
    Tensor k = kv.slice(1, 0, keyHeads);
    Tensor v = kv.slice(1, keyHeads, 2 * keyHeads);
    double scale = 1 / Math.sqrt(headDim);
    LayerOps.Attention y = LayerOps.attention(q, k, v, layout, scale);
    Tensor dOut = random(backend, 3, queries, heads, headDim);
    Tensor[] d = LayerOps.attentionBackward(q, k, v, layout, scale, y, dOut);
    return new Tensor[] {y.out(), y.lse(), d[0], d[1], d[2]};
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 12, 16, 24, 32, 64, 128})
  void packedSequences(int headDim) {
    check("packed", SequenceLayout.packed(5, 1, 23, 64, 0, 65, 7), 4, 4, headDim);
  }

  @Test
  void groupedQueriesAndLongSequences() {
    check("grouped", SequenceLayout.packed(90, 17), 6, 2, 12);
    check("one key head", SequenceLayout.packed(33), 5, 1, 24);
    check("long", SequenceLayout.packed(530), 2, 1, 16);
  }

  @Test
  void cachesAndFullAttention() {
    int[] start = {0, 3, 4};
    int[] queries = {3, 1, 6};
    int[] keyStart = {100, 0, 180};
    int[] keys = {70, 90, 6};
    for (boolean causal : new boolean[] {true, false}) {
      check(
          "cache, causal " + causal,
          new SequenceLayout(start, queries, keyStart, keys, causal),
          4,
          2,
          12);
    }
    check(
        "a query without keys",
        new SequenceLayout(new int[] {0}, new int[] {2}, new int[] {0}, new int[] {0}, false),
        2,
        2,
        8);
  }

  /** So many queries that they go in lanes, where vectors are wide enough. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 12, 24, 33, 64})
  void manyQueries(int headDim) {
    check("packed", SequenceLayout.packed(300, 129, 7), 4, 2, headDim);
    for (boolean causal : new boolean[] {true, false}) {
      SequenceLayout cached =
          new SequenceLayout(
              new int[] {3, 150},
              new int[] {140, 200},
              new int[] {10, 400},
              new int[] {333, 200},
              causal);
      check("cache, causal " + causal, cached, 2, 1, headDim);
    }
    SequenceLayout blind =
        new SequenceLayout(new int[] {0}, new int[] {130}, new int[] {0}, new int[] {0}, false);
    Tensor nan = TensorOps.empty(VECTOR, DType.F32, Shape.of(130, 1, headDim));
    TensorOps.fill(nan, Double.NaN); // what the threads' memory holds from now on
    LayerOps.attention(nan, nan, nan, SequenceLayout.packed(130), 1);
    check("without keys", blind, 1, 1, headDim);
  }

  /** Tiles and lanes have the same bits, whatever lies where, and values that nobody sees. */
  @Test
  void lanesAndTilesHaveTheSameBits() {
    int length = 330;
    for (int headDim : new int[] {3, 24, 32}) {
      for (double scale : new double[] {0.3, 0, -0.5}) {
        Tensor q = spread(VECTOR, 1, 3, length, headDim, 2).permute(0, 2, 1);
        Tensor k = spread(VECTOR, 2, 1, 2, headDim, length).permute(2, 0, 1);
        Tensor v = random(VECTOR, 3, length, headDim, 2).permute(0, 2, 1);
        TensorOps.fill(v.slice(0, 200, 201), Float.POSITIVE_INFINITY);
        LayerOps.Attention all = LayerOps.attention(q, k, v, SequenceLayout.packed(length), scale);
        for (int i = 0; i < length; i++) {
          SequenceLayout one =
              new SequenceLayout(
                  new int[] {i}, new int[] {1}, new int[] {0}, new int[] {i + 1}, true);
          LayerOps.Attention alone = LayerOps.attention(q, k, v, one, scale);
          String what = "query " + i + " of " + headDim + " channels, scale " + scale;
          assertSameBits(what, alone.out().slice(0, i, i + 1), all.out().slice(0, i, i + 1));
          assertSameBits(what, alone.lse().slice(0, i, i + 1), all.lse().slice(0, i, i + 1));
        }
      }
    }
  }

  @Test
  void gradientsOfSharedKeysAddUp() {
    int[] zero = {0, 0};
    SequenceLayout layout =
        new SequenceLayout(new int[] {0, 4}, new int[] {4, 5}, zero, new int[] {20, 20}, true);
    check("shared", layout, 4, 2, 12);
  }

  @Test
  void aQueryDoesNotDependOnItsBatchNorOnTheCache() {
    int length = 150;
    for (int headDim : new int[] {12, 64}) {
      Tensor q = spread(VECTOR, 1, 3, length + 40, 4, headDim);
      Tensor k = spread(VECTOR, 2, 1, length + 40, 2, headDim);
      Tensor v = random(VECTOR, 3, length + 40, 2, headDim);
      double scale = 0.3;
      Threads.set(2);
      LayerOps.Attention all =
          LayerOps.attention(q, k, v, SequenceLayout.packed(40, length), scale);
      Threads.set(1);
      for (int take : new int[] {1, 2, 5, 13}) {
        for (int i = 0; i + take <= length; i += 11) {
          SequenceLayout cached =
              new SequenceLayout(
                  new int[] {40 + i}, new int[] {take}, new int[] {40}, new int[] {i + take}, true);
          LayerOps.Attention part = LayerOps.attention(q, k, v, cached, scale);
          String what = take + " queries from " + i;
          assertSameBits(
              what,
              part.out().slice(0, 40 + i, 40 + i + take),
              all.out().slice(0, 40 + i, 40 + i + take));
          assertSameBits(
              what,
              part.lse().slice(0, 40 + i, 40 + i + take),
              all.lse().slice(0, 40 + i, 40 + i + take));
        }
      }
    }
  }

  @Test
  void bitsDoNotDependOnThreads() {
    SequenceLayout layout = SequenceLayout.packed(23, 90, 5, 64, 300, 12, 40, 41);
    Tensor[] first = null;
    for (int threads : new int[] {1, 2, 8}) {
      Threads.set(threads);
      Tensor[] now = run(VECTOR, layout, 4, 2, 12);
      first = first == null ? now : first;
      for (int i = 0; i < now.length; i++) {
        assertSameBits(threads + " threads, result " + i, now[i], first[i]);
      }
    }
  }
}
