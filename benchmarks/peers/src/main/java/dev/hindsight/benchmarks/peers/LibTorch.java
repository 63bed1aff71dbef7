package dev.hindsight.benchmarks.peers;

import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.randn;
import static org.bytedeco.pytorch.global.torch.rms_norm;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.softmax;

import dev.hindsight.benchmarks.Case;
import dev.hindsight.benchmarks.Contender;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** libtorch, PyTorch without Python: all but single products, which are OpenBLAS's and oneDNN's. */
public final class LibTorch implements Contender {
  private static final double EPSILON = 1e-5;

  public LibTorch() {
    String threads = System.getenv("OMP_NUM_THREADS");
    if (threads != null) {
      torch.set_num_threads(Integer.parseInt(threads));
    }
    torch.manual_seed(0);
  }

  @Override
  public String name() {
    return "libtorch";
  }

  @Override
  public String description() {
    return "libtorch of presets "
        + torch.class.getPackage().getImplementationVersion()
        + ", threads "
        + torch.get_num_threads()
        + ", OMP_WAIT_POLICY "
        + System.getenv("OMP_WAIT_POLICY");
  }

  @Override
  public @Nullable Runnable prepare(Case work) {
    return switch (work) {
      case Case.Sgemm _ -> null;
      case Case.Elementwise c -> elementwise(c);
      case Case.Attention c -> attention(c);
      case Case.Train c -> TorchModels.train(c);
      case Case.Decode c -> TorchModels.decode(c);
      case Case.PretrainTiny c -> TorchModels.pretrain(c);
      case Case.SdpoTiny c -> TorchModels.sdpo(c);
      case Case.Memory c -> TorchModels.train(c.train());
    };
  }

  private static Runnable elementwise(Case.Elementwise c) {
    Tensor x = randn(c.rows(), c.columns());
    Tensor y = randn(c.rows(), c.columns());
    Tensor weight = randn(c.columns());
    Tensor bias = randn(c.columns());
    long[] last = {c.columns()};
    if (c.op() == Case.Pointwise.ADAMW) {
      x.set_requires_grad(true);
      x.mul(y).sum().backward();
      AdamW optimiser = new AdamW(new TensorVector(x), options(1e-3));
      return optimiser::step;
    }
    Runnable pass =
        switch (c.op()) {
          case ADD -> () -> x.add(y);
          case GELU -> () -> torch.gelu(x);
          case SILU -> () -> torch.silu(x);
          case SOFTMAX -> () -> softmax(x, 1);
          case RMS_NORM ->
              () -> rms_norm(x, last, new TensorOptional(weight), new DoubleOptional(EPSILON));
          case LAYER_NORM ->
              () ->
                  layer_norm(
                      x, last, new TensorOptional(weight), new TensorOptional(bias), EPSILON, true);
          case ADAMW -> throw new AssertionError();
        };
    return withoutGradients(pass);
  }

  private static Runnable attention(Case.Attention c) {
    Tensor q = randn(c.batch(), c.heads(), c.time(), c.headDim());
    Tensor k = randn(c.batch(), c.heads(), c.time(), c.headDim());
    Tensor v = randn(c.batch(), c.heads(), c.time(), c.headDim());
    Tensor dOut = randn(c.batch(), c.heads(), c.time(), c.headDim());
    if (!c.backward()) {
      return withoutGradients(() -> attention(q, k, v));
    }
    Tensor[] inputs = {q, k, v};
    for (Tensor t : inputs) {
      t.set_requires_grad(true);
    }
    return scoped(
        () -> {
          attention(q, k, v).mul(dOut).sum().backward();
          for (Tensor t : inputs) {
            t.mutable_grad().reset();
          }
        });
  }

  private static Tensor attention(Tensor q, Tensor k, Tensor v) {
    return scaled_dot_product_attention(
        q, k, v, new TensorOptional(), 0, true, new DoubleOptional(), false);
  }

  static AdamWOptions options(double learningRate) {
    AdamWOptions options = new AdamWOptions(learningRate);
    options.weight_decay().put(.01);
    return options;
  }

  /** Frees what a step made when the step ends, not when the collector finds it. */
  static Runnable scoped(Runnable work) {
    return () -> {
      try (PointerScope _ = new PointerScope()) {
        work.run();
      }
    };
  }

  static Runnable withoutGradients(Runnable work) {
    return scoped(
        () -> {
          try (NoGradGuard _ = new NoGradGuard()) {
            work.run();
          }
        });
  }

  static Tensor tensor(float[] values, long... shape) {
    return torch.tensor(values).view(shape).clone();
  }

  static Tensor ids(long[] values, long... shape) {
    return torch.tensor(values).view(shape).clone();
  }
}
