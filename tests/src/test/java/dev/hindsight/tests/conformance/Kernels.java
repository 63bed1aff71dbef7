package dev.hindsight.tests.conformance;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * One call of every kernel, large enough that a backend with threads divides it, under the name of
 * its {@link Backend} method.
 */
final class Kernels {
  /** Runs a kernel and gives every result. */
  interface Call {
    Tensor[] run(Backend backend);
  }

  private static final Shape LARGE = Shape.of(503, 401);

  /** Drawn once: the same operands serve many kernels on every number of threads. */
  private static final Map<String, float[]> DATA = new HashMap<>();

  private Kernels() {}

  private static Tensor f32(Backend backend, long seed, Shape shape) {
    return Tensor.of(
        backend, shape, DATA.computeIfAbsent(seed + " " + shape, key -> floats(seed, shape)));
  }

  private static float[] floats(long seed, Shape shape) {
    double[] values = Values.uniform(seed, shape);
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static Tensor f32(Backend backend, long seed, int... dims) {
    return f32(backend, seed, Shape.of(dims));
  }

  private static Tensor ids(Backend backend, int extent, int... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.of(backend, shape, Values.indices(9, shape.size(), extent));
  }

  private static Tensor[] of(Tensor... results) {
    return results;
  }

  static Map<String, Call> all() {
    Map<String, Call> calls = new TreeMap<>();
    elementwise(calls);
    reductions(calls);
    indexing(calls);
    rows(calls);
    transformer(calls);
    return calls;
  }

  private static void elementwise(Map<String, Call> calls) {
    calls.put("fill", b -> of(TensorOps.full(b, DType.F32, LARGE, 0.3)));
    calls.put("copy", b -> of(TensorOps.copyOf(f32(b, 1, LARGE).transpose(0, 1))));
    calls.put("unary", b -> of(TensorOps.unary(UnaryOp.EXP, f32(b, 1, LARGE))));
    calls.put(
        "unaryBackward",
        b -> {
          Tensor x = f32(b, 1, LARGE);
          return of(TensorOps.unaryBackward(UnaryOp.GELU, x, x, x));
        });
    calls.put(
        "binary", b -> of(TensorOps.binary(BinaryOp.MUL, f32(b, 1, LARGE), f32(b, 2, 503, 1))));
    calls.put("affine", b -> of(TensorOps.affine(f32(b, 1, LARGE), 0.3, 0.1)));
    calls.put("clamp", b -> of(TensorOps.clamp(f32(b, 1, LARGE), -0.3, 0.1)));
    calls.put(
        "where", b -> of(TensorOps.where(f32(b, 1, 401), f32(b, 2, LARGE), f32(b, 3, LARGE))));
    calls.put(
        "addScaled",
        b -> {
          Tensor out = f32(b, 1, LARGE);
          TensorOps.addScaled(f32(b, 2, LARGE), 0.3, out);
          return of(out);
        });
    calls.put(
        "lerp",
        b -> {
          Tensor out = f32(b, 1, LARGE);
          TensorOps.lerp(f32(b, 2, LARGE), 0.3, out);
          return of(out);
        });
    calls.put("swiglu", b -> of(LayerOps.swiglu(f32(b, 1, LARGE), f32(b, 2, LARGE))));
    calls.put(
        "swigluBackward",
        b -> {
          Tensor x = f32(b, 1, LARGE);
          LayerOps.Pair d = LayerOps.swigluBackward(x, f32(b, 2, LARGE), x);
          return of(d.first(), d.second());
        });
    calls.put(
        "adamW",
        b -> {
          Tensor p = f32(b, 1, LARGE);
          Tensor m = f32(b, 2, LARGE);
          Tensor v = TensorOps.unary(UnaryOp.SQUARE, m);
          TensorOps.adamW(
              p, f32(b, 3, LARGE), m, v, new AdamWStep(0.1, 0.9, 0.99, 1e-8, 0.1, 3, 1));
          return of(p, m, v);
        });
  }

  private static void reductions(Map<String, Call> calls) {
    calls.put(
        "reduce",
        b -> {
          Tensor x = f32(b, 1, LARGE);
          Tensor[] results = new Tensor[3 * ReduceOp.values().length];
          for (ReduceOp op : ReduceOp.values()) {
            int i = 3 * op.ordinal();
            results[i] = TensorOps.reduce(op, x, 0);
            results[i + 1] = TensorOps.reduce(op, x, 1);
            Tensor flat = x.reshape(Shape.of(503 * 401));
            results[i + 2] = TensorOps.reduce(op, flat, 0);
          }
          return results;
        });
    calls.put(
        "sumOfSquares",
        b -> {
          double sum = TensorOps.sumOfSquares(f32(b, 1, LARGE));
          return of(Tensor.of(Subject.TRUTH, Shape.SCALAR, sum));
        });
  }

  private static void indexing(Map<String, Call> calls) {
    calls.put("gatherRows", b -> of(TensorOps.gatherRows(f32(b, 1, LARGE), ids(b, 503, 700))));
    calls.put(
        "scatterAddRows",
        b -> {
          Tensor out = f32(b, 1, 50, 401);
          TensorOps.scatterAddRows(f32(b, 2, LARGE), ids(b, 50, 503), out);
          return of(out);
        });
    calls.put("gatherLast", b -> of(TensorOps.gatherLast(f32(b, 1, LARGE), ids(b, 401, 503, 64))));
    calls.put(
        "scatterAddLast",
        b -> of(TensorOps.scatterAddLast(f32(b, 1, LARGE), ids(b, 70, 503, 401), 70)));
    calls.put(
        "topK",
        b -> {
          TensorOps.TopK top = TensorOps.topK(f32(b, 1, LARGE), 20);
          return of(top.values(), top.indices());
        });
  }

  private static void rows(Map<String, Call> calls) {
    calls.put("softmax", b -> of(LayerOps.softmax(f32(b, 1, LARGE))));
    calls.put("logSoftmax", b -> of(LayerOps.logSoftmax(f32(b, 1, LARGE))));
    calls.put(
        "softmaxBackward", b -> of(LayerOps.softmaxBackward(f32(b, 1, LARGE), f32(b, 2, LARGE))));
    calls.put(
        "logSoftmaxBackward",
        b -> of(LayerOps.logSoftmaxBackward(f32(b, 1, LARGE), f32(b, 2, LARGE))));
    calls.put(
        "rmsNorm",
        b -> {
          LayerOps.RmsNorm y = LayerOps.rmsNorm(f32(b, 1, LARGE), f32(b, 2, 401), 1e-5);
          return of(y.out(), y.rstd());
        });
    calls.put(
        "layerNorm",
        b -> {
          Tensor w = f32(b, 2, 401);
          LayerOps.LayerNorm y = LayerOps.layerNorm(f32(b, 1, LARGE), w, w, 1e-5);
          return of(y.out(), y.mean(), y.rstd());
        });
    calls.put(
        "rmsNormBackward",
        b -> {
          Tensor dx = f32(b, 1, LARGE);
          Tensor dw = f32(b, 1, 401);
          Tensor x = f32(b, 2, LARGE);
          LayerOps.rmsNormBackward(x, f32(b, 3, 401), f32(b, 4, 503), f32(b, 5, LARGE), dx, dw);
          return of(dx, dw);
        });
    calls.put(
        "layerNormBackward",
        b -> {
          Tensor x = f32(b, 2, LARGE);
          Tensor w = f32(b, 3, 401);
          LayerOps.LayerNorm y = LayerOps.layerNorm(x, w, w, 1e-5);
          Tensor dx = f32(b, 1, LARGE);
          Tensor dw = f32(b, 1, 401);
          Tensor db = f32(b, 1, 401);
          LayerOps.layerNormBackward(x, w, y, f32(b, 5, LARGE), dx, dw, db);
          return of(dx, dw, db);
        });
    calls.put(
        "crossEntropy",
        b -> {
          LayerOps.CrossEntropy y = LayerOps.crossEntropy(f32(b, 1, LARGE), ids(b, 401, 503));
          return of(y.loss(), y.lse());
        });
    calls.put(
        "crossEntropyBackward",
        b ->
            of(
                LayerOps.crossEntropyBackward(
                    f32(b, 1, LARGE), ids(b, 401, 503), f32(b, 2, 503), f32(b, 3, 503))));
  }

  /** Products {@code [m, k] x [k, n]} in all transpose forms, and attention over m rows. */
  static Call ofSize(int m, int k, int n, int heads) {
    SequenceLayout layout = SequenceLayout.packed(m / 3, m - m / 3);
    return b -> {
      Tensor x = f32(b, 1, m, k);
      Tensor xt = f32(b, 2, k, m).transpose(0, 1);
      Tensor w = f32(b, 3, k, n);
      Tensor wt = f32(b, 4, n, k).transpose(0, 1);
      Tensor sum = f32(b, 5, k, n); // a weight gradient
      TensorOps.matmul(x.transpose(0, 1), f32(b, 6, m, n), sum, true);
      Tensor q = f32(b, 7, m, heads, 20);
      Tensor kv = f32(b, 8, m, 1, 20);
      LayerOps.Attention y = LayerOps.attention(q, kv, kv, layout, 0.3);
      Tensor[] d = LayerOps.attentionBackward(q, kv, kv, layout, 0.3, y, f32(b, 9, m, heads, 20));
      return of(
          TensorOps.matmul(x, w),
          TensorOps.matmul(x, wt),
          TensorOps.matmul(xt, w),
          TensorOps.matmul(xt, wt),
          sum,
          y.out(),
          d[0],
          d[1],
          d[2]);
    };
  }

  private static void transformer(Map<String, Call> calls) {
    calls.put(
        "matmul",
        b -> {
          Tensor a = f32(b, 1, 203, 311);
          Tensor w = f32(b, 2, 157, 311).transpose(0, 1);
          Tensor sum = f32(b, 3, 311, 157); // a weight gradient: K is the long axis
          TensorOps.matmul(a.transpose(0, 1), f32(b, 4, 203, 157), sum, true);
          Tensor heads = f32(b, 5, 8, 90, 40);
          return of(
              TensorOps.matmul(a, w),
              TensorOps.matmul(a.slice(0, 0, 2), w),
              sum,
              TensorOps.matmul(heads, heads.transpose(1, 2)));
        });
    calls.put(
        "linear",
        b -> {
          LayerOps.Linear y =
              LayerOps.linear(
                  f32(b, 1, 203, 311),
                  f32(b, 2, 157, 311),
                  f32(b, 3, 157),
                  UnaryOp.GELU,
                  f32(b, 4, 203, 157),
                  true);
          return of(y.out(), Objects.requireNonNull(y.before()));
        });
    calls.put("rope", b -> of(LayerOps.rope(f32(b, 1, 503, 8, 24), ids(b, 500, 503), 1e4, false)));
    int[] lengths = {150, 1, 37, 90, 4};
    SequenceLayout layout = SequenceLayout.packed(lengths);
    calls.put(
        "attention",
        b -> {
          Tensor k = f32(b, 2, 282, 2, 24);
          LayerOps.Attention y =
              LayerOps.attention(f32(b, 1, 282, 4, 24), k, f32(b, 3, 282, 2, 24), layout, 0.3);
          return of(y.out(), y.lse());
        });
    calls.put(
        "attentionBackward",
        b -> {
          Tensor q = f32(b, 1, 282, 4, 24);
          Tensor k = f32(b, 2, 282, 2, 24);
          Tensor v = f32(b, 3, 282, 2, 24);
          LayerOps.Attention y = LayerOps.attention(q, k, v, layout, 0.3);
          return LayerOps.attentionBackward(q, k, v, layout, 0.3, y, f32(b, 4, 282, 4, 24));
        });
  }
}
