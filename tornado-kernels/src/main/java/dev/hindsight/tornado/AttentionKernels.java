package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Scaled dot-product attention with {@code @Parallel} loops: the readable twin of {@link
 * AttentionTiles} and {@link AttentionGradientTiles}.
 *
 * <p>Rows are packed: those of one sequence follow those of the one before, {@code q}, {@code out},
 * {@code dOut} and {@code dq} are {@code [queryRows, heads, channels]}, {@code k}, {@code v},
 * {@code dk} and {@code dv} {@code [keyRows, keyHeads, channels]}, {@code lse} and {@code delta}
 * {@code [queryRows, heads]}. Query head h reads key head {@code h / (heads / keyHeads)}. A row
 * reads its own sequence and nothing else, so that its bits do not depend on what it is packed
 * with.
 */
final class AttentionKernels {
  /** Numbers of a query row: its first key row, and how many keys it sees. */
  static final int QUERY = 2;

  /**
   * Numbers of a key row: the first query row of its sequence that sees it, and the row behind the
   * last.
   */
  static final int KEY = 2;

  private AttentionKernels() {}

  /** {@code score(j) = scale q . k(j)} of one query and one head. */
  private static float score(
      FloatArray q, int query, FloatArray k, int key, int channels, float scale) {
    float dot = 0.0f;
    for (int c = 0; c < channels; c++) {
      dot = q.get(query + c) * k.get(key + c) + dot;
    }
    return dot * scale;
  }

  /** {@code out = softmax(scores) v} and {@code lse}, the log-sum-exp of the scores. */
  static void forward(
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray out,
      FloatArray lse,
      IntArray queries,
      int rows,
      int heads,
      int keyHeads,
      int channels,
      float scale) {
    for (@Parallel int row = 0; row < rows; row++) {
      for (@Parallel int head = 0; head < heads; head++) {
        int query = (row * heads + head) * channels;
        int keyHead = head / (heads / keyHeads);
        int firstKey = queries.get(QUERY * row);
        int visible = queries.get(QUERY * row + 1);
        float largest = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < visible; j++) {
          int key = ((firstKey + j) * keyHeads + keyHead) * channels;
          largest = TornadoMath.max(largest, score(q, query, k, key, channels, scale));
        }
        for (int c = 0; c < channels; c++) {
          out.set(query + c, 0.0f);
        }
        float sum = 0.0f;
        for (int j = 0; j < visible; j++) {
          int key = ((firstKey + j) * keyHeads + keyHead) * channels;
          float weight = TornadoMath.exp(score(q, query, k, key, channels, scale) - largest);
          sum += weight;
          if (weight != 0.0f) {
            for (int c = 0; c < channels; c++) {
              out.set(query + c, weight * v.get(key + c) + out.get(query + c));
            }
          }
        }
        if (visible > 0) {
          for (int c = 0; c < channels; c++) {
            out.set(query + c, out.get(query + c) / sum);
          }
        }
        float log = Float.NEGATIVE_INFINITY;
        if (visible > 0) {
          log = largest + TornadoMath.log(sum);
        }
        lse.set(row * heads + head, log);
      }
    }
  }

  /** {@code delta = dOut . out}, which every slope of a query needs. */
  static void delta(
      FloatArray out, FloatArray dOut, FloatArray delta, int rows, int heads, int channels) {
    for (@Parallel int row = 0; row < rows; row++) {
      for (@Parallel int head = 0; head < heads; head++) {
        int at = row * heads + head;
        float dot = 0.0f;
        for (int c = 0; c < channels; c++) {
          dot = dOut.get(at * channels + c) * out.get(at * channels + c) + dot;
        }
        delta.set(at, dot);
      }
    }
  }

  /**
   * {@code dq = sum over j of slope(j) k(j)}, where {@code slope(j) = scale exp(score(j) - lse)
   * (dOut . v(j) - delta)}.
   */
  static void dq(
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray dOut,
      FloatArray lse,
      FloatArray delta,
      FloatArray dq,
      IntArray queries,
      int rows,
      int heads,
      int keyHeads,
      int channels,
      float scale) {
    for (@Parallel int row = 0; row < rows; row++) {
      for (@Parallel int head = 0; head < heads; head++) {
        int at = row * heads + head;
        int query = at * channels;
        int keyHead = head / (heads / keyHeads);
        int firstKey = queries.get(QUERY * row);
        int visible = queries.get(QUERY * row + 1);
        for (int c = 0; c < channels; c++) {
          dq.set(query + c, 0.0f);
        }
        for (int j = 0; j < visible; j++) {
          int key = ((firstKey + j) * keyHeads + keyHead) * channels;
          float weight = TornadoMath.exp(score(q, query, k, key, channels, scale) - lse.get(at));
          if (weight != 0.0f) {
            float dWeight = score(dOut, query, v, key, channels, 1.0f);
            float slope = weight * (dWeight - delta.get(at)) * scale;
            for (int c = 0; c < channels; c++) {
              dq.set(query + c, slope * k.get(key + c) + dq.get(query + c));
            }
          }
        }
      }
    }
  }

  /**
   * {@code dk = sum over i of slope(i) q(i)} and {@code dv = sum over i of weight(i) dOut(i)}, over
   * the query heads of a key head, and the queries that see the key.
   */
  static void dkv(
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray dOut,
      FloatArray lse,
      FloatArray delta,
      FloatArray dk,
      FloatArray dv,
      IntArray keys,
      int rows,
      int heads,
      int keyHeads,
      int channels,
      float scale) {
    for (@Parallel int row = 0; row < rows; row++) {
      for (@Parallel int keyHead = 0; keyHead < keyHeads; keyHead++) {
        int key = (row * keyHeads + keyHead) * channels;
        int group = heads / keyHeads;
        for (int c = 0; c < channels; c++) {
          dk.set(key + c, 0.0f);
          dv.set(key + c, 0.0f);
        }
        for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
          for (int i = keys.get(KEY * row); i < keys.get(KEY * row + 1); i++) {
            int at = i * heads + head;
            int query = at * channels;
            float weight = TornadoMath.exp(score(q, query, k, key, channels, scale) - lse.get(at));
            if (weight != 0.0f) {
              float dWeight = score(dOut, query, v, key, channels, 1.0f);
              float slope = weight * (dWeight - delta.get(at)) * scale;
              for (int c = 0; c < channels; c++) {
                dk.set(key + c, slope * q.get(query + c) + dk.get(key + c));
                dv.set(key + c, weight * dOut.get(query + c) + dv.get(key + c));
              }
            }
          }
        }
      }
    }
  }
}
