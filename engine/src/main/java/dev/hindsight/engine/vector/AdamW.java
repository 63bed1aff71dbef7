package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The fused AdamW update: one pass over parameter, gradient, both moments and, if there is one, the
 * parameter's moving average.
 */
final class AdamW implements Threads.Chunk {
  private static final int GRAIN = 1 << 13;

  private final ChunkedTensors chunks;
  private final long[] parameters;
  private final long[] gradients;
  private final long[] m;
  private final long[] v;
  private final long[] averages;
  private final float scale;
  private final float keep1;
  private final float take1;
  private final float keep2;
  private final float take2;
  private final float unbias1;
  private final float unbias2;
  private final float epsilon;
  private final float decay;
  private final float rate;
  private final float averageRate;

  private AdamW(
      List<Tensor> parameters,
      List<Tensor> gradients,
      List<Tensor> m,
      List<Tensor> v,
      AdamWStep step,
      List<Tensor> averages,
      double averageRate) {
    this.chunks = new ChunkedTensors(parameters, GRAIN);
    this.parameters = ChunkedTensors.addresses(parameters);
    this.gradients = ChunkedTensors.addresses(gradients);
    this.m = ChunkedTensors.addresses(m);
    this.v = ChunkedTensors.addresses(v);
    this.averages = ChunkedTensors.addresses(averages);
    this.averageRate = (float) averageRate;
    this.scale = (float) step.gradientScale();
    this.keep1 = (float) step.beta1();
    this.take1 = (float) (1 - step.beta1());
    this.keep2 = (float) step.beta2();
    this.take2 = (float) (1 - step.beta2());
    this.unbias1 = (float) (1 / (1 - Math.pow(step.beta1(), step.step())));
    this.unbias2 = (float) (1 / (1 - Math.pow(step.beta2(), step.step())));
    this.epsilon = (float) step.epsilon();
    this.decay = (float) step.weightDecay();
    this.rate = (float) -step.learningRate();
  }

  static void step(
      List<Tensor> parameters,
      List<Tensor> gradients,
      List<Tensor> m,
      List<Tensor> v,
      AdamWStep step,
      List<Tensor> averages,
      double averageRate) {
    AdamW update = new AdamW(parameters, gradients, m, v, step, averages, averageRate);
    Threads.run(update.chunks.chunks(), update);
  }

  @Override
  public void run(int chunk) {
    int t = chunks.tensor(chunk);
    long from = chunks.offset(t, chunk);
    int n = chunks.length(t, chunk);
    update(n, parameters[t] + from, gradients[t] + from, m[t] + from, v[t] + from);
    if (averages.length > 0) {
      average(n, parameters[t] + from, averages[t] + from); // which lies in the cache now
    }
  }

  private void update(int n, long p, long g, long m, long v) {
    FloatVector keepMean = FloatVector.broadcast(F, keep1);
    FloatVector keepSquare = FloatVector.broadcast(F, keep2);
    FloatVector decays = FloatVector.broadcast(F, decay);
    FloatVector rates = FloatVector.broadcast(F, rate);
    VectorMask<Float> all = F.maskAll(true);
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> mask = i <= n - LANES ? all : F.indexInRange(i, n);
      long at = 4L * i;
      FloatVector d = FloatVector.fromMemorySegment(F, MEMORY, g + at, ORDER, mask).mul(scale);
      FloatVector mean =
          FloatVector.fromMemorySegment(F, MEMORY, m + at, ORDER, mask).fma(keepMean, d.mul(take1));
      FloatVector square =
          FloatVector.fromMemorySegment(F, MEMORY, v + at, ORDER, mask)
              .fma(keepSquare, d.mul(d).mul(take2));
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, p + at, ORDER, mask);
      FloatVector move = mean.mul(unbias1).div(square.mul(unbias2).sqrt().add(epsilon));
      x = x.fma(decays, move).fma(rates, x);
      x.intoMemorySegment(MEMORY, p + at, ORDER, mask);
      mean.intoMemorySegment(MEMORY, m + at, ORDER, mask);
      square.intoMemorySegment(MEMORY, v + at, ORDER, mask);
    }
  }

  private void average(int n, long p, long average) {
    FloatVector factor = FloatVector.broadcast(F, averageRate);
    VectorMask<Float> all = F.maskAll(true);
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> mask = i <= n - LANES ? all : F.indexInRange(i, n);
      long at = 4L * i;
      FloatVector old = FloatVector.fromMemorySegment(F, MEMORY, average + at, ORDER, mask);
      FloatVector x = FloatVector.fromMemorySegment(F, MEMORY, p + at, ORDER, mask);
      x.sub(old).fma(factor, old).intoMemorySegment(MEMORY, average + at, ORDER, mask);
    }
  }
}
