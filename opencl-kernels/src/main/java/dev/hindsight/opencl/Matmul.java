package dev.hindsight.opencl;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import dev.hindsight.opencl.DeviceMemory.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products: how a problem is laid out for {@code matmul.cl}. {@link Tiles} says in which
 * tile it is computed; bits do not depend on that.
 */
final class Matmul {
  private static final int BATCH_AXES = 3;
  private static final String PANELS = "matmul_panels.cl";

  /** Of matmul_panels.cl. */
  private static final int PACK_ROWS = 64;

  private final Device device;
  private final Tiles tiles;

  Matmul(Device device) {
    this.device = device;
    this.tiles = new Tiles(device);
  }

  /** What a linear layer adds to each element of the product; see matmul.cl. */
  private record Addends(@Nullable Tensor bias, @Nullable Tensor residual) {
    static final Addends NONE = new Addends(null, null);

    void define(List<String> definitions) {
      if (bias != null) {
        definitions.add("BIAS");
      }
      if (residual != null) {
        definitions.add("RESIDUAL");
      }
    }

    void pass(Kernel.Launch launch) {
      if (bias != null) {
        launch.tensor(bias).value(bias.stride(0));
      }
      if (residual != null) {
        launch.tensor(residual);
      }
    }
  }

  /** See {@link dev.hindsight.engine.Backend#matmul}; F32. */
  void run(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    run(a, b, out, accumulate, Addends.NONE);
  }

  /**
   * {@code out = x weight^T + bias + residual}; see {@link dev.hindsight.engine.Backend#linear};
   * F32.
   */
  void linear(
      Tensor x, Tensor weight, @Nullable Tensor bias, @Nullable Tensor residual, Tensor out) {
    run(x, weight.transpose(0, 1), out, false, new Addends(bias, residual));
  }

  private void run(Tensor a, Tensor b, Tensor out, boolean accumulate, Addends addends) {
    if (out.size() == 0) {
      return;
    }
    if (out.rank() - 2 > BATCH_AXES) {
      for (int i = 0; i < out.dim(0); i++) {
        run(a.select(0, i), b.select(0, i), out.select(0, i), accumulate, addends);
      }
      return;
    }
    Problem problem = new Problem(a, b, out);
    Tile tile = tiles.choose(problem.kind(), most -> trial(a, b, out, most));
    launch(problem, accumulate, addends, tile);
  }

  /** The product in one tile, for measurements. */
  void run(Tensor a, Tensor b, Tensor out, Tile tile) {
    launch(new Problem(a, b, out), false, Addends.NONE, tile);
  }

  /** A part of the product, of no more than so many operations, to memory that nobody reads. */
  private Tiles.Trial trial(Tensor a, Tensor b, Tensor out, double most) {
    Tensor left = a;
    Tensor right = b;
    for (Problem p = new Problem(a, b, out); p.kind().operations() > most; ) {
      if (p.m >= Math.max(p.n, p.k)) {
        left = half(left, -2);
      } else if (p.n >= p.k) {
        right = half(right, -1);
      } else {
        left = half(left, -1);
        right = half(right, -2);
      }
      p = new Problem(left, right, out.slice(-2, 0, left.dim(-2)).slice(-1, 0, right.dim(-1)));
    }
    long bytes = out.size() * Float.BYTES;
    Buffer memory = device.allocate(bytes);
    Tensor to =
        new Tensor(
            new DeviceStorage(
                out.storage().backend(), memory, 0, bytes, Workspace.Generation.ETERNAL),
            DType.F32,
            out.shape().with(-2, left.dim(-2)).with(-1, right.dim(-1)));
    Problem problem = new Problem(left, right, to);
    return new Tiles.Trial() {
      @Override
      public void run(Tile tile) {
        launch(problem, false, Addends.NONE, tile);
      }

      @Override
      public void close() {
        memory.release();
      }
    };
  }

  private static Tensor half(Tensor t, int axis) {
    return t.slice(axis, 0, t.dim(axis) / 2);
  }

  private void launch(Problem p, boolean accumulate, Addends addends, Tile tile) {
    if (tile.inPanels()) {
      inPanels(p, accumulate, addends, tile);
    } else {
      inTiles(p, accumulate, addends, tile);
    }
  }

  private void inTiles(Problem p, boolean accumulate, Addends addends, Tile tile) {
    List<String> definitions = new ArrayList<>(tile.definitions());
    definitions.add("A_ALONG_K=" + (p.aAlongK ? 1 : 0));
    definitions.add("B_ALONG_K=" + (p.bAlongK ? 1 : 0));
    definitions.add("VECTOR=" + (p.vector ? 1 : 0));
    addends.define(definitions);
    Kernel kernel = device.kernel("matmul.cl", "matmul", definitions.toArray(String[]::new));
    synchronized (device) {
      Kernel.Launch launch = kernel.launch().memory(p.a).memory(p.b).memory(p.out);
      addends.pass(launch);
      launch
          .longs(p.layout(accumulate))
          .run(new long[] {tile.groups(p.m, p.n), p.batch}, new long[] {tile.group(), 1});
    }
  }

