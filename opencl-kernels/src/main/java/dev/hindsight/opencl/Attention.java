package dev.hindsight.opencl;

import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import dev.hindsight.opencl.DeviceMemory.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/** Attention, forward and backward: attention.cl. */
final class Attention {
  private static final String FILE = "attention.cl";

  /** Work-items along the keys of a block. */
  private static final int LANES = 16;

  /** Layouts whose blocks stay on the device: the layers of a model share one. */
  private static final int KEPT = 4;

  private final Device device;

  /** The newest last. */
  private final List<Blocks> kept = new ArrayList<>();

  Attention(Device device) {
    this.device = device;
  }

  /**
   * The parts that a layout is cut into, on the device.
   *
   * @param size key rows a block, and query rows where a group has {@link #LANES} of items
   * @param rows item rows of a group
   * @param queries blocks of queries, six ints each; null when there are none
   * @param keys blocks of keys for each wave of launches, seven ints each; a wave has no two
   *     sequences with keys in common
   */
  private record Blocks(
      SequenceLayout layout, int size, int rows, @Nullable Part queries, List<Part> keys) {

    /** Every step has a layout of its own; the collector alone would let thousands pile up. */
    void release() {
      if (queries != null) {
        queries.buffer.release();
      }
      keys.forEach(part -> part.buffer.release());
    }
  }

  private record Part(@Nullable Buffer buffer, int count) {
    cl_mem memory() {
      return buffer.memory();
    }
  }

  /** How many keys a block of this many channels has; 0 when the device has no room for any. */
  private int blockSize(int channels) {
    for (int size : new int[] {2 * LANES, LANES}) {
      if (localMemory(channels, size) <= device.info().localMemory()) {
        return size;
      }
    }
    return 0;
  }

  /** Bytes of local memory of the kernel that needs most, attention_dkv. */
  private static long localMemory(int channels, int size) {
    return 4L * (4L * channels * (size + 1) + 2L * size * (size + 1));
  }

  /** Whether the device can hold blocks of so many channels. */
  boolean fits(Tensor q) {
    return q.dim(2) > 0 && blockSize(q.dim(2)) > 0 && device.info().largestGroup() >= LANES * LANES;
  }

