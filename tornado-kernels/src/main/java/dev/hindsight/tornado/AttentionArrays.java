package dev.hindsight.tornado;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The packed operands of attention, which a plan keeps: tensors on the host and the arrays over
 * them. Rows behind those of a call hold what an earlier call left; no kernel reads them.
 *
 * <p>Attention copies its operands, where products do not: a plan's arrays have one size, and
 * batches of ragged sequences hardly ever have the same; and packed operands need no strides. It is
 * a copy of {@code rows heads channels} against work of {@code rows keys heads channels}.
 */
final class AttentionArrays {
  private final Backend host;
  private final int heads;
  private final int keyHeads;
  private final int channels;

  /** {@code [queryBlocks, BLOCK]} behind two numbers; see {@link AttentionTiles}. */
  final IntArray queryBlocks;

  final IntArray keyBlocks;

  /** {@code [queryRows, heads, channels]}. */
  final Packed q;

  final Packed out;
  final Packed dOut;
  final Packed dq;

  /** {@code [keyRows, keyHeads, channels]}. */
  final Packed k;

  final Packed v;
  final Packed dk;
  final Packed dv;

  /** {@code [queryRows, heads]}. */
  final Packed lse;

  final Packed delta;

  /** One operand: a tensor, and the array over its memory. */
  static final class Packed {
    private final Tensor tensor;
    private final SharedArray shared;

    Packed(Backend host, int... dims) {
      Shape shape = Shape.of(dims);
      tensor = new Tensor(host.allocate(shape.size() * Float.BYTES), DType.F32, shape);
      shared = new SharedArray();
      shared.moveTo(Matmul.address(tensor), Math.toIntExact(shape.size()));
    }

    FloatArray array() {
      return shared.array();
    }

    private Tensor rows(int from, int count) {
      return tensor.slice(0, from, from + count);
    }
  }

  AttentionArrays(Backend host, AttentionShape shape, boolean backward) {
    this.host = host;
    heads = shape.heads();
    keyHeads = shape.keyHeads();
    channels = shape.channels();
    int queries = shape.queryRows();
    int keys = shape.keyRows();
    queryBlocks = new IntArray(AttentionTiles.BLOCKS + AttentionTiles.BLOCK * shape.queryBlocks());
    keyBlocks = new IntArray(AttentionTiles.BLOCKS + AttentionTiles.BLOCK * shape.keyBlocks());
    q = new Packed(host, queries, heads, channels);
    k = new Packed(host, keys, keyHeads, channels);
    v = new Packed(host, keys, keyHeads, channels);
    out = new Packed(host, queries, heads, channels);
    lse = new Packed(host, queries, heads);
    int gradients = backward ? 1 : 0;
    dOut = new Packed(host, gradients * queries, heads, channels);
    dq = new Packed(host, gradients * queries, heads, channels);
    dk = new Packed(host, gradients * keys, keyHeads, channels);
    dv = new Packed(host, gradients * keys, keyHeads, channels);
    delta = new Packed(host, gradients * queries, heads);
  }

  /** Tells the kernels where this call's sequences are. */
  void setBlocks(SequenceBlocks blocks) {
    set(queryBlocks, blocks.queries());
    set(keyBlocks, blocks.keys());
  }

  private void set(IntArray to, List<int[]> blocks) {
    to.clear();
    to.set(0, heads);
    to.set(1, heads / keyHeads);
    int at = AttentionTiles.BLOCKS;
    for (int[] block : blocks) {
      for (int number : block) {
        to.set(at++, number);
      }
    }
  }

  void packQueries(Tensor from, Packed to, SequenceLayout layout, SequenceBlocks blocks) {
    for (int i = 0; i < blocks.sequences().length; i++) {
      int s = blocks.sequences()[i];
      int length = layout.queryLength()[s];
      host.copy(rows(from, layout.queryStart()[s], length), to.rows(blocks.queryAt()[i], length));
    }
  }

  void packKeys(Tensor from, Packed to, SequenceLayout layout, SequenceBlocks blocks) {
    for (int i = 0; i < blocks.sequences().length; i++) {
      int s = blocks.sequences()[i];
      int length = layout.keyLength()[s];
      if (length > 0) {
        host.copy(rows(from, layout.keyStart()[s], length), to.rows(blocks.keyAt()[i], length));
      }
    }
  }

  void unpackQueries(Packed from, Tensor to, SequenceLayout layout, SequenceBlocks blocks) {
    for (int i = 0; i < blocks.sequences().length; i++) {
      int s = blocks.sequences()[i];
      int length = layout.queryLength()[s];
      host.copy(from.rows(blocks.queryAt()[i], length), rows(to, layout.queryStart()[s], length));
    }
  }

  /** Adds, in the order of the sequences: some may have keys in common. */
  void addKeys(Packed from, Tensor to, SequenceLayout layout, SequenceBlocks blocks) {
    for (int i = 0; i < blocks.sequences().length; i++) {
      int s = blocks.sequences()[i];
      int length = layout.keyLength()[s];
      if (length > 0) {
        Tensor sum = rows(to, layout.keyStart()[s], length);
        host.binary(BinaryOp.ADD, sum, from.rows(blocks.keyAt()[i], length), sum);
      }
    }
  }

  private static Tensor rows(Tensor t, int from, int count) {
    return t.slice(0, from, from + count);
  }
}
