package dev.hindsight.tornado;

import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.memory.DeviceBufferState;
import uk.ac.manchester.tornado.api.memory.XPUBuffer;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels in TornadoVM's task graphs. Not safe for use by several threads. */
final class TaskGraphMachine implements Machine {
  /**
   * For OpenCL: TornadoVM's own flags allow "fast relaxed math", which drops NaN and infinities and
   * has a less exact exp; these do not, and only keep warnings off.
   */
  private static final String OPENCL_FLAGS = "-w";

  /** Work-items along each side of a group, in every kernel. */
  private static final int SIDE = MatmulTiles.SIDE;

  /** Seconds beside which a launch costs nothing. */
  private static final double LONG_ENOUGH = 0.05;

  private static final double MEASURING = 0.5;

  private static final String GRAPH = "hindsight";
  private static final String TASK = "kernel";

  private final TornadoDevice device;
  private final int block;

  /**
   * @param block rows and columns of a product that one work-item computes: 4 or 8
   */
  TaskGraphMachine(TornadoDevice device, int block) {
    this.device = device;
    this.block = block;
  }

  /**
   * @throws IllegalStateException when the device has no groups as large as the kernels need
   */
  void requireUsable() {
    long[] group = device.getPhysicalDevice().getDeviceMaxWorkGroupSize();
    if (group.length > 0 && group[0] < (long) SIDE * SIDE) {
      throw new IllegalStateException(
          "backend tornado: work-groups on "
              + deviceName()
              + " have at most "
              + group[0]
              + " items, expected 256 or more; choose another with --device");
    }
  }

  /** What TornadoVM calls the device. */
  String deviceName() {
    return device.getPhysicalDevice().getDeviceName().strip();
  }

  /** OpenCL, PTX or what else TornadoVM drives the device by, and whose driver it is. */
  String platform() {
    return device.getTornadoVMBackend() + ", " + device.getPlatformName().strip();
  }

  /** Bytes that the work-items of a group may share. */
  long localMemory() {
    return device.getPhysicalDevice().getDeviceLocalMemorySize();
  }

  @Override
  public long memory() {
    String[] parts = // as in 4GB, TornadoVM's default
        System.getProperty("tornado.device.memory", "4GB").trim().split("(?<=[0-9])(?=[A-Za-z])");
    long unit =
        switch (parts.length == 2 ? parts[1].toUpperCase(Locale.ROOT) : "") {
          case "GB" -> 1 << 30;
          case "MB" -> 1 << 20;
          default -> 1;
        };
    return Math.multiplyExact(Long.parseLong(parts[0]), unit);
  }