  void forward(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    synchronized (device) {
      Blocks blocks = blocks(layout, blockSize(q.dim(2)));
      Part queries = blocks.queries;
      if (queries == null) {
        return;
      }
      Kernel.Launch launch = kernel("attention", q, blocks.size, blocks.rows).launch();
      heads(heads(heads(heads(launch, q), k), v), out);
      statistic(launch, lse).buffer(queries.memory());
      launch.value(q.dim(1) / k.dim(1)).value((float) scale);
      launch.run(new long[] {queries.count, q.dim(1)}, new long[] {LANES, blocks.rows});
    }
  }

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
    int heads = q.dim(1);
    int group = heads / k.dim(1);
    synchronized (device) {
      Blocks blocks = blocks(layout, blockSize(q.dim(2)));
      Part queries = blocks.queries;
      if (queries == null) {
        return;
      }
      cl_mem delta = device.scratch(4L * q.dim(0) * heads);
      long[] queryGroups = {queries.count, heads};
      long[] queryItems = {LANES, blocks.rows};
      Kernel.Launch launch = kernel("attention_delta", q, blocks.size, blocks.rows).launch();
      heads(heads(launch, out), dOut).buffer(delta).buffer(queries.memory()).value(heads);
      launch.run(queryGroups, queryItems);

      launch = kernel("attention_dq", q, blocks.size, blocks.rows).launch();
      heads(heads(heads(heads(heads(launch, q), k), v), dOut), dq);
      statistic(launch, lse).buffer(delta).buffer(queries.memory());
      launch.value(heads).value(group).value((float) scale).run(queryGroups, queryItems);

      for (Part keys : blocks.keys) {
        launch = kernel("attention_dkv", q, blocks.size, LANES).launch();
        heads(heads(heads(heads(heads(heads(launch, q), k), v), dOut), dk), dv);
        statistic(launch, lse).buffer(delta).buffer(keys.memory());
        launch.value(heads).value(group).value((float) scale);
        launch.run(new long[] {keys.count, k.dim(1)}, new long[] {LANES, LANES});
      }
    }
  }

  private Kernel kernel(String name, Tensor q, int size, int rows) {
    return device.kernel(FILE, name, "D=" + q.dim(2), "T=" + size / LANES, "LY=" + rows);
  }

  /** Arguments {@code HEADS(name)} of attention.cl. */
  private static Kernel.Launch heads(Kernel.Launch launch, Tensor t) {
    return launch.tensor(t).value(t.stride(0)).value(t.stride(1)).value(t.stride(2));
  }

  private static Kernel.Launch statistic(Kernel.Launch launch, Tensor lse) {
    return launch.tensor(lse).value(lse.stride(0)).value(lse.stride(1));
  }

  // ----------------------------------------------------------------- blocks

  private Blocks blocks(SequenceLayout layout, int size) {
    for (Blocks b : kept) {
      if (b.layout == layout && b.size == size) {
        return b;
      }
    }
    Blocks made = cut(layout, size);
    kept.add(made);
    if (kept.size() > KEPT) {
      kept.removeFirst().release();
    }
    return made;
  }

  private Blocks cut(SequenceLayout layout, int size) {
    int longest = 0;
    for (int length : layout.queryLength()) {
      longest = Math.max(longest, length);
    }
    int rows = longest > 2 * size / LANES ? LANES : 2; // item rows: decoding has one query each
    int queries = rows * size / LANES;
    List<int[]> queryBlocks = new ArrayList<>();
    List<List<int[]>> waves = new ArrayList<>();
    List<List<int[]>> ranges = new ArrayList<>();
    for (int s = 0; s < layout.sequences(); s++) {
      int length = layout.queryLength()[s];
      if (length == 0) {
        continue;
      }
      int step = layout.causal() ? 1 : 0;
      int firstKey = layout.keyStart()[s];
      int keyLength = layout.keyLength()[s];
      int firstQuery = layout.queryStart()[s];
      for (int i = 0; i < length; i += queries) {
        int n = Math.min(queries, length - i);
        int visible = layout.visibleKeys(s, i);
        queryBlocks.add(new int[] {firstQuery + i, n, firstKey, keyLength, visible, step});
      }
      int wave = wave(ranges, firstKey, firstKey + keyLength);
      if (wave == waves.size()) {
        waves.add(new ArrayList<>());
      }
      int visible = layout.visibleKeys(s, 0);
      for (int j = 0; j < keyLength; j += size) {
        int n = Math.min(size, keyLength - j);
        waves.get(wave).add(new int[] {firstKey + j, n, j, firstQuery, length, visible, step});
      }
    }
    return new Blocks(
        layout,
        size,
        rows,
        queryBlocks.isEmpty() ? null : upload(queryBlocks),
        waves.stream().filter(wave -> !wave.isEmpty()).map(this::upload).toList());
  }

  /** The first wave without a sequence that has a key in common with {@code [from, to)}. */
  private static int wave(List<List<int[]>> ranges, int from, int to) {
    for (int wave = 0; ; wave++) {
      if (wave == ranges.size()) {
        ranges.add(new ArrayList<>());
      }
      List<int[]> taken = ranges.get(wave);
      if (taken.stream().noneMatch(r -> from < r[1] && r[0] < to)) {
        taken.add(new int[] {from, to});
        return wave;
      }
    }
  }

  private Part upload(List<int[]> blocks) {
    int width = blocks.getFirst().length;
    int[] all = new int[width * blocks.size()];
    for (int i = 0; i < blocks.size(); i++) {
      System.arraycopy(blocks.get(i), 0, all, width * i, width);
    }
    Buffer buffer = device.allocate(4L * all.length);
    device.write(MemorySegment.ofArray(all), buffer.memory(), 0);
    return new Part(buffer, blocks.size());
  }
}