  private void inPanels(Problem p, boolean accumulate, Addends addends, Tile tile) {
    List<String> definitions = new ArrayList<>(tile.definitions());
    addends.define(definitions);
    String[] all = definitions.toArray(String[]::new);
    long panels = (p.n + tile.n() - 1) / tile.n();
    long[] alone = {1, 1, 1};
    long packs = p.sharesB() ? 1 : p.batch;
    synchronized (device) {
      cl_mem packed = device.scratch(packs * panels * Math.max(1, p.k) * tile.n() * Float.BYTES);
      device
          .kernel(PANELS, "pack_panels", all)
          .launch()
          .memory(p.b)
          .buffer(packed)
          .value(p.b.stride(-2))
          .value(p.b.stride(-1))
          .longs(p.layout(accumulate))
          .run(new long[] {panels, (p.k + PACK_ROWS - 1) / PACK_ROWS, packs}, alone);
      Kernel.Launch launch = device.kernel(PANELS, "matmul_panels", all).launch();
      launch.memory(p.a).buffer(packed).memory(p.out);
      addends.pass(launch);
      launch
          .value(p.a.stride(-2))
          .value(p.a.stride(-1))
          .value(p.sharesB() ? 1 : 0)
          .longs(p.layout(accumulate))
          .run(new long[] {(p.m + tile.m() - 1) / tile.m(), panels, p.batch}, alone);
    }
  }

  /** One product, and how its operands lie. */
  private static final class Problem {
    private final Tensor a;
    private final Tensor b;
    private final Tensor out;
    private final long m;
    private final long n;
    private final long k;

    /** Whether neighbours lie along k. */
    private final boolean aAlongK;

    private final boolean bAlongK;

    /** Whether four neighbours may be loaded at once. */
    private final boolean vector;

    private final long[] extent = new long[BATCH_AXES];
    private final long[] strides = new long[3 * BATCH_AXES];
    private long batch = 1;

    Problem(Tensor a, Tensor b, Tensor out) {
      this.a = a;
      this.b = b;
      this.out = out;
      this.m = out.dim(-2);
      this.n = out.dim(-1);
      this.k = a.dim(-1);
      this.aAlongK = a.stride(-1) == 1 || a.stride(-2) != 1;
      this.bAlongK = b.stride(-2) == 1 && b.stride(-1) != 1;
      int axes = out.rank() - 2;
      long all = DeviceStorage.first(a) | DeviceStorage.first(b) | aOther() | bOther();
      for (int i = 0; i < BATCH_AXES; i++) {
        int axis = i - (BATCH_AXES - axes);
        extent[i] = axis < 0 ? 1 : out.dim(axis);
        batch *= extent[i];
        if (axis >= 0) {
          strides[3 * i] = a.stride(axis);
          strides[3 * i + 1] = b.stride(axis);
          strides[3 * i + 2] = out.stride(axis);
          all |= a.stride(axis) | b.stride(axis);
        }
      }
      this.vector = aUnit() == 1 && bUnit() == 1 && all % 4 == 0;
    }

    private long aUnit() {
      return aAlongK ? a.stride(-1) : a.stride(-2);
    }

    private long aOther() {
      return aAlongK ? a.stride(-2) : a.stride(-1);
    }

    private long bUnit() {
      return bAlongK ? b.stride(-2) : b.stride(-1);
    }

    private long bOther() {
      return bAlongK ? b.stride(-1) : b.stride(-2);
    }

    /** Whether all products of the batch have the same b. */
    boolean sharesB() {
      return strides[1] == 0 && strides[4] == 0 && strides[7] == 0;
    }

    Tiles.Kind kind() {
      return new Tiles.Kind(aAlongK, bAlongK, vector, m, n, k, batch);
    }

    /** The structure {@code Problem} of matmul.cl. */
    long[] layout(boolean accumulate) {
      return new long[] {
        DeviceStorage.first(a),
        DeviceStorage.first(b),
        DeviceStorage.first(out),
        m,
        n,
        k,
        aOther(),
        bOther(),
        out.stride(-2),
        aUnit(),
        bUnit(),
        extent[1],
        extent[2],
        strides[0],
        strides[1],
        strides[2],
        strides[3],
        strides[4],
        strides[5],
        strides[6],
        strides[7],
        strides[8],
        accumulate ? 1 : 0
      };
    }
  }
}
