package dev.hindsight.tornado;

import static dev.hindsight.tornado.MatmulKernels.ACCUMULATE;
import static dev.hindsight.tornado.MatmulKernels.A_ROW;
import static dev.hindsight.tornado.MatmulKernels.A_STEP;
import static dev.hindsight.tornado.MatmulKernels.BATCHES;
import static dev.hindsight.tornado.MatmulKernels.B_ROW;
import static dev.hindsight.tornado.MatmulKernels.B_STEP;
import static dev.hindsight.tornado.MatmulKernels.FIRSTS;
import static dev.hindsight.tornado.MatmulKernels.K;
import static dev.hindsight.tornado.MatmulKernels.M;
import static dev.hindsight.tornado.MatmulKernels.N;
import static dev.hindsight.tornado.MatmulKernels.OUT_ROW;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Matrix products in tiles: a group of {@link #SIDE} x {@link #SIDE} work-items computes a square
 * of {@code SIDE block} rows and columns, {@code block} x {@code block} elements an item, which
 * stay in registers. The group takes {@link #DEPTH} of K at a time into local memory, so that each
 * element of an operand is read once a group and not once an item.
 *
 * <p>Numbers among a kernel's arguments are constants when TornadoVM compiles it. For {@code block}
 * that is wanted: loops over it are unrolled, and only then does {@code sums} fit into registers.
 * The rest is in an array: the code is the same for every product then, so that a driver compiles
 * it once; and TornadoVM 5.2.0 fails at some conditions that constants decide.
 */
final class MatmulTiles {
  /** Work-items along each side of a group. */
  static final int SIDE = 16;

  /** How much of K is in local memory at once. */
  static final int DEPTH = 16;

  private MatmulTiles() {}

  /**
   * See {@link MatmulKernels#matmul}; batches are the groups' third axis.
   *
   * @param block rows and columns of an item: 4 or 8
   */
  static void matmul(
      KernelContext context,
      FloatArray a,
      FloatArray b,
      FloatArray out,
      IntArray numbers,
      int block) {
    int tile = SIDE * block;
    float[] aTile = context.allocateFloatLocalArray(DEPTH * tile);
    float[] bTile = context.allocateFloatLocalArray(DEPTH * tile);
    int m = numbers.get(M);
    int n = numbers.get(N);
    int k = numbers.get(K);
    int firstRow = context.groupIdy * tile;
    int firstColumn = context.groupIdx * tile;
    // The grid may be larger than the product.
    if (firstRow >= m || firstColumn >= n || context.groupIdz >= numbers.get(BATCHES)) {
      m = 0;
      k = 0;
    }
    int aRow = numbers.get(A_ROW);
    int aStep = numbers.get(A_STEP);
    int bRow = numbers.get(B_ROW);
    int bStep = numbers.get(B_STEP);
    int outRow = numbers.get(OUT_ROW);
    int accumulate = numbers.get(ACCUMULATE);
    int aFirst = numbers.get(FIRSTS + 3 * context.groupIdz);
    int bFirst = numbers.get(FIRSTS + 3 * context.groupIdz + 1);
    int outFirst = numbers.get(FIRSTS + 3 * context.groupIdz + 2);
    int x = context.localIdx;
    int y = context.localIdy;
    int item = y * SIDE + x;

    float[] sums = new float[block * block];
    for (int i = 0; i < block; i++) {
      for (int j = 0; j < block; j++) {
        int row = firstRow + y + SIDE * i;
        int column = firstColumn + x + SIDE * j;
        sums[i * block + j] = 0.0f;
        if (accumulate == 1 && row < m && column < n) {
          sums[i * block + j] = out.get(outFirst + row * outRow + column);
        }
      }
    }
    for (int from = 0; from < k; from += DEPTH) {
      // Neighbouring items read neighbouring elements, along K or across it.
      for (int t = item; t < DEPTH * tile; t += SIDE * SIDE) {
        int p = aStep == 1 ? t % DEPTH : t / tile;
        int i = aStep == 1 ? t / DEPTH : t % tile;
        float value = 0.0f;
        if (firstRow + i < m && from + p < k) {
          value = a.get(aFirst + (firstRow + i) * aRow + (from + p) * aStep);
        }
        aTile[p * tile + i] = value;
      }
      for (int t = item; t < DEPTH * tile; t += SIDE * SIDE) {
        int p = bStep == 1 ? t / tile : t % DEPTH;
        int j = bStep == 1 ? t % tile : t / DEPTH;
        float value = 0.0f;
        if (firstColumn + j < n && from + p < k) {
          value = b.get(bFirst + (from + p) * bRow + (firstColumn + j) * bStep);
        }
        bTile[p * tile + j] = value;
      }
      context.localBarrier();
      // Not over the zeros behind K: they would turn a sum of -0 into 0.
      int depth = TornadoMath.min(DEPTH, k - from);
      for (int p = 0; p < depth; p++) {
        for (int i = 0; i < block; i++) {
          float value = aTile[p * tile + y + SIDE * i];
          for (int j = 0; j < block; j++) {
            sums[i * block + j] = value * bTile[p * tile + x + SIDE * j] + sums[i * block + j];
          }
        }
      }
      context.localBarrier();
    }
    for (int i = 0; i < block; i++) {
      for (int j = 0; j < block; j++) {
        int row = firstRow + y + SIDE * i;
        int column = firstColumn + x + SIDE * j;
        if (row < m && column < n) {
          out.set(outFirst + row * outRow + column, sums[i * block + j]);
        }
      }
    }
  }
}
