package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Attention in tiles with an online softmax (Milakov and Gimelshein, 2018; Dao et al., 2022): the
 * scores are never held whole. Operands are packed as in {@link AttentionKernels}.
 *
 * <p>A group of {@link #SIDE} x {@link #SIDE} work-items takes a tile of {@code SIDE block} queries
 * or keys of one head at a time; item {@code (x, y)} has keys {@code x, x + SIDE, ...} and queries
 * {@code y, y + SIDE, ...} of it, and channels {@code x, x + SIDE, ...} of results. What is
 * computed for a query takes its keys tile after tile from the first of its sequence, so it depends
 * on its own row and keys alone.
 *
 * <p>Numbers among the arguments are constants when TornadoVM compiles a kernel: {@code channels}
 * and {@code block} size the arrays. What changes from call to call is in {@code blocks}: heads,
 * and query heads of a key head, and from {@link #BLOCKS} on {@link #BLOCK} numbers for each group
 * along the grid's first axis. A block of zeros does nothing.
 */
final class AttentionTiles {
  /** Work-items along each side of a group. */
  static final int SIDE = 16;

  /** Where the blocks begin. */
  static final int BLOCKS = 2;

  /**
   * Numbers of a block. Of queries: first row, rows, first key row of the sequence, its keys, how
   * many of them the block's first query sees, how many more each next one sees (1 causal, else 0).
   * Of keys: first row, rows, its place in the sequence, the sequence's first query row, its
   * queries, how many keys the first of them sees, and how many more each next one sees.
   */
  static final int BLOCK = 7;

  private AttentionTiles() {}

  /**
   * Element {@code i} of a tile, rows of {@code channels} one after another, with zeros behind the
   * last row. (TornadoVM 5.2.0 loses that an array is local memory when a method writes to it that
   * it is handed to, so the kernels write.)
   */
  static float element(
      FloatArray from, int first, int rows, int heads, int head, int channels, int i) {
    float value = 0.0f;
    if (i / channels < rows) {
      value = from.get(((first + i / channels) * heads + head) * channels + i % channels);
    }
    return value;
  }

  /** See {@link AttentionKernels#forward}. */
  static void forward(
      KernelContext context,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray out,
      FloatArray lse,
      IntArray blocks,
      int channels,
      int block,
      float scale) {
    int size = SIDE * block;
    int width = size + 1;
    int parts = (channels + SIDE - 1) / SIDE;
    float[] queries = context.allocateFloatLocalArray(channels * width);
    float[] tile = context.allocateFloatLocalArray(channels * width);
    float[] weights = context.allocateFloatLocalArray(size * width);
    float[] meeting = context.allocateFloatLocalArray(size * SIDE);
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
    }
    float[] largest = new float[block];
    float[] sum = new float[block];
    float[] result = new float[block * parts];
    float[] score = new float[block * block];
    for (int i = 0; i < block; i++) {
      largest[i] = Float.NEGATIVE_INFINITY;
      sum[i] = 0.0f;
      for (int c = 0; c < parts; c++) {
        result[i * parts + c] = 0.0f;
      }
    }
    int seen = visible + (rows - 1) * step; // by the last query
    for (int from = 0; from < seen; from += size) {
      int count = TornadoMath.min(size, keys - from);
      context.localBarrier();
      for (int i = item; i < size * channels; i += SIDE * SIDE) {
        tile[i % channels * width + i / channels] =
            element(k, firstKey + from, count, heads / group, keyHead, channels, i);
      }
      context.localBarrier();
      for (int i = 0; i < block * block; i++) {
        score[i] = 0.0f;
      }
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
        float top = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < block; j++) {
          float scaled = Float.NEGATIVE_INFINITY;
          if (x + SIDE * j < limit) {
            scaled = score[i * block + j] * scale;
          }
          score[i * block + j] = scaled;
          top = TornadoMath.max(top, scaled);
        }
        meeting[row * SIDE + x] = top;
      }
      context.localBarrier();
      for (int i = 0; i < block; i++) {
        int row = y + SIDE * i;
        float top = largest[i];
        for (int lane = 0; lane < SIDE; lane++) {
          top = TornadoMath.max(top, meeting[row * SIDE + lane]);
        }
        float shrink = 1.0f;
        if (largest[i] != top) {
          shrink = TornadoMath.exp(largest[i] - top);
        }
        largest[i] = top;
        sum[i] = sum[i] * shrink;
        for (int c = 0; c < parts; c++) {
          result[i * parts + c] = result[i * parts + c] * shrink;
        }
        for (int j = 0; j < block; j++) {
          float weight = 0.0f;
          if (score[i * block + j] != Float.NEGATIVE_INFINITY) {
            weight = TornadoMath.exp(score[i * block + j] - top);
          }
          weights[(x + SIDE * j) * width + row] = weight;
        }
      }
      for (int i = item; i < size * channels; i += SIDE * SIDE) {
        tile[i % channels * width + i / channels] =
            element(v, firstKey + from, count, heads / group, keyHead, channels, i);
      }
      context.localBarrier();
      for (int j = 0; j < count; j++) {
        for (int i = 0; i < block; i++) {
          float weight = weights[j * width + y + SIDE * i];
          sum[i] = sum[i] + weight;
          for (int c = 0; c < parts; c++) {
            int channel = TornadoMath.min(x + SIDE * c, channels - 1);
            float former = result[i * parts + c];
            float added = weight * tile[channel * width + j] + former;
            result[i * parts + c] = weight == 0.0f ? former : added; // unseen keys may be NaN
          }
        }
      }
    }
    for (int i = 0; i < block; i++) {
      int row = y + SIDE * i;
      if (row < rows) {
        int to = (query + row) * heads + head;
        for (int c = 0; c < parts; c++) {
          int channel = x + SIDE * c;
          if (channel < channels) {
            float value = 0.0f;
            if (seen > 0) {
              value = result[i * parts + c] / sum[i];
            }
            out.set(to * channels + channel, value);
          }
        }
        if (x == 0) {
          lse.set(to, largest[i] + TornadoMath.log(sum[i]));
        }
      }
    }
  }
}
