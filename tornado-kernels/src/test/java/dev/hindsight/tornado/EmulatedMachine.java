package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Runs the kernels with work-groups on {@link WorkItems}. */
record EmulatedMachine(int block) implements Machine {
  @Override
  public Plan matmul(
      Product p, FloatArray a, FloatArray b, FloatArray out, IntArray numbers, boolean sendsOut) {
    int tile = MatmulTiles.SIDE * block;
    int[] groups = {(p.n() + tile - 1) / tile, (p.m() + tile - 1) / tile, p.batches()};
    return PlainMachine.plan(
        () ->
            WorkItems.run(
                groups,
                new int[] {MatmulTiles.SIDE, MatmulTiles.SIDE, 1},
                context -> MatmulTiles.matmul(context, a, b, out, numbers, block)));
  }

  @Override
  public String toString() {
    return "KernelContext, blocks of " + block;
  }
}
