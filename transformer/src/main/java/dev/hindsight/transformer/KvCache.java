package dev.hindsight.transformer;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.util.Arrays;

/**
 * Keys and values of tokens that a decoder has seen: for each block two tensors {@code [rows,
 * keyValueHeads, headDim]}. Which rows belong to which sequence is the {@link SequenceLayout}'s
 * matter: a sequence has a run of rows that its tokens fill from the front, and one that has ended
 * is simply no longer named, so it costs nothing.
 *
 * <p>Keys lie with the rows of one channel side by side, as scores read them: a new token is
 * compared with all keys before it, and turning those first would cost more than comparing.
 *
 * <p>Memory is persistent; a cache is made once and {@link #clear cleared} for each use. Not thread
 * safe.
 */
public final class KvCache {
  /** A channel's rows begin an odd number of cache lines (of F32) after those of the last one. */
  private static final int LINE = 16;

  /** {@code [keyValueHeads * headDim, rows and padding]} of each block. */
  private final Tensor[] channels;

  private final Tensor[] keys;
  private final Tensor[] values;
  private final boolean[] written;

  /** A cleared cache for {@code decoder} with room for {@code rows} tokens of all sequences. */
  public KvCache(Decoder decoder, int rows) {
    DecoderConfig config = decoder.config();
    if (rows < 1) {
      throw new IllegalArgumentException("KV cache: expected 1 or more rows, got " + rows);
    }
    Backend backend = decoder.backend();
    int heads = config.keyValueHeads();
    Shape shape = Shape.of(rows, heads, config.headDim());
    int lines = (rows + LINE - 1) / LINE | 1;
    Shape turned = Shape.of(heads * config.headDim(), lines * LINE);
    channels = new Tensor[config.layers()];
    keys = new Tensor[config.layers()];
    values = new Tensor[config.layers()];
    for (int layer = 0; layer < keys.length; layer++) {
      Tensor t = Workspace.outside(() -> TensorOps.zeros(backend, decoder.dtype(), turned));
      channels[layer] = t;
      Tensor split = t.reshape(Shape.of(heads, config.headDim(), turned.dim(1)));
      keys[layer] = split.slice(2, 0, rows).permute(2, 0, 1);
      values[layer] = Workspace.outside(() -> TensorOps.zeros(backend, decoder.dtype(), shape));
    }
    written = new boolean[rows];
  }

  /** Tokens there is room for. */
  public int rows() {
    return written.length;
  }

  /** Forgets everything. */
  public void clear() {
    int end = written.length;
    while (end > 0 && !written[end - 1]) {
      end--;
    }
    for (int layer = 0; layer < keys.length; layer++) {
      TensorOps.fill(channels[layer].slice(1, 0, end), 0);
      TensorOps.fill(values[layer].slice(0, 0, end), 0);
    }
    Arrays.fill(written, false);
  }

  /** Keys of one block, {@code [rows, keyValueHeads, headDim]}: live memory. */
  Tensor keys(int layer) {
    return keys[layer];
  }

  /** Values of one block, {@code [rows, keyValueHeads, headDim]}: live memory. */
  Tensor values(int layer) {
    return values[layer];
  }

  /**
   * For each of {@code count} query rows of a causal layout, the row here that its key and value go
   * to: the last keys of each sequence are those of its queries.
   *
   * @throws IllegalArgumentException when a row does not exist, was written since the last {@link
   *     #clear}, or a query row has no sequence
   */
  int[] claim(SequenceLayout layout, int count) {
    int[] rows = new int[count];
    Arrays.fill(rows, -1);
    for (int s = 0; s < layout.sequences(); s++) {
      int first = layout.keyStart()[s] + layout.keyLength()[s] - layout.queryLength()[s];
      for (int i = 0; i < layout.queryLength()[s]; i++) {
        int row = first + i;
        if (row >= written.length || written[row]) {
          throw new IllegalArgumentException(
              "KV cache: sequence "
                  + s
                  + " wants row "
                  + row
                  + (row >= written.length
                      ? ", but there are " + written.length + " rows; make a larger cache"
                      : ", which is written already; clear the cache or correct the layout"));
        }
        written[row] = true;
        rows[layout.queryStart()[s] + i] = row;
      }
    }
    for (int n = 0; n < count; n++) {
      if (rows[n] < 0) {
        throw new IllegalArgumentException(
            "KV cache: query row " + n + " belongs to no sequence of the layout");
      }
    }
    return rows;
  }

  /**
   * Puts keys and values {@code [N, keyValueHeads, headDim]} at the rows {@code [N]} I32 that were
   * claimed for them. Rows hold zeros until then, so adding is writing.
   */
  void write(int layer, Tensor key, Tensor value, Tensor rows) {
    TensorOps.scatterAddRows(flat(key), rows, channels[layer].transpose(0, 1));
    TensorOps.scatterAddRows(flat(value), rows, flat(values[layer]));
  }

  private static Tensor flat(Tensor x) {
    return TensorOps.reshape(x, Shape.of(x.dim(0), x.dim(1) * x.dim(2)));
  }
}
