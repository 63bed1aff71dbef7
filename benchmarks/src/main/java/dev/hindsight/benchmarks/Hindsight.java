package dev.hindsight.benchmarks;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.Workspace;
import java.util.Arrays;

/** This project's own kernels: one of its backends. */
public final class Hindsight implements Contender {
  /** The property that says on which of the backend's devices. */
  static final String DEVICE = "hindsight.bench.device";

  private static final double EPSILON = 1e-5;

  /**
   * What the memory limit reads: 28 MB, as much as decoding with the small GPT reads for a token. A
   * third cache that holds its weights holds these, too.
   */
  private static final int READ_ROWS = 1700;

  private static final int READ_COLUMNS = 4096;

  private final Backend backend;
  private final Workspace workspace;
  private final Philox random = new Philox(1, 0x6265_6e63_68L);

  /**
   * @param name of a backend
   */
  Hindsight(String name) {
    this.backend = Backends.get(name, System.getProperty(DEVICE));
    this.workspace = new Workspace(backend);
  }

  @Override
  public String name() {
    return backend.name();
  }

  @Override
  public void synchronise() {
    backend.synchronise();
  }

  @Override
  public String description() {
    return backend.description() + ", JVM " + Runtime.version();
  }

  @Override
  public String summary() {
    return String.join("; ", backend.summary());
  }

  @Override
  public Runnable prepare(Case work) {
    return switch (work) {
      case Case.Sgemm c -> sgemm(c);
      case Case.Elementwise c -> elementwise(c);
      case Case.Attention c -> attention(c);
      case Case.Train c -> Models.train(backend, c);
      case Case.Decode c -> Models.decode(backend, c);
      case Case.PretrainTiny c -> Models.pretrain(backend, c);
      case Case.SdpoTiny c -> Models.sdpo(backend, c);
      case Case.Memory c -> Models.train(backend, c.train());
    };
  }

  /** What can be done here at most, with as many threads as this process has. */
  Limits limits() {
    return new Limits(
        backend.measurePeak().orElse(Double.NaN) / 1e9,
        backend.measureBandwidth().orElseGet(this::readingAgain) / 1e9);
  }

  private double readingAgain() {
    Tensor x = TensorOps.full(backend, DType.F32, Shape.of(READ_ROWS, READ_COLUMNS), 1);
    double seconds = Double.MAX_VALUE;
    for (int i = 0; i < 100; i++) {
      long start = System.nanoTime();
      TensorOps.reduce(ReduceOp.SUM, x, 1);
      seconds = Math.min(seconds, (System.nanoTime() - start) / 1e9);
    }
    return 4.0 * x.size() / seconds;
  }

  private Runnable sgemm(Case.Sgemm c) {
    Tensor a = operand(c.batch(), c.m(), c.k(), c.transposeA());
    Tensor b = operand(c.batch(), c.k(), c.n(), c.transposeB());
    Tensor out = TensorOps.zeros(backend, DType.F32, Shape.of(out(c)));
    return () -> TensorOps.matmul(a, b, out, false);
  }

  private static int[] out(Case.Sgemm c) {
    return c.batch() == 1 ? new int[] {c.m(), c.n()} : new int[] {c.batch(), c.m(), c.n()};
  }

  private Tensor operand(int batch, int rows, int columns, boolean transposed) {
    int last = transposed ? rows : columns;
    int first = transposed ? columns : rows;
    Tensor t = batch == 1 ? random(first, last) : random(batch, first, last);
    return transposed ? t.transpose(-2, -1) : t;
  }

  private Runnable elementwise(Case.Elementwise c) {
    Tensor x = random(c.rows(), c.columns());
    Tensor y = random(c.rows(), c.columns());
    Tensor weight = random(c.columns());
    Tensor bias = random(c.columns());
    Tensor m = TensorOps.zeros(backend, DType.F32, x.shape());
    Tensor v = TensorOps.zeros(backend, DType.F32, x.shape());
    AdamWStep step = new AdamWStep(1e-3, .9, .999, 1e-8, .01, 10, 1);
    Runnable pass =
        switch (c.op()) {
          case ADD -> () -> TensorOps.add(x, y);
          case GELU -> () -> TensorOps.unary(UnaryOp.GELU, x);
          case SILU -> () -> TensorOps.unary(UnaryOp.SILU, x);
          case SOFTMAX -> () -> LayerOps.softmax(x);
          case RMS_NORM -> () -> LayerOps.rmsNorm(x, weight, EPSILON);
          case LAYER_NORM -> () -> LayerOps.layerNorm(x, weight, bias, EPSILON);
          case ADAMW -> () -> TensorOps.adamW(x, y, m, v, step);
        };
    return inWorkspace(pass);
  }

  private Runnable attention(Case.Attention c) {
    int rows = c.batch() * c.time();
    Tensor q = random(rows, c.heads(), c.headDim());
    Tensor k = random(rows, c.heads(), c.headDim());
    Tensor v = random(rows, c.heads(), c.headDim());
    Tensor dOut = random(rows, c.heads(), c.headDim());
    int[] lengths = new int[c.batch()];
    Arrays.fill(lengths, c.time());
    SequenceLayout layout = SequenceLayout.packed(lengths);
    double scale = 1 / Math.sqrt(c.headDim());
    return inWorkspace(
        () -> {
          LayerOps.Attention y = LayerOps.attention(q, k, v, layout, scale);
          if (c.backward()) {
            LayerOps.attentionBackward(q, k, v, layout, scale, y, dOut);
          }
        });
  }

  private Runnable inWorkspace(Runnable work) {
    return () -> {
      try (var _ = workspace.open()) {
        work.run();
      }
    };
  }

  /** Uniform in [-1, 1). */
  private Tensor random(int... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = 2 * (float) random.nextDouble() - 1;
    }
    return Tensor.of(backend, shape, values);
  }
}
