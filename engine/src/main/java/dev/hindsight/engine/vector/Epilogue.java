package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.BYTES;
import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * What a linear layer does to the elements of its product: {@code out = activation(sum + bias) +
 * residual}, a row of a block at a time, by the loops that do it alone. A row stays in the first
 * cache from loop to loop, so several loops cost what one does.
 *
 * @param bias address of a row, or 0
 * @param residual address of a matrix like the product, or 0
 * @param sum where the product is, and keeps the bias
 * @param out where the result goes; may be {@code sum}
 */
record Epilogue(
    long bias,
    @Nullable UnaryOp activation,
    long residual,
    Tensor sum,
    long sumAt,
    long out,
    int width) {

  static Epilogue of(
      @Nullable Tensor bias,
      @Nullable UnaryOp activation,
      @Nullable Tensor residual,
      @Nullable Tensor before,
      Tensor out) {
    Tensor sum = before == null ? out : before;
    return new Epilogue(
        bias == null ? 0 : Simd.address(bias),
        activation,
        residual == null ? 0 : Simd.address(residual),
        sum,
        Simd.address(sum),
        Simd.address(out),
        out.dim(1));
  }

  /** Finishes the elements of {@code columns} columns of some rows. */
  void apply(int row, int endRow, int column, int columns) {
    int whole = columns / LANES * LANES;
    long biasAt = bias == 0 ? 0 : bias + 4L * column;
    for (int r = row; r < endRow; r++) {
      long at = 4 * ((long) r * width + column);
      if (whole > 0) {
        whole(whole, biasAt, residual == 0 ? 0 : residual + at, sumAt + at, out + at);
      }
      if (whole < columns) {
        rest(whole, columns, biasAt, at);
      }
    }
  }

  private void whole(int n, long biasAt, long residualAt, long from, long to) {
    if (biasAt != 0) {
      BinaryLoop.add(n, from, from, BYTES, biasAt, BYTES);
    }
    if (activation != null) {
      UnaryLoop.row(activation, n, to, from, BYTES);
    }
    if (residualAt != 0) {
      BinaryLoop.add(n, to, residualAt, BYTES, to, BYTES);
    }
  }

  /** The last columns, through vectors beside the matrices. */
  private void rest(int whole, int columns, long biasAt, long at) {
    VectorMask<Float> mask = F.indexInRange(whole, columns);
    long tile = Scratch.ofThread().reserve(Scratch.Region.TILE, 4L * BYTES);
    long rest = at + 4L * whole;
    load(sumAt + rest, mask, tile);
    if (biasAt != 0) {
      load(biasAt + 4L * whole, mask, tile + BYTES);
    }
    if (residual != 0) {
      load(residual + rest, mask, tile + 2 * BYTES);
    }
    boolean separate = sumAt != out;
    long to = separate ? tile + 3 * BYTES : tile;
    whole(LANES, biasAt == 0 ? 0 : tile + BYTES, residual == 0 ? 0 : tile + 2 * BYTES, tile, to);
    store(to, mask, out + rest);
    if (separate) {
      store(tile, mask, sumAt + rest);
    }
  }

  private static void load(long from, VectorMask<Float> mask, long tile) {
    FloatVector.fromMemorySegment(F, MEMORY, from, ORDER, mask)
        .intoMemorySegment(MEMORY, tile, ORDER);
  }

  private static void store(long tile, VectorMask<Float> mask, long to) {
    FloatVector.fromMemorySegment(F, MEMORY, tile, ORDER)
        .intoMemorySegment(MEMORY, to, ORDER, mask);
  }
}
