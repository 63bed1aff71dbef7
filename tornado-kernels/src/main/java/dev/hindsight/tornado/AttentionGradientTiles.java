package dev.hindsight.tornado;

import static dev.hindsight.tornado.AttentionTiles.BLOCK;
import static dev.hindsight.tornado.AttentionTiles.BLOCKS;
import static dev.hindsight.tornado.AttentionTiles.SIDE;
import static dev.hindsight.tornado.AttentionTiles.element;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Gradients of attention in tiles: weights are computed again from the scores and their
 * log-sum-exp. Groups, items and blocks are those of {@link AttentionTiles}.
 */
final class AttentionGradientTiles {
  private AttentionGradientTiles() {}

  /** Bytes of local memory that {@link #dkv}, which needs most, takes. */
  static long localMemory(int channels, int block) {
    int size = SIDE * block;
    return 4L * (4L * channels + 2L * size) * (size + 1);
  }

  /** See {@link AttentionKernels#delta}; for the rows of a block of queries. */
  static void delta(
      KernelContext context,
      FloatArray out,
      FloatArray dOut,
      FloatArray delta,
      IntArray blocks,
      int channels) {
    int heads = blocks.get(0);
    int head = context.groupIdy;
    int at = BLOCKS + BLOCK * context.groupIdx;
    int query = blocks.get(at);
    int rows = blocks.get(at + 1);
    int item = context.localIdy * SIDE + context.localIdx;
    for (int row = item; row < rows; row += SIDE * SIDE) {
      int to = (query + row) * heads + head;
      float dot = 0.0f;
      for (int c = 0; c < channels; c++) {
        dot = dOut.get(to * channels + c) * out.get(to * channels + c) + dot;
      }
      delta.set(to, dot);
    }
  }

