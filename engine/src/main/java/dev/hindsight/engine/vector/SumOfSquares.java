package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
import java.util.List;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The sum of squares in double precision: chunks of a fixed size, each in the lanes of two vectors,
 * added lane by lane and chunk by chunk.
 */
final class SumOfSquares {
  private static final VectorSpecies<Double> D =
      DoubleVector.SPECIES_PREFERRED.withShape(F.vectorShape());

  private static final int CHUNK = 1 << 14;

  private SumOfSquares() {}

  /** Of contiguous tensors: chunks first, then the tensors in their order. */
  static double of(List<Tensor> tensors) {
    ChunkedTensors all = new ChunkedTensors(tensors, CHUNK);
    long[] at = ChunkedTensors.addresses(tensors);
    double[] parts = new double[all.chunks()];
    Threads.run(
        parts.length,
        chunk -> {
          int t = all.tensor(chunk);
          parts[chunk] = chunk(at[t] + all.offset(t, chunk), all.length(t, chunk));
        });
    double sum = 0;
    for (int t = 0; t < at.length; t++) {
      double own = 0;
      for (int chunk = all.firstChunk(t); chunk < all.firstChunk(t + 1); chunk++) {
        own += parts[chunk];
      }
      sum += own;
    }
    return sum;
  }

  private static double chunk(long x, int n) {
    DoubleVector low = DoubleVector.zero(D);
    DoubleVector high = low;
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector v = FloatVector.fromMemorySegment(F, MEMORY, x + 4L * i, ORDER);
      DoubleVector a = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 0);
      DoubleVector b = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 1);
      low = a.fma(a, low);
      high = b.fma(b, high);
    }
    double sum = 0;
    DoubleVector both = low.add(high);
    for (int lane = 0; lane < D.length(); lane++) {
      sum += both.lane(lane);
    }
    for (; i < n; i++) {
      double v = MEMORY.get(FLOAT, x + 4L * i);
      sum += v * v;
    }
    return sum;
  }
}
