package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Runs the {@code @Parallel} kernels as plain Java, where each loop is a loop. */
final class PlainMachine implements Machine {
  private final SimulatedMemory memory = new SimulatedMemory();

  static Plan plan(Runnable run) {
    return new Plan() {
      @Override
      public void run() {
        run.run();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public ProductPlan matmul(FloatArray a, FloatArray b, FloatArray out, IntArray numbers) {
    return memory.plan(
        a,
        b,
        out,
        (x, y, z) ->
            MatmulKernels.matmul(
                x,
                y,
                z,
                numbers,
                numbers.get(MatmulKernels.BATCHES),
                numbers.get(MatmulKernels.M),
                numbers.get(MatmulKernels.N)));
  }

  /** Bytes of buffers. */
  long held() {
    return memory.held();
  }

  @Override
  public long memory() {
    return 1 << 30;
  }

  @Override
  public void free(DeviceBuffer buffer) {
    memory.free(buffer);
  }

  @Override
  public int attentionTile(int channels) {
    return 1;
  }

  @Override
  public Plan attention(AttentionShape s, AttentionArrays arrays) {
    return plan(
        () ->
            AttentionKernels.forward(
                arrays.q.array(),
                arrays.k.array(),
                arrays.v.array(),
                arrays.out.array(),
                arrays.lse.array(),
                queries(s, arrays),
                s.queryRows(),
                s.heads(),
                s.keyHeads(),
                s.channels(),
                s.scale()));
  }

  @Override
  public Plan attentionBackward(AttentionShape s, AttentionArrays arrays) {
    FloatArray q = arrays.q.array();
    FloatArray k = arrays.k.array();
    FloatArray v = arrays.v.array();
    FloatArray dOut = arrays.dOut.array();
    FloatArray lse = arrays.lse.array();
    FloatArray delta = arrays.delta.array();
    return plan(
        () -> {
          IntArray queries = queries(s, arrays);
          IntArray keys = keys(s, arrays);
          int h = s.heads();
          int kh = s.keyHeads();
          int c = s.channels();
          AttentionKernels.delta(arrays.out.array(), dOut, delta, s.queryRows(), h, c);
          FloatArray dq = arrays.dq.array();
          AttentionKernels.dq(
              q, k, v, dOut, lse, delta, dq, queries, s.queryRows(), h, kh, c, s.scale());
          FloatArray dk = arrays.dk.array();
          FloatArray dv = arrays.dv.array();
          AttentionKernels.dkv(
              q, k, v, dOut, lse, delta, dk, dv, keys, s.keyRows(), h, kh, c, s.scale());
        });
  }

  /** What the blocks of queries say, row by row. */
  static IntArray queries(AttentionShape shape, AttentionArrays arrays) {
    IntArray rows = new IntArray(AttentionKernels.QUERY * shape.queryRows());
    rows.clear();
    for (int b = 0; b < shape.queryBlocks(); b++) {
      int at = AttentionTiles.BLOCKS + AttentionTiles.BLOCK * b;
      IntArray blocks = arrays.queryBlocks;
      for (int i = 0; i < blocks.get(at + 1); i++) {
        int row = blocks.get(at) + i;
        rows.set(AttentionKernels.QUERY * row, blocks.get(at + 2));
        int visible = blocks.get(at + 4) + i * blocks.get(at + 5);
        rows.set(AttentionKernels.QUERY * row + 1, visible);
      }
    }
    return rows;
  }

  /** What the blocks of keys say, row by row. */
  static IntArray keys(AttentionShape shape, AttentionArrays arrays) {
    IntArray rows = new IntArray(AttentionKernels.KEY * shape.keyRows());
    rows.clear();
    for (int b = 0; b < shape.keyBlocks(); b++) {
      int at = AttentionTiles.BLOCKS + AttentionTiles.BLOCK * b;
      IntArray blocks = arrays.keyBlocks;
      for (int i = 0; i < blocks.get(at + 1); i++) {
        int row = blocks.get(at) + i;
        int unseen = blocks.get(at + 2) + i + 1 - blocks.get(at + 5);
        int first = blocks.get(at + 6) * Math.max(0, unseen);
        rows.set(AttentionKernels.KEY * row, blocks.get(at + 3) + first);
        rows.set(AttentionKernels.KEY * row + 1, blocks.get(at + 3) + blocks.get(at + 4));
      }
    }
    return rows;
  }

  @Override
  public String toString() {
    return "@Parallel";
  }
}
