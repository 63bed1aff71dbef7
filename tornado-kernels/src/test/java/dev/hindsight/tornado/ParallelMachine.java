package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Runs the {@code @Parallel} kernels on TornadoVM, which compiles them anew at each run: the
 * extents of their loops are constants of the code.
 */
final class ParallelMachine implements Machine {
  private final TornadoDevice device;

  ParallelMachine(TornadoDevice device) {
    this.device = device;
  }

  private void execute(TaskGraph graph) {
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withDevice(device).withCompilerFlags(TornadoVMBackendType.OPENCL, "-w").execute();
    } catch (TornadoExecutionPlanException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public ProductPlan matmul(FloatArray a, FloatArray b, FloatArray out, IntArray numbers) {
    return new ProductPlan() {
      @Override
      public void run(DeviceBuffer aBuffer, DeviceBuffer bBuffer, DeviceBuffer outBuffer) {
        TaskGraph graph = new TaskGraph("twin");
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, a, b, numbers, out);
        graph.task(
            "matmul",
            MatmulKernels::matmul,
            a,
            b,
            out,
            numbers,
            numbers.get(MatmulKernels.BATCHES),
            numbers.get(MatmulKernels.M),
            numbers.get(MatmulKernels.N));
        graph.transferToHost(DataTransferMode.EVERY_EXECUTION, out);
        execute(graph);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public long memory() {
    return 1 << 30;
  }

  @Override
  public void free(DeviceBuffer buffer) {}

  @Override
  public int attentionTile(int channels) {
    return 1;
  }

  @Override
  public Plan attention(AttentionShape s, AttentionArrays arrays) {
    return PlainMachine.plan(
        () -> {
          FloatArray q = arrays.q.array();
          FloatArray k = arrays.k.array();
          FloatArray v = arrays.v.array();
          FloatArray out = arrays.out.array();
          FloatArray lse = arrays.lse.array();
          IntArray queries = PlainMachine.queries(s, arrays);
          TaskGraph graph = new TaskGraph("twin");
          graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, q, k, v, queries);
          graph.task(
              "forward",
              AttentionKernels::forward,
              q,
              k,
              v,
              out,
              lse,
              queries,
              s.queryRows(),
              s.heads(),
              s.keyHeads(),
              s.channels(),
              s.scale());
          graph.transferToHost(DataTransferMode.EVERY_EXECUTION, out, lse);
          execute(graph);
        });
  }

  @Override
  public Plan attentionBackward(AttentionShape s, AttentionArrays arrays) {
    return PlainMachine.plan(
        () -> {
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
          IntArray queries = PlainMachine.queries(s, arrays);
          IntArray keys = PlainMachine.keys(s, arrays);
          int rows = s.queryRows();
          int keyRows = s.keyRows();
          int h = s.heads();
          int kh = s.keyHeads();
          int c = s.channels();
          float scale = s.scale();
          TaskGraph graph = new TaskGraph("twin");
          graph.transferToDevice(
              DataTransferMode.EVERY_EXECUTION, q, k, v, out, lse, dOut, queries, keys);
          graph.task("delta", AttentionKernels::delta, out, dOut, delta, rows, h, c);
          graph.task(
              "dq",
              AttentionKernels::dq,
              q,
              k,
              v,
              dOut,
              lse,
              delta,
              dq,
              queries,
              rows,
              h,
              kh,
              c,
              scale);
          graph.task(
              "dkv",
              AttentionKernels::dkv,
              q,
              k,
              v,
              dOut,
              lse,
              delta,
              dk,
              dv,
              keys,
              keyRows,
              h,
              kh,
              c,
              scale);
          graph.transferToHost(DataTransferMode.EVERY_EXECUTION, dq, dk, dv);
          execute(graph);
        });
  }

  @Override
  public String toString() {
    return "@Parallel on TornadoVM";
  }
}
