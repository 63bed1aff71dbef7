package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/** RMSNorm and its gradients; see {@link dev.hindsight.engine.Backend#rmsNorm}. */
final class RmsNorm {
  private RmsNorm() {}

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, MEMORY, address, ORDER);
  }

  static void rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor out, Tensor rstd) {
    int n = x.dim(1);
    RowOperand xs = new RowOperand(x);
    RowOperand outs = new RowOperand(out);
    RowOperand weights = new RowOperand(weight);
    long scales = Simd.address(rstd);
    new RowLoop(x.dim(0), n, RowLoop.CHEAP) {
      @Override
      void rows(int chunk, int from, int to, Scratch scratch) {
        long bytes = RowOperand.bytes(n);
        long work = scratch.reserve(Scratch.Region.WORK, 3 * bytes);
        long w = weights.read(0, 0, work + 2 * bytes);
        int padded = RowOperand.padded(n);
        for (int row = from; row < to; row += 2) {
          int next = Math.min(row + 1, to - 1); // an odd last row is its own neighbour
          long x0 = xs.read(row, 0, work);
          long x1 = xs.read(next, 0, work + bytes);
          long y0 = outs.target(row, work);
          long y1 = outs.target(next, work + bytes);
          long scale0 = scales + 4L * row;
          long scale1 = scales + 4L * next;
          normalise(padded, n, x0, x1, w, (float) epsilon, y0, y1, scale0, scale1);
          outs.write(row, y0);
          outs.write(next, y1);
        }
      }
    }.run();
  }

  /**
   * Writes two padded rows and the reciprocals of their root mean squares. Two, because the sum of
   * one is a chain that leaves the processor idle.
   */
  private static void normalise(
      int padded,
      int n,
      long x0,
      long x1,
      long w,
      float epsilon,
      long y0,
      long y1,
      long scaleAt0,
      long scaleAt1) {
    FloatVector squares0 = FloatVector.zero(F);
    FloatVector squares1 = FloatVector.zero(F);
    for (int i = 0; i < padded; i += LANES) {
      FloatVector v0 = load(x0 + 4L * i);
      FloatVector v1 = load(x1 + 4L * i);
      squares0 = v0.fma(v0, squares0);
      squares1 = v1.fma(v1, squares1);
    }
    FloatVector one = FloatVector.broadcast(F, 1f);
    FloatVector scale0 = one.div(Lanes.sum(squares0).div((float) n).add(epsilon).sqrt());
    FloatVector scale1 = one.div(Lanes.sum(squares1).div((float) n).add(epsilon).sqrt());
    for (int i = 0; i < padded; i += LANES) {
      FloatVector weight = load(w + 4L * i);
      FloatVector v0 = load(x0 + 4L * i).mul(scale0).mul(weight);
      FloatVector v1 = load(x1 + 4L * i).mul(scale1).mul(weight);
      v0.intoMemorySegment(MEMORY, y0 + 4L * i, ORDER);
      v1.intoMemorySegment(MEMORY, y1 + 4L * i, ORDER);
    }
    MEMORY.set(FLOAT, scaleAt0, scale0.lane(0));
    MEMORY.set(FLOAT, scaleAt1, scale1.lane(0));
  }

  static void rmsNormBackward(
      Tensor x,
      Tensor weight,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight) {
    int n = x.dim(1);
    int padded = RowOperand.padded(n);
    RowOperand xs = new RowOperand(x);
    RowOperand dys = new RowOperand(dy);
    RowOperand dxs = dx == null ? null : new RowOperand(dx);
    RowOperand weights = new RowOperand(weight);
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
              long in = xs.read(row, 0, work);
              long d = dys.read(row, 0, work + bytes);
              long g = dxs == null ? work + 3 * bytes : dxs.target(row, work + 3 * bytes);
              float scale = MEMORY.get(FLOAT, scales + row * scaleStep);
              backwardRow(padded, n, in, d, w, scale, g, sum);
              if (dxs != null) {
                dxs.write(row, g);
              }
            }
          }
        };
    sums.reserve(loop.chunks(), padded);
    loop.run();
    if (dWeight != null) {
      sums.into(dWeight, 0);
    }
  }

  /** Writes {@code dx} and adds {@code dy xhat} to {@code sum}, all of them padded rows. */
  private static void backwardRow(
      int padded, int n, long x, long dy, long w, float scale, long dx, long sum) {
    FloatVector rstd = FloatVector.broadcast(F, scale);
    FloatVector dot = FloatVector.zero(F);
    for (int i = 0; i < padded; i += LANES) {
      long at = 4L * i;
      FloatVector normal = load(x + at).mul(rstd);
      FloatVector t = load(dy + at).mul(normal);
      load(sum + at).add(t).intoMemorySegment(MEMORY, sum + at, ORDER);
      dot = t.fma(load(w + at), dot);
    }
    FloatVector slope = Lanes.sum(dot).div((float) n).mul(rstd);
    for (int i = 0; i < padded; i += LANES) {
      long at = 4L * i;
      FloatVector g = load(dy + at).mul(load(w + at));
      g.sub(load(x + at).mul(slope)).mul(rstd).intoMemorySegment(MEMORY, dx + at, ORDER);
    }
  }
}
