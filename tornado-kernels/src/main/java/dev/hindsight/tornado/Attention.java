package dev.hindsight.tornado;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;

/** Attention on a {@link Machine}: packs the operands, runs, and unpacks the results. */
final class Attention {
  /** Each keeps its packed operands on the host and on the device. */
  private static final int KEPT = 16;

  private final Machine machine;
  private final Backend host;
  private final Ledger ledger;
  private final Plans<AttentionShape, Ready> forward;
  private final Plans<AttentionShape, Ready> backward;

  /** {@code host} copies and adds, in memory that the machine reads. */
  Attention(Machine machine, Backend host, Ledger ledger) {
    this(machine, host, ledger, KEPT);
  }

  Attention(Machine machine, Backend host, Ledger ledger, int kept) {
    this.machine = machine;
    this.host = host;
    this.ledger = ledger;
    this.forward = new Plans<>(kept);
    this.backward = new Plans<>(kept);
  }

  private record Ready(Machine.Plan plan, AttentionArrays arrays) implements AutoCloseable {
    @Override
    public void close() {
      plan.close();
    }
  }

  /**
   * Whether the machine can compute this: it has local memory for heads of so many channels, and a
   * kernel, which counts elements in 32 bits, can reach all of the packed operands.
   */
  boolean fits(Tensor q, Tensor k, SequenceLayout layout) {
    if (q.dim(2) == 0 || machine.attentionTile(q.dim(2)) == 0) {
      return false;
    }
    long queries = 0;
    long keys = 0;
    for (int s = 0; s < layout.sequences(); s++) {
      queries += layout.queryLength()[s];
      keys += layout.keyLength()[s];
    }
    long largest = Math.max(queries * q.dim(1), keys * k.dim(1)) * q.dim(2);
    return largest <= Integer.MAX_VALUE / 2;
  }

  /** See {@link Backend#attention}; {@link #fits} says so. */
  void forward(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    int tile = machine.attentionTile(q.dim(2));
    SequenceBlocks blocks = SequenceBlocks.of(layout, AttentionTiles.SIDE * tile);
    if (blocks.sequences().length == 0) {
      return;
    }
    Ready ready = forward.get(shape(q, k, blocks, tile, scale), s -> compile(s, false));
    AttentionArrays arrays = ready.arrays;
    arrays.setBlocks(blocks);
    arrays.packQueries(q, arrays.q, layout, blocks);
    arrays.packKeys(k, arrays.k, layout, blocks);
    arrays.packKeys(v, arrays.v, layout, blocks);
    ready.plan.run();
    arrays.unpackQueries(arrays.out, out, layout, blocks);
    arrays.unpackQueries(arrays.lse, lse, layout, blocks);
  }

  /** See {@link Backend#attentionBackward}; {@link #fits} says so. */
  void backward(
      Tensor q,
      Tensor k,
      Tensor v,
      SequenceLayout layout,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dq,
      Tensor dk,
      Tensor dv) {
    int tile = machine.attentionTile(q.dim(2));
    SequenceBlocks blocks = SequenceBlocks.of(layout, AttentionTiles.SIDE * tile);
    if (blocks.keys().isEmpty()) {
      return;
    }
    Ready ready = backward.get(shape(q, k, blocks, tile, scale), s -> compile(s, true));
    AttentionArrays arrays = ready.arrays;
    arrays.setBlocks(blocks);
    arrays.packQueries(q, arrays.q, layout, blocks);
    arrays.packKeys(k, arrays.k, layout, blocks);
    arrays.packKeys(v, arrays.v, layout, blocks);
    arrays.packQueries(out, arrays.out, layout, blocks);
    arrays.packQueries(lse, arrays.lse, layout, blocks);
    arrays.packQueries(dOut, arrays.dOut, layout, blocks);
    ready.plan.run();
    arrays.unpackQueries(arrays.dq, dq, layout, blocks);
    arrays.addKeys(arrays.dk, dk, layout, blocks);
    arrays.addKeys(arrays.dv, dv, layout, blocks);
  }

  private Ready compile(AttentionShape shape, boolean backward) {
    AttentionArrays arrays = new AttentionArrays(host, shape, backward);
    Machine.Plan plan =
        backward ? machine.attentionBackward(shape, arrays) : machine.attention(shape, arrays);
    return new Ready(ledger.timingFirstRun(plan), arrays);
  }

  private static AttentionShape shape(
      Tensor q, Tensor k, SequenceBlocks blocks, int tile, double scale) {
    return new AttentionShape(
        AttentionShape.rows(blocks.queryRows()),
        AttentionShape.rows(blocks.keyRows()),
        AttentionShape.blocks(blocks.queries().size()),
        AttentionShape.blocks(blocks.keys().size()),
        q.dim(1),
        k.dim(1),
        q.dim(2),
        tile,
        (float) scale);
  }

  /** Closes all plans, whose memory on the device is wanted for something else. */
  void freeDeviceMemory() {
    forward.clear();
    backward.clear();
  }
}
