package dev.hindsight.opencl;

import dev.hindsight.engine.Tensor;
import org.jocl.cl_mem;

/** Gathers and scatters: indexing.cl, scatter_rows.cl. */
final class Indexing {
  private static final String FILE = "indexing.cl";
  private static final String SCATTER = "scatter_rows.cl";
  private static final int BLOCK = 1024;
  private static final int GROUP = 128;

  private final Rows rows;
  private final Device device;

  /** Work-items that share a row of {@link #scatterAddLast}. */
  private final int lanes;

  /**
   * A CPU goes through the lanes one after the other, a GPU through 32 at once; bits do not depend
   * on that.
   */
  Indexing(Rows rows) {
    this(rows, rows.device().info().type().equals("cpu") ? 8 : 32);
  }

  Indexing(Rows rows, int lanes) {
    this.rows = rows;
    this.device = rows.device();
    this.lanes = lanes;
  }

  private Kernel kernel(String name) {
    return device.kernel(FILE, name, "BLOCK=" + BLOCK, "LANES=" + lanes, "ROWS=" + GROUP / lanes);
  }

  /** Of elements of four bytes. */
  void gatherRows(Tensor table, Tensor ids, Tensor out) {
    int width = table.dim(1);
    int blocks = Math.max(1, (width + BLOCK - 1) / BLOCK); // ids count where rows are empty, too
    synchronized (device) {
      Kernel.Launch launch = kernel("gather_rows").launch().tensor(table);
      launch.value(table.stride(0)).value(table.stride(1));
      Rows.vector(launch, ids).tensor(out).buffer(device.indexErrors().note());
      launch.value(table.dim(0)).value(width).value(blocks);
      launch.run(new long[] {(long) ids.dim(0) * blocks}, new long[] {GROUP});
    }
  }

  /** Of elements of four bytes. */
  void gatherLast(Tensor x, Tensor index, Tensor out) {
    Tensor in = rows.of(x);
    Tensor ids = rows.of(index);
    synchronized (device) {
      Kernel.Launch launch = Rows.row(kernel("gather_last").launch(), in);
      Rows.row(launch, ids).tensor(out).buffer(device.indexErrors().note());
      launch.value(in.dim(1)).value(ids.dim(1)).value(ids.size()).run(ids.size(), GROUP);
    }
  }

  void scatterAddLast(Tensor x, Tensor index, Tensor out) {
    Tensor in = rows.of(x);
    Tensor ids = rows.of(index);
    Tensor to = rows.of(out);
    synchronized (device) {
      Kernel.Launch launch = Rows.row(kernel("scatter_add_last").launch(), in);
      Rows.row(launch, ids);
      Rows.row(launch, to).buffer(device.indexErrors().note());
      launch.value(to.dim(1)).value(ids.dim(1)).value((long) ids.dim(0));
      int together = GROUP / lanes;
      long groups = ids.dim(1) == 0 ? 0 : (ids.dim(0) + together - 1L) / together;
      launch.run(new long[] {1, groups}, new long[] {lanes, together});
    }
  }

  void scatterAddRows(Tensor from, Tensor ids, Tensor out) {
    int count = ids.dim(0);
    int width = from.dim(1);
    if (count == 0) {
      return;
    }
    Tensor in = rows.of(from);
    synchronized (device) {
      cl_mem keys = sortedKeys(ids, out.dim(0)); // where rows are empty, too: it checks the ids
      int group = width <= 32 ? 32 : width <= 64 ? 64 : 128;
      int blocks = (width + group - 1) / group;
      Kernel.Launch launch = scatter("add_rows").launch().buffer(keys).value((long) count);
      Rows.row(launch, in);
      Rows.row(launch, out).value(width).value(blocks);
      launch.run(new long[] {(long) count * blocks}, new long[] {group});
    }
  }

  /** Keys (id, place), ascending, those of ids that do not fit behind all others. */
  private cl_mem sortedKeys(Tensor ids, int extent) {
    long count = ids.dim(0);
    int tile = tile();
    long padded = tile;
    while (padded < count) {
      padded *= 2;
    }
    long[] tiles = {padded / tile};
    long[] group = {tile / 2};
    cl_mem keys = device.scratch(8 * padded);
    Kernel.Launch launch = Rows.vector(scatter("sort_tiles").launch(), ids);
    launch.value(count).value(extent).buffer(device.indexErrors().note()).buffer(keys);
    launch.run(tiles, group);
    for (long size = tile; size < padded; size *= 2) {
      for (long distance = size; distance >= tile; distance /= 2) {
        launch = scatter("merge_step").launch().buffer(keys).value(size).value(distance);
        launch.run(tiles, group);
      }
      scatter("merge_tiles").launch().buffer(keys).value(size).run(tiles, group);
    }
    return keys;
  }

  private int tile() {
    return 2 * Math.min(512, Integer.highestOneBit(device.info().largestGroup()));
  }

  private Kernel scatter(String name) {
    return device.kernel(SCATTER, name, "TILE=" + tile());
  }
}