  /** See {@link AttentionKernels#dq}. */
  static void dq(
      KernelContext context,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray dOut,
      FloatArray lse,
      FloatArray delta,
      FloatArray dq,
      IntArray blocks,
      int channels,
      int block,
      float scale) {
    int size = SIDE * block;
    int width = size + 1;
    int parts = (channels + SIDE - 1) / SIDE;
    float[] queries = context.allocateFloatLocalArray(channels * width);
    float[] gradients = context.allocateFloatLocalArray(channels * width);
    float[] tile = context.allocateFloatLocalArray(channels * width);
    float[] slopes = context.allocateFloatLocalArray(size * width);
    int x = context.localIdx;
    int y = context.localIdy;
    int item = y * SIDE + x;
    int heads = blocks.get(0);
    int group = blocks.get(1);
    int head = context.groupIdy;
    int keyHead = head / group;
    int at = BLOCKS + BLOCK * context.groupIdx;
    int query = blocks.get(at);
    int rows = blocks.get(at + 1);
    int firstKey = blocks.get(at + 2);
    int keys = blocks.get(at + 3);
    int visible = blocks.get(at + 4);
    int step = blocks.get(at + 5);

    for (int i = item; i < size * channels; i += SIDE * SIDE) {
      queries[i % channels * width + i / channels] =
          element(q, query, rows, heads, head, channels, i);
      gradients[i % channels * width + i / channels] =
          element(dOut, query, rows, heads, head, channels, i);
    }
    float[] result = new float[block * parts];
    float[] score = new float[block * block];
    float[] slope = new float[block * block];
    for (int i = 0; i < block * parts; i++) {
      result[i] = 0.0f;
    }
    int seen = visible + (rows - 1) * step;
    for (int from = 0; from < seen; from += size) {
      int count = TornadoMath.min(size, keys - from);
      context.localBarrier();
      for (int i = item; i < size * channels; i += SIDE * SIDE) {
        tile[i % channels * width + i / channels] =
            element(v, firstKey + from, count, heads / group, keyHead, channels, i);
      }
      context.localBarrier();
      for (int i = 0; i < block * block; i++) {
        slope[i] = 0.0f;
        score[i] = 0.0f;
      }
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < block; i++) {
          float value = gradients[c * width + y + SIDE * i];
          for (int j = 0; j < block; j++) {
            slope[i * block + j] = value * tile[c * width + x + SIDE * j] + slope[i * block + j];
          }
        }
      }
      context.localBarrier();
      for (int i = item; i < size * channels; i += SIDE * SIDE) {
        tile[i % channels * width + i / channels] =
            element(k, firstKey + from, count, heads / group, keyHead, channels, i);
      }
      context.localBarrier();
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < block; i++) {
          float value = queries[c * width + y + SIDE * i];
          for (int j = 0; j < block; j++) {
            score[i * block + j] = value * tile[c * width + x + SIDE * j] + score[i * block + j];
          }
        }
      }
      for (int i = 0; i < block; i++) {
        int row = y + SIDE * i;
        int limit = visible + row * step - from;
        int to = (query + TornadoMath.min(row, rows - 1)) * heads + head;
        for (int j = 0; j < block; j++) {
          float value = 0.0f;
          if (x + SIDE * j < limit) {
            float weight = TornadoMath.exp(score[i * block + j] * scale - lse.get(to));
            if (weight != 0.0f) {
              value = weight * (slope[i * block + j] - delta.get(to)) * scale;
            }
          }
          slopes[(x + SIDE * j) * width + row] = value;
        }
      }
      context.localBarrier();
      for (int j = 0; j < count; j++) {
        for (int i = 0; i < block; i++) {
          float value = slopes[j * width + y + SIDE * i];
          for (int c = 0; c < parts; c++) {
            int channel = TornadoMath.min(x + SIDE * c, channels - 1);
            float former = result[i * parts + c];
            float added = value * tile[channel * width + j] + former;
            result[i * parts + c] = value == 0.0f ? former : added;
          }
        }
      }
    }
    for (int i = 0; i < block; i++) {
      int row = y + SIDE * i;
      for (int c = 0; c < parts; c++) {
        int channel = x + SIDE * c;
        if (row < rows && channel < channels) {
          dq.set(((query + row) * heads + head) * channels + channel, result[i * parts + c]);
        }
      }
    }
  }

  /** See {@link AttentionKernels#dkv}; blocks are of keys, and y counts keys in the results. */
  static void dkv(
      KernelContext context,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray dOut,
      FloatArray lse,
      FloatArray delta,
      FloatArray dk,
      FloatArray dv,
      IntArray blocks,
      int channels,
      int block,
      float scale) {
    int size = SIDE * block;
    int width = size + 1;
    int parts = (channels + SIDE - 1) / SIDE;
    float[] keys = context.allocateFloatLocalArray(channels * width);
    float[] values = context.allocateFloatLocalArray(channels * width);
    float[] queries = context.allocateFloatLocalArray(channels * width);
    float[] gradients = context.allocateFloatLocalArray(channels * width);
    float[] weights = context.allocateFloatLocalArray(size * width);
    float[] slopes = context.allocateFloatLocalArray(size * width);
    int x = context.localIdx;
    int y = context.localIdy;
    int item = y * SIDE + x;
    int heads = blocks.get(0);
    int group = blocks.get(1);
    int keyHead = context.groupIdy;
    int keyHeads = heads / group;
    int at = BLOCKS + BLOCK * context.groupIdx;
    int key = blocks.get(at);
    int rows = blocks.get(at + 1);
    int place = blocks.get(at + 2);
    int query = blocks.get(at + 3);
    int length = blocks.get(at + 4);
    int visible = blocks.get(at + 5);
    int step = blocks.get(at + 6);

    for (int i = item; i < size * channels; i += SIDE * SIDE) {
      keys[i % channels * width + i / channels] =
          element(k, key, rows, keyHeads, keyHead, channels, i);
      values[i % channels * width + i / channels] =
          element(v, key, rows, keyHeads, keyHead, channels, i);
    }
    float[] keyResult = new float[block * parts];
    float[] valueResult = new float[block * parts];
    float[] score = new float[block * block];
    float[] slope = new float[block * block];
    for (int i = 0; i < block * parts; i++) {
      keyResult[i] = 0.0f;
      valueResult[i] = 0.0f;
    }
    // Query i sees visible + i step keys: the first that sees this block.
    int first = step * TornadoMath.max(0, place + 1 - visible);
    for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
      for (int from = first; from < length; from += size) {
        int count = TornadoMath.min(size, length - from);
        context.localBarrier();
        for (int i = item; i < size * channels; i += SIDE * SIDE) {
          queries[i % channels * width + i / channels] =
              element(q, query + from, count, heads, head, channels, i);
          gradients[i % channels * width + i / channels] =
              element(dOut, query + from, count, heads, head, channels, i);
        }
        context.localBarrier();
        for (int i = 0; i < block * block; i++) {
          score[i] = 0.0f;
          slope[i] = 0.0f;
        }
        for (int c = 0; c < channels; c++) {
          for (int i = 0; i < block; i++) {
            float value = queries[c * width + y + SIDE * i];
            float gradient = gradients[c * width + y + SIDE * i];
            for (int j = 0; j < block; j++) {
              score[i * block + j] = value * keys[c * width + x + SIDE * j] + score[i * block + j];
              slope[i * block + j] =
                  gradient * values[c * width + x + SIDE * j] + slope[i * block + j];
            }
          }
        }
        for (int i = 0; i < block; i++) {
          int row = y + SIDE * i;
          int limit = visible + (from + row) * step - place;
          int to = (query + from + TornadoMath.min(row, count - 1)) * heads + head;
          for (int j = 0; j < block; j++) {
            int column = x + SIDE * j;
            float weight = 0.0f;
            float value = 0.0f;
            if (row < count && column < rows && column < limit) {
              weight = TornadoMath.exp(score[i * block + j] * scale - lse.get(to));
              if (weight != 0.0f) {
                value = weight * (slope[i * block + j] - delta.get(to)) * scale;
              }
            }
            weights[row * width + column] = weight;
            slopes[row * width + column] = value;
          }
        }
        context.localBarrier();
        for (int row = 0; row < count; row++) {
          for (int i = 0; i < block; i++) {
            float weight = weights[row * width + y + SIDE * i];
            float value = slopes[row * width + y + SIDE * i];
            for (int c = 0; c < parts; c++) {
              int channel = TornadoMath.min(x + SIDE * c, channels - 1);
              float former = valueResult[i * parts + c];
              float added = weight * gradients[channel * width + row] + former;
              valueResult[i * parts + c] = weight == 0.0f ? former : added;
              former = keyResult[i * parts + c];
              added = value * queries[channel * width + row] + former;
              keyResult[i * parts + c] = value == 0.0f ? former : added;
            }
          }
        }
      }
    }
    for (int i = 0; i < block; i++) {
      int row = y + SIDE * i;
      for (int c = 0; c < parts; c++) {
        int channel = x + SIDE * c;
        if (row < rows && channel < channels) {
          int to = ((key + row) * keyHeads + keyHead) * channels + channel;
          dk.set(to, keyResult[i * parts + c]);
          dv.set(to, valueResult[i * parts + c]);
        }
      }
    }
  }
}
