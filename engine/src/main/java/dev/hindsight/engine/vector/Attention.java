package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.FLOAT;
import static dev.hindsight.engine.vector.Simd.LANES;
import static dev.hindsight.engine.vector.Simd.MEMORY;

import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Threads;

/**
 * Attention over ragged sequences. A chunk of work is one sequence and one key head: its keys are
 * transposed once, so that lanes are keys while scores are computed, and its values are copied to
 * rows of whole vectors, so that lanes are channels while they are summed. Four queries go together
 * and share what is loaded; a score, a sum over keys and a sum over channels are each one chain in
 * one order, so a query's bits depend on nothing but its row and the keys that it sees, wherever
 * those lie. Of the scores only four rows exist at a time.
 */
final class Attention {
  /** Below this many multiply-adds waking another thread costs more than it saves. */
  private static final long WORTH_THREADS = 100_000;

  private final Rows q;
  private final Rows k;
  private final Rows v;
  private final SequenceLayout layout;
  private final float scale;
  private final Rows out;
  private final Tensor lse;
  private final int width;
  private final int group;
  private final long rowBytes;

  /** The rows of {@code [rows, heads, width]}, channels side by side. */
  private record Rows(long start, long rowStep, long headStep) {
    static Rows of(Tensor t) {
      return new Rows(Simd.address(t), 4 * t.stride(0), 4 * t.stride(1));
    }

    long at(int row, int head) {
      return start + row * rowStep + head * headStep;
    }
  }

