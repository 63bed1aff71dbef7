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
        long work = scratch.reserve(Scratch.Region.WORK, 4 * bytes);
        long w = weights.read(0, 0, work + 2 * bytes);
        long b = biases.read(0, 0, work + 3 * bytes);
        for (int row = from; row < to; row += 2) {
          int next = Math.min(row + 1, to - 1); // an odd last row is its own neighbour
          long x0 = xs.read(row, 0, work);
          long x1 = xs.read(next, 0, work + bytes);
          long y0 = outs.target(row, work);
          long y1 = outs.target(next, work + bytes);
          means(n, x0, x1, means + 4L * row, means + 4L * next);
          float mean0 = MEMORY.get(FLOAT, means + 4L * row);
          float mean1 = MEMORY.get(FLOAT, means + 4L * next);
          squares(n, x0, x1, mean0, mean1, scales + 4L * row, scales + 4L * next);
          float scale0 = scale(n, scales + 4L * row, epsilon);
          float scale1 = next == row ? scale0 : scale(n, scales + 4L * next, epsilon);
          normalise(RowOperand.padded(n), x0, x1, w, b, mean0, mean1, scale0, scale1, y0, y1);
          outs.write(row, y0);
          outs.write(next, y1);
        }
      }
    }.run();
  }

  // Two rows at a time: the sums of one row are chains that leave the processor idle.

  private static void means(int n, long x0, long x1, long mean0, long mean1) {
    FloatVector sum0 = FloatVector.zero(F);
    FloatVector sum1 = FloatVector.zero(F);
    for (int i = 0; i < n; i += LANES) { // padded with zeros
      sum0 = sum0.add(load(x0 + 4L * i));
      sum1 = sum1.add(load(x1 + 4L * i));
    }
    MEMORY.set(FLOAT, mean0, Lanes.sum(sum0).lane(0) / n);
    MEMORY.set(FLOAT, mean1, Lanes.sum(sum1).lane(0) / n);
  }

  /** Sums of squared distances from the means. */
  private static void squares(
      int n, long x0, long x1, float mean0, float mean1, long square0, long square1) {
    FloatVector sum0 = FloatVector.zero(F);
    FloatVector sum1 = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector v0 = load(x0 + 4L * i).sub(mean0);
      FloatVector v1 = load(x1 + 4L * i).sub(mean1);
      sum0 = v0.fma(v0, sum0);
      sum1 = v1.fma(v1, sum1);
    }
    if (i < n) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector v0 = FloatVector.zero(F).blend(load(x0 + 4L * i).sub(mean0), mask);
      FloatVector v1 = FloatVector.zero(F).blend(load(x1 + 4L * i).sub(mean1), mask);
      sum0 = v0.fma(v0, sum0);
      sum1 = v1.fma(v1, sum1);
    }
    MEMORY.set(FLOAT, square0, Lanes.sum(sum0).lane(0));
    MEMORY.set(FLOAT, square1, Lanes.sum(sum1).lane(0));
  }

  /** Replaces a sum of squares by the reciprocal standard deviation. */
  private static float scale(int n, long at, double epsilon) {
    float scale = 1 / (float) Math.sqrt(MEMORY.get(FLOAT, at) / n + epsilon);
    MEMORY.set(FLOAT, at, scale);
    return scale;
  }

  private static void normalise(
      int padded,
      long x0,
      long x1,
      long w,
      long b,
      float mean0,
      float mean1,
      float scale0,
      float scale1,
      long y0,
      long y1) {
    FloatVector m0 = FloatVector.broadcast(F, mean0);
    FloatVector m1 = FloatVector.broadcast(F, mean1);
    FloatVector s0 = FloatVector.broadcast(F, scale0);
    FloatVector s1 = FloatVector.broadcast(F, scale1);
    for (int i = 0; i < padded; i += LANES) {
      long at = 4L * i;
      FloatVector weight = load(w + at);
      FloatVector bias = load(b + at);
      FloatVector v0 = load(x0 + at).sub(m0).mul(s0);
      FloatVector v1 = load(x1 + at).sub(m1).mul(s1);
      v0.fma(weight, bias).intoMemorySegment(MEMORY, y0 + at, ORDER);
      v1.fma(weight, bias).intoMemorySegment(MEMORY, y1 + at, ORDER);
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
