package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Runs the kernels with work-groups on {@link WorkItems}.
 *
 * @param block rows and columns of an item in a product
 * @param attentionTile rows of a tile of attention, in units of 16
 * @param memoryOfProducts where operands of products lie
 */
record EmulatedMachine(int block, int attentionTile, SimulatedMemory memoryOfProducts)
    implements Machine {
  EmulatedMachine(int block, int attentionTile) {
    this(block, attentionTile, new SimulatedMemory());
  }

  @Override
  public ProductPlan matmul(FloatArray a, FloatArray b, FloatArray out, IntArray numbers) {
    int tile = MatmulTiles.SIDE * block;
    return memoryOfProducts.plan(
        a,
        b,
        out,
        (x, y, z) -> {
          int columns = (numbers.get(MatmulKernels.N) + tile - 1) / tile;
          int rows = (numbers.get(MatmulKernels.M) + tile - 1) / tile;
          int[] groups = {columns, rows, numbers.get(MatmulKernels.BATCHES)};
          WorkItems.run(
              groups, GROUP, context -> MatmulTiles.matmul(context, x, y, z, numbers, block));
        });
  }

  @Override
  public long memory() {
    return 1 << 30;
  }

  @Override
  public void free(DeviceBuffer buffer) {
    memoryOfProducts.free(buffer);
  }

  private static final int[] GROUP = {AttentionTiles.SIDE, AttentionTiles.SIDE, 1};

  @Override
  public int attentionTile(int channels) {
    return attentionTile;
  }

  @Override
  public Plan attention(AttentionShape s, AttentionArrays arrays) {
    return PlainMachine.plan(
        () ->
            WorkItems.run(
                new int[] {s.queryBlocks(), s.heads(), 1},
                GROUP,
                context ->
                    AttentionTiles.forward(
                        context,
                        arrays.q.array(),
                        arrays.k.array(),
                        arrays.v.array(),
                        arrays.out.array(),
                        arrays.lse.array(),
                        arrays.queryBlocks,
                        s.channels(),
                        s.tile(),
                        s.scale())));
  }

  @Override
  public Plan attentionBackward(AttentionShape s, AttentionArrays arrays) {
    FloatArray q = arrays.q.array();
    FloatArray k = arrays.k.array();
    FloatArray v = arrays.v.array();
    FloatArray out = arrays.out.array();
    FloatArray dOut = arrays.dOut.array();
    FloatArray lse = arrays.lse.array();
    FloatArray delta = arrays.delta.array();
    FloatArray dq = arrays.dq.array();
    FloatArray dk = arrays.dk.array();
    FloatArray dv = arrays.dv.array();
    IntArray queries = arrays.queryBlocks;
    IntArray keys = arrays.keyBlocks;
    int[] queryGroups = {s.queryBlocks(), s.heads(), 1};
    int[] keyGroups = {s.keyBlocks(), s.keyHeads(), 1};
    int c = s.channels();
    int t = s.tile();
    float scale = s.scale();
    return PlainMachine.plan(
        () -> {
          WorkItems.run(
              queryGroups,
              GROUP,
              context -> AttentionGradientTiles.delta(context, out, dOut, delta, queries, c));
          WorkItems.run(
              queryGroups,
              GROUP,
              context ->
                  AttentionGradientTiles.dq(
                      context, q, k, v, dOut, lse, delta, dq, queries, c, t, scale));
          WorkItems.run(
              keyGroups,
              GROUP,
              context ->
                  AttentionGradientTiles.dkv(
                      context, q, k, v, dOut, lse, delta, dk, dv, keys, c, t, scale));
        });
  }

  @Override
  public String toString() {
    return "KernelContext, blocks of " + block + ", tiles of 16 x " + attentionTile;
  }
}