  private Attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    this.q = Rows.of(q);
    this.k = Rows.of(k);
    this.v = Rows.of(v);
    this.layout = layout;
    this.scale = (float) scale;
    this.out = Rows.of(out);
    this.lse = lse;
    this.width = q.dim(2);
    this.group = q.dim(1) / k.dim(1);
    this.rowBytes = 4L * padded(width);
  }

  /** Whether the channels of every operand lie side by side. */
  static boolean covers(Tensor... operands) {
    for (Tensor t : operands) {
      if (t.dim(2) > 1 && t.stride(2) != 1) {
        return false;
      }
    }
    return true;
  }

  /** See {@link dev.hindsight.engine.Backend#attention}. */
  static void forward(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    int heads = k.dim(1);
    Attention a = new Attention(q, k, v, layout, scale, out, lse);
    run(
        layout.sequences() * heads,
        work(layout) * q.dim(1) * q.dim(2) * 2,
        chunk -> a.forward(chunk / heads, chunk % heads));
  }

  /** See {@link dev.hindsight.engine.Backend#attentionBackward}. */
  static void backward(
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
    int heads = k.dim(1);
    int sequences = layout.sequences();
    Attention a = new Attention(q, k, v, layout, scale, out, lse);
    Rows dOuts = Rows.of(dOut);
    Rows dQueries = Rows.of(dq);
    Rows dKeys = Rows.of(dk);
    Rows dValues = Rows.of(dv);
    long work = work(layout) * q.dim(1) * q.dim(2) * 5;
    if (sharesKeys(layout)) {
      // gradients of shared keys add up in the order of the sequences
      run(
          heads,
          work,
          head -> {
            for (int s = 0; s < sequences; s++) {
              a.backward(s, head, dOuts, dQueries, dKeys, dValues);
            }
          });
    } else {
      run(
          sequences * heads,
          work,
          chunk -> a.backward(chunk / heads, chunk % heads, dOuts, dQueries, dKeys, dValues));
    }
  }

  private static void run(int chunks, long work, Threads.Chunk body) {
    if (work < WORTH_THREADS) {
      for (int i = 0; i < chunks; i++) {
        body.run(i);
      }
    } else {
      Threads.run(chunks, body);
    }
  }

  private static long work(SequenceLayout layout) {
    long pairs = 0;
    for (int s = 0; s < layout.sequences(); s++) {
      pairs += (long) layout.queryLength()[s] * layout.keyLength()[s];
    }
    return pairs;
  }

  private static boolean sharesKeys(SequenceLayout layout) {
    int end = 0;
    for (int s = 0; s < layout.sequences(); s++) {
      int start = layout.keyStart()[s];
      if (layout.keyLength()[s] > 0) {
        if (start < end) {
          return true; // or merely not in order: then one thread a head is no loss worth a sort
        }
        end = start + layout.keyLength()[s];
      }
    }
    return false;
  }

  /** Whole vectors, at least one. */
  private static int padded(int n) {
    return Math.max(1, (n + LANES - 1) / LANES) * LANES;
  }

  private long lseAddress(int row, int head) {
    return Simd.address(lse) + 4 * (row * lse.stride(0) + head * lse.stride(1));
  }

  private void forward(int s, int keyHead) {
    int queries = layout.queryLength()[s];
    int keys = layout.keyLength()[s];
    int firstKey = layout.keyStart()[s];
    long scoreBytes = 4L * padded(keys);
    Scratch scratch = Scratch.ofThread();
    long base =
        scratch.reserve(
            Scratch.Region.WORK,
            width * scoreBytes + keys * rowBytes + 4 * (scoreBytes + rowBytes));
    long keysByChannel = base;
    long values = keysByChannel + width * scoreBytes;
    long scores = values + keys * rowBytes;
    long sums = scores + 4 * scoreBytes;
    AttentionKernels.transpose(
        k.at(firstKey, keyHead), k.rowStep, keys, width, keysByChannel, scoreBytes);
    AttentionKernels.pad(v.at(firstKey, keyHead), v.rowStep, keys, width, values, rowBytes);
    for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
      for (int i = 0; i < queries; i += 4) {
        int together = Math.min(4, queries - i);
        int row = layout.queryStart()[s] + i;
        int last = layout.visibleKeys(s, i + together - 1);
        AttentionKernels.dots(
            together, width, last, q.at(row, head), q.rowStep, keysByChannel, scoreBytes, scores);
        for (int t = 0; t < together; t++) {
          int visible = layout.visibleKeys(s, i + t);
          float logSum = AttentionKernels.softmax(scores + t * scoreBytes, visible, scale);
          MEMORY.set(FLOAT, lseAddress(row + t, head), logSum);
        }
        int common = layout.visibleKeys(s, i);
        AttentionKernels.combine(
            together, width, common, last, scores, scoreBytes, values, rowBytes, sums);
        for (int t = 0; t < together; t++) {
          AttentionKernels.store(sums + t * rowBytes, width, out.at(row + t, head));
        }
      }
    }
  }

  /**
   * With {@code p = exp(score - lse)} and {@code ds = scale p (dOut.v - dOut.out)}: {@code dq = ds
   * k}, {@code dk = ds q}, {@code dv = p dOut}.
   */
  private void backward(int s, int keyHead, Rows dOuts, Rows dQueries, Rows dKeys, Rows dValues) {
    int queries = layout.queryLength()[s];
    int keys = layout.keyLength()[s];
    int firstKey = layout.keyStart()[s];
    long scoreBytes = 4L * padded(keys);
    long matrix = width * scoreBytes;
    long table = keys * rowBytes;
    Scratch scratch = Scratch.ofThread();
    long base =
        scratch.reserve(
            Scratch.Region.WORK, 2 * matrix + 3 * table + 8 * scoreBytes + 12 * rowBytes);
    long keysByChannel = base;
    long valuesByChannel = keysByChannel + matrix;
    long keyRows = valuesByChannel + matrix;
    long dKeyRows = keyRows + table;
    long dValueRows = dKeyRows + table;
    long weights = dValueRows + table;
    long dScores = weights + 4 * scoreBytes;
    long sums = dScores + 4 * scoreBytes;
    long queryRows = sums + 4 * rowBytes;
    long dOutRows = queryRows + 4 * rowBytes;
    AttentionKernels.transpose(
        k.at(firstKey, keyHead), k.rowStep, keys, width, keysByChannel, scoreBytes);
    AttentionKernels.transpose(
        v.at(firstKey, keyHead), v.rowStep, keys, width, valuesByChannel, scoreBytes);
    AttentionKernels.pad(k.at(firstKey, keyHead), k.rowStep, keys, width, keyRows, rowBytes);
    AttentionKernels.clear(dKeyRows, 2 * table);
    for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
      for (int i = 0; i < queries; i += 4) {
        int together = Math.min(4, queries - i);
        int row = layout.queryStart()[s] + i;
        int common = layout.visibleKeys(s, i);
        int last = layout.visibleKeys(s, i + together - 1);
        AttentionKernels.pad(q.at(row, head), q.rowStep, together, width, queryRows, rowBytes);
        AttentionKernels.pad(
            dOuts.at(row, head), dOuts.rowStep, together, width, dOutRows, rowBytes);
        AttentionKernels.dots(
            together, width, last, queryRows, rowBytes, keysByChannel, scoreBytes, weights);
        AttentionKernels.dots(
            together, width, last, dOutRows, rowBytes, valuesByChannel, scoreBytes, dScores);
        for (int t = 0; t < together; t++) {
          AttentionKernels.softmaxBackward(
              weights + t * scoreBytes,
              dScores + t * scoreBytes,
              layout.visibleKeys(s, i + t),
              scale,
              MEMORY.get(FLOAT, lseAddress(row + t, head)),
              AttentionKernels.dot(dOutRows + t * rowBytes, out.at(row + t, head), width));
        }
        AttentionKernels.combine(
            together, width, common, last, dScores, scoreBytes, keyRows, rowBytes, sums);
        for (int t = 0; t < together; t++) {
          AttentionKernels.store(sums + t * rowBytes, width, dQueries.at(row + t, head));
        }
        AttentionKernels.spread(
            together, width, common, last, dScores, scoreBytes, queryRows, rowBytes, dKeyRows);
        AttentionKernels.spread(
            together, width, common, last, weights, scoreBytes, dOutRows, rowBytes, dValueRows);
      }
    }
    for (int j = 0; j < keys; j++) {
      AttentionKernels.add(dKeyRows + j * rowBytes, width, dKeys.at(firstKey + j, keyHead));
      AttentionKernels.add(dValueRows + j * rowBytes, width, dValues.at(firstKey + j, keyHead));
    }
  }
}