  @Override
  public OptionalDouble measurePeak() {
    FloatArray out = new FloatArray(MultiplyAdds.GROUP * MultiplyAdds.GROUPS);
    IntArray rounds = new IntArray(1);
    TaskGraph graph = new TaskGraph(GRAPH);
    graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, rounds);
    graph.task(TASK, MultiplyAdds::run, new KernelContext(), out, rounds);
    graph.transferToHost(DataTransferMode.UNDER_DEMAND, out);
    WorkerGrid1D grid = new WorkerGrid1D(MultiplyAdds.GROUP * MultiplyAdds.GROUPS);
    grid.setLocalWork(MultiplyAdds.GROUP, 1, 1);
    Plan plan = new GraphPlan("multiply-adds", graph, new GridScheduler(GRAPH + "." + TASK, grid));
    rounds.set(0, 1);
    plan.run(); // compiles
    int count = 16;
    double best = 0;
    long start = System.nanoTime();
    while (System.nanoTime() - start < 1e9 * MEASURING) {
      rounds.set(0, count);
      long began = System.nanoTime();
      plan.run();
      double seconds = (System.nanoTime() - began) / 1e9;
      best = Math.max(best, MultiplyAdds.operations(count) / seconds);
      count *= seconds < LONG_ENOUGH ? 2 : 1;
    }
    plan.close();
    return OptionalDouble.of(best);
  }

  @Override
  public void free(DeviceBuffer buffer) {
    if (buffer.memory instanceof XPUBuffer memory) {
      buffer.memory = null;
      buffer.current = false;
      memory.markAsFreeBuffer();
      memory.deallocate();
    }
  }

  @Override
  public ProductPlan matmul(FloatArray a, FloatArray b, FloatArray out, IntArray numbers) {
    TaskGraph graph = new TaskGraph(GRAPH);
    graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, numbers);
    // When they are sent is decided at each run.
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, a, b, out);
    graph.task(TASK, MatmulTiles::matmul, new KernelContext(), a, b, out, numbers, block);
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, out);
    WorkerGrid grid = grid(1, 1, 1);
    GraphPlan plan = new GraphPlan("matmul", graph, new GridScheduler(GRAPH + "." + TASK, grid));
    return new ProductPlan() {
      @Override
      public void run(DeviceBuffer aBuffer, DeviceBuffer bBuffer, DeviceBuffer outBuffer) {
        int tile = SIDE * block;
        int columns = (numbers.get(MatmulKernels.N) + tile - 1) / tile;
        int rows = (numbers.get(MatmulKernels.M) + tile - 1) / tile;
        grid.setGlobalWork(
            (long) columns * SIDE, (long) rows * SIDE, numbers.get(MatmulKernels.BATCHES));
        plan.give(a, aBuffer, aBuffer.current);
        plan.give(b, bBuffer, bBuffer.current || bBuffer == aBuffer);
        plan.give(out, outBuffer, outBuffer.current);
        plan.run();
      }

      @Override
      public void close() {
        plan.take(a);
        plan.take(b);
        plan.take(out);
        plan.close();
      }
    };
  }

  @Override
  public int attentionTile(int channels) {
    long there = localMemory();
    return AttentionGradientTiles.localMemory(channels, 2) <= there
        ? 2
        : AttentionGradientTiles.localMemory(channels, 1) <= there ? 1 : 0;
  }

  @Override
  public Plan attention(AttentionShape shape, AttentionArrays arrays) {
    FloatArray out = arrays.out.array();
    FloatArray lse = arrays.lse.array();
    TaskGraph graph = new TaskGraph(GRAPH);
    graph.transferToDevice(
        DataTransferMode.EVERY_EXECUTION,
        arrays.q.array(),
        arrays.k.array(),
        arrays.v.array(),
        arrays.queryBlocks);
    graph.task(
        TASK,
        AttentionTiles::forward,
        new KernelContext(),
        arrays.q.array(),
        arrays.k.array(),
        arrays.v.array(),
        out,
        lse,
        arrays.queryBlocks,
        shape.channels(),
        shape.tile(),
        shape.scale());
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, out, lse);
    WorkerGrid grid = grid(shape.queryBlocks(), shape.heads(), 1);
    return new GraphPlan(
        "attention of " + shape, graph, new GridScheduler(GRAPH + "." + TASK, grid));
  }

  @Override
  public Plan attentionBackward(AttentionShape shape, AttentionArrays arrays) {
    FloatArray q = arrays.q.array();
    FloatArray k = arrays.k.array();
    FloatArray v = arrays.v.array();
    FloatArray out = arrays.out.array();
    FloatArray lse = arrays.lse.array();
    FloatArray dOut = arrays.dOut.array();
    FloatArray delta = arrays.delta.array();
    FloatArray dq = arrays.dq.array();
    FloatArray dk = arrays.dk.array();
    FloatArray dv = arrays.dv.array();
    int channels = shape.channels();
    int tile = shape.tile();
    float scale = shape.scale();
    TaskGraph graph = new TaskGraph(GRAPH);
    graph.transferToDevice(
        DataTransferMode.EVERY_EXECUTION,
        q,
        k,
        v,
        out,
        lse,
        dOut,
        arrays.queryBlocks,
        arrays.keyBlocks);
    graph.task(
        "delta",
        AttentionGradientTiles::delta,
        new KernelContext(),
        out,
        dOut,
        delta,
        arrays.queryBlocks,
        channels);
    graph.task(
        "dq",
        AttentionGradientTiles::dq,
        new KernelContext(),
        q,
        k,
        v,
        dOut,
        lse,
        delta,
        dq,
        arrays.queryBlocks,
        channels,
        tile,
        scale);
    graph.task(
        "dkv",
        AttentionGradientTiles::dkv,
        new KernelContext(),
        q,
        k,
        v,
        dOut,
        lse,
        delta,
        dk,
        dv,
        arrays.keyBlocks,
        channels,
        tile,
        scale);
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, dq, dk, dv);
    GridScheduler grids = new GridScheduler();
    grids.addWorkerGrid(GRAPH + ".delta", grid(shape.queryBlocks(), shape.heads(), 1));
    grids.addWorkerGrid(GRAPH + ".dq", grid(shape.queryBlocks(), shape.heads(), 1));
    grids.addWorkerGrid(GRAPH + ".dkv", grid(shape.keyBlocks(), shape.keyHeads(), 1));
    return new GraphPlan("gradients of attention of " + shape, graph, grids);
  }

  /** So many groups along each axis. */
  private static WorkerGrid grid(int x, int y, int z) {
    WorkerGrid3D grid = new WorkerGrid3D(x * SIDE, y * SIDE, z);
    grid.setLocalWork(SIDE, SIDE, 1);
    return grid;
  }

  private final class GraphPlan implements Plan {
    private final String what;
    private final TornadoExecutionPlan plan;
    private final Map<Object, DeviceBufferState> states;
    private boolean failed;

    GraphPlan(String what, TaskGraph graph, GridScheduler grids) {
      this.what = what;
      ImmutableTaskGraph snapshot = graph.snapshot();
      plan =
          new TornadoExecutionPlan(snapshot)
              .withDevice(device)
              .withGridScheduler(grids)
              .withCompilerFlags(TornadoVMBackendType.OPENCL, OPENCL_FLAGS);
      states = GraphStates.of(snapshot, device);
    }

    /** Lets an array of the graph lie in {@code buffer}; it is sent if it is not there. */
    void give(FloatArray array, DeviceBuffer buffer, boolean there) {
      DeviceBufferState state = state(array);
      if (buffer.memory instanceof XPUBuffer memory) {
        state.setXPUBuffer(memory);
      } else {
        state.setXPUBuffer(null);
        try {
          device.allocate(array, 0, state, Access.READ_WRITE);
          buffer.memory = state.getXPUBuffer();
        } finally {
          state.setXPUBuffer(buffer.memory == null ? null : state.getXPUBuffer());
        }
      }
      state.setContents(there);
    }

    /** The graph no longer knows the memory that was given to an array. */
    void take(FloatArray array) {
      state(array).setXPUBuffer(null);
    }

    private DeviceBufferState state(FloatArray array) {
      return Objects.requireNonNull(states.get(array), "an array of the graph");
    }

    @Override
    public void run() {
      try {
        plan.execute();
      } catch (TornadoOutOfMemoryException e) {
        failed = true;
        throw e;
      } catch (RuntimeException | TornadoInternalError e) {
        failed = true;
        throw new IllegalStateException(
            "backend tornado: "
                + what
                + " could not be compiled for or run on "
                + deviceName()
                + ": "
                + e.getMessage()
                + "; --backend vector does without the device",
            e);
      }
    }

    @Override
    public void close() {
      try {
        plan.freeDeviceMemory();
        plan.close();
        for (DeviceBufferState state : states.values()) { // which TornadoVM forgets: what is
          // neither sent nor fetched, and the kernels' contexts
          if (state.hasObjectBuffer()) {
            state.getXPUBuffer().markAsFreeBuffer();
            state.setXPUBuffer(null);
          }
        }
      } catch (TornadoExecutionPlanException | TornadoInternalError e) {
        if (!failed) { // else some of its arrays were never allocated, at the first of which this
          // ends
          throw new IllegalStateException(
              "backend tornado: " + what + " cannot give its memory on " + deviceName() + " back",
              e);
        }
      }
    }
  }

  @Override
  public String toString() {
    return "TornadoVM on " + deviceName() + ", blocks of " + block;
  }
}
