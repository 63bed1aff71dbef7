package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
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
  public Plan matmul(
      ProductShape shape, FloatArray a, FloatArray b, FloatArray out, IntArray numbers) {
    TaskGraph graph = new TaskGraph(GRAPH);
    graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, a, b, numbers);
    if (shape.sendsOut()) {
      graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, out);
    }
    graph.task(TASK, MatmulTiles::matmul, new KernelContext(), a, b, out, numbers, block);
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, out);
    int tile = SIDE * block;
    int columns = (shape.columns() + tile - 1) / tile;
    int rows = (shape.rows() + tile - 1) / tile;
    GridScheduler grids =
        new GridScheduler(GRAPH + "." + TASK, grid(columns, rows, shape.batches()));
    return new GraphPlan("matmul for " + shape, graph, grids);
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
    // Stays there; but TornadoVM gives back the memory of what goes to or comes from the device
    // only.
    graph.transferToHost(DataTransferMode.UNDER_DEMAND, delta);
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
    private boolean failed;

    GraphPlan(String what, TaskGraph graph, GridScheduler grids) {
      this.what = what;
      plan =
          new TornadoExecutionPlan(graph.snapshot())
              .withDevice(device)
              .withGridScheduler(grids)
              .withCompilerFlags(TornadoVMBackendType.OPENCL, OPENCL_FLAGS);
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
