package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/** LayerNorm and its gradients; see {@link dev.hindsight.engine.Backend#layerNorm}. */
final class LayerNorm {
  private LayerNorm() {}

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, MEMORY, address, ORDER);
  }

  static void layerNorm(
      Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    int n = x.dim(1);
    RowOperand xs = new RowOperand(x);
    RowOperand outs = new RowOperand(out);
    RowOperand weights = new RowOperand(weight);
    RowOperand biases = new RowOperand(bias);
    long means = Simd.address(mean);
    long scales = Simd.address(rstd);
    new RowLoop(x.dim(0), n, RowLoop.CHEAP) {
      @Override
      void rows(int chunk, int from, int to, Scratch scratch) {
        long bytes = RowOperand.bytes(n);
        long work = scratch.reserve(Scratch.Region.WORK, 3 * bytes);
        long w = weights.read(0, 0, work + bytes);
        long b = biases.read(0, 0, work + 2 * bytes);
        for (int row = from; row < to; row++) {
          long in = xs.read(row, 0, work);
          long y = outs.target(row, work);
          float m = mean(n, in);
          float scale = 1 / (float) Math.sqrt(variance(n, in, m) + epsilon);
          normalise(RowOperand.padded(n), in, w, b, m, scale, y);
          MEMORY.set(FLOAT, means + 4L * row, m);
          MEMORY.set(FLOAT, scales + 4L * row, scale);
          outs.write(row, y);
        }
      }
    }.run();
  }

  private static float mean(int n, long x) {
    FloatVector sum = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) { // padded with zeros
      sum = sum.add(load(x + 4L * i));
    }
    return Lanes.sum(sum).lane(0) / n;
  }

  private static float variance(int n, long x, float mean) {
    FloatVector squares = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector v = load(x + 4L * i).sub(mean);
      squares = v.fma(v, squares);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector v = FloatVector.zero(F).blend(load(x + 4L * i).sub(mean), mask);
      squares = v.fma(v, squares);
    }
    return Lanes.sum(squares).lane(0) / n;
  }

  private static void normalise(
      int padded, long x, long w, long b, float mean, float scale, long y) {
    for (int i = 0; i < padded; i += LANES) {
      long at = 4L * i;
      load(x + at)
          .sub(mean)
          .mul(scale)
          .fma(load(w + at), load(b + at))
          .intoMemorySegment(MEMORY, y + at, ORDER);
    }
  }

  static void layerNormBackward(
      Tensor x,
      Tensor weight,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight,
      @Nullable Tensor dBias) {
    int n = x.dim(1);
    int padded = RowOperand.padded(n);
    RowOperand xs = new RowOperand(x);
    RowOperand dys = new RowOperand(dy);
    RowOperand dxs = dx == null ? null : new RowOperand(dx);
    RowOperand weights = new RowOperand(weight);
    long means = Simd.address(mean);
    long meanStep = 4 * mean.stride(0);
    long scales = Simd.address(rstd);
    long scaleStep = 4 * rstd.stride(0);
    PartialSums sums = new PartialSums();
    RowLoop loop =
        new RowLoop(x.dim(0), n, RowLoop.CHEAP) {
          @Override
          void rows(int chunk, int from, int to, Scratch scratch) {
            long bytes = RowOperand.bytes(n);
            long work = scratch.reserve(Scratch.Region.WORK, 4 * bytes);
            long w = weights.read(0, 0, work + 2 * bytes);
            long sum = sums.begin(chunk);
            for (int row = from; row < to; row++) {
              float m = MEMORY.get(FLOAT, means + row * meanStep);
              long in = xs.read(row, m, work); // padding becomes an exact zero below
              long d = dys.read(row, 0, work + bytes);
              long g = dxs == null ? work + 3 * bytes : dxs.target(row, work + 3 * bytes);
              float scale = MEMORY.get(FLOAT, scales + row * scaleStep);
              backwardRow(padded, n, in, d, w, m, scale, g, sum);
              if (dxs != null) {
                dxs.write(row, g);
              }
            }
          }
        };
    sums.reserve(loop.chunks(), 2 * padded);
    loop.run();
    if (dWeight != null) {
      sums.into(dWeight, 0);
    }
    if (dBias != null) {
      sums.into(dBias, padded);
    }
  }

  /** Writes {@code dx} and adds {@code dy xhat} and {@code dy} to the two rows of {@code sum}. */
  private static void backwardRow(
      int padded, int n, long x, long dy, long w, float mean, float scale, long dx, long sum) {
    FloatVector dot = FloatVector.zero(F);
    FloatVector total = FloatVector.zero(F);
    long sum2 = sum + 4L * padded;
    for (int i = 0; i < padded; i += LANES) {
      long at = 4L * i;
      FloatVector normal = load(x + at).sub(mean).mul(scale);
      FloatVector d = load(dy + at);
      FloatVector g = d.mul(load(w + at));
      load(sum + at).add(d.mul(normal)).intoMemorySegment(MEMORY, sum + at, ORDER);
      load(sum2 + at).add(d).intoMemorySegment(MEMORY, sum2 + at, ORDER);
      dot = g.fma(normal, dot);
      total = total.add(g);
    }
    FloatVector slope = Lanes.sum(dot).div((float) n);
    FloatVector shift = Lanes.sum(total).div((float) n);
    for (int i = 0; i < padded; i += LANES) {
      long at = 4L * i;
      FloatVector normal = load(x + at).sub(mean).mul(scale);
      FloatVector g = load(dy + at).mul(load(w + at)).sub(shift);
      g.sub(normal.mul(slope)).mul(scale).intoMemorySegment(MEMORY, dx + at, ORDER);
    }
  }
}
