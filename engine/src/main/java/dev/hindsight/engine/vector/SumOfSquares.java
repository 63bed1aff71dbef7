package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.F;
import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;
import static dev.hindsight.engine.vector.Simd.ORDER;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;
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

  /** Of a contiguous tensor. */
  static double of(Tensor x) {
    long size = x.size();
    long at = Simd.address(x);
    if (size <= CHUNK) {
      return chunk(at, (int) size);
    }
    double[] parts = new double[Math.toIntExact((size + CHUNK - 1) / CHUNK)];
    Threads.run(
        parts.length,
        i -> {
          long from = (long) i * CHUNK;
          parts[i] = chunk(at + 4 * from, (int) Math.min(CHUNK, size - from));
        });
    double sum = 0;
    for (double part : parts) {
      sum += part;
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
