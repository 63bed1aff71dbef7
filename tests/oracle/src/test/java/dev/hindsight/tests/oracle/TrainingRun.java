package dev.hindsight.tests.oracle;

import static org.bytedeco.pytorch.global.torch.clip_grad_norm_;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.GradientNorm;
import dev.hindsight.autograd.Variable;
import dev.hindsight.benchmarks.peers.TorchDecoder;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The same training twice, in Hindsight and in libtorch, step by step. */
final class TrainingRun implements AutoCloseable {
  private static final int SEQUENCES = 4;
  private static final int TIME = 24;
  private static final double RATE = 3e-3;
  private static final double DECAY = 0.1;
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.95;
  private static final double EPSILON = 1e-8;
  private static final double CLIP = 2;

  /**
   * The largest relative differences of a run.
   *
   * @param parameter whose gradient's norm it was
   * @param clipped in how many steps the gradients were clipped
   */
  record Worst(double loss, double gradient, String parameter, double lastLoss, int clipped) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "losses within %.1e, gradient norms within %.1e (%s); loss at last %.3f, %d steps clipped",
          loss,
          gradient,
          parameter,
          lastLoss,
          clipped);
    }
  }

  private final Decoder ours;
  private final TorchDecoder theirs;
  private final AdamW ourOptimiser;
  private final org.bytedeco.pytorch.AdamW theirOptimiser;
  private final Workspace workspace;
  private final PointerScope pointers = new PointerScope();
  private final int vocabulary;
  private double rateFactor = 1;

  TrainingRun(DecoderConfig config, Backend backend, DType dtype) {
    ours = Decoder.initialise(config, backend, dtype, 1);
    theirs =
        new TorchDecoder(config, true, dtype == DType.F32 ? ScalarType.Float : ScalarType.Double);
    ours.weights()
        .forEach(
            (name, w) ->
                part(name)
                    .weights()
                    .copy_(Torch.tensor(w.toDoubles(), w.shape(), ScalarType.Double)));
    if (!theirs.parts().keySet().equals(ours.parameters().keySet())) {
      throw new IllegalStateException(
          "training run: libtorch's decoder has parameters "
              + theirs.parts().keySet()
              + ", ours "
              + ours.parameters().keySet());
    }
    ourOptimiser = new AdamW(ours.parameters(), new AdamW.Settings(BETA1, BETA2, EPSILON, DECAY));
    AdamWOptions options = new AdamWOptions(RATE);
    options.weight_decay().put(DECAY);
    options.eps().put(EPSILON);
    // a C++ tuple, which some compilers lay out backwards: the defaults, .9 and .999, tell
    DoublePointer betas = options.betas();
    int first = betas.get(0) < betas.get(1) ? 0 : 1;
    betas.put(first, BETA1).put(1 - first, BETA2);
    theirOptimiser = new org.bytedeco.pytorch.AdamW(theirs.parameters(), options);
    workspace = new Workspace(backend);
    vocabulary = config.vocabSize();
  }

  private TorchDecoder.Part part(String name) {
    return Objects.requireNonNull(theirs.parts().get(name), name);
  }

  /** For a comparison that must fail. */
  TrainingRun withOurRateTimes(double factor) {
    rateFactor = factor;
    return this;
  }

  Worst steps(int count) {
    Worst worst = new Worst(0, 0, "", 0, 0);
    for (int step = 0; step < count; step++) {
      try (PointerScope _ = new PointerScope()) {
        worst = step(step, worst);
      }
    }
    return worst;
  }

  /**
   * Sequences that count in steps of their own: a rule to learn. One token in eight is any, so that
   * losses stay away from 0.
   */
  private List<int[]> sequences(int step) {
    Philox random = new Philox(7, step);
    List<int[]> sequences = new ArrayList<>();
    for (int s = 0; s < SEQUENCES; s++) {
      int[] tokens = new int[TIME + 1];
      int stride = 1 + random.nextInt(3);
      tokens[0] = random.nextInt(vocabulary);
      for (int i = 1; i < tokens.length; i++) {
        boolean any = random.nextInt(8) == 0;
        tokens[i] = any ? random.nextInt(vocabulary) : (tokens[i - 1] + stride) % vocabulary;
      }
      sequences.add(tokens);
    }
    return sequences;
  }

  private Worst step(int step, Worst worst) {
    List<int[]> sequences = sequences(step);
    List<int[]> inputs = sequences.stream().map(s -> Arrays.copyOf(s, TIME)).toList();
    int[] targets = sequences.stream().flatMapToInt(s -> Arrays.stream(s, 1, TIME + 1)).toArray();
    double ourLoss = ourGradients(inputs, targets);
    double theirLoss = theirGradients(inputs, targets);
    double loss = Math.max(worst.loss, apart(ourLoss, theirLoss));
    double gradient = worst.gradient;
    String parameter = worst.parameter;
    GradientNorm norm = GradientNorm.clip(ours.parameters().values(), CLIP);
    for (Map.Entry<String, Variable> p : ours.parameters().entrySet()) {
      double our = norm(Objects.requireNonNull(p.getValue().gradient()).toDoubles());
      double their = norm(Torch.values(part(p.getKey()).gradient()));
      // A key's bias adds the same to all scores of a query, which softmax does not see: its
      // gradient is 0 but for rounding, of which no digits can agree.
      boolean vanishes = p.getKey().endsWith("k_proj.bias");
      double apart = vanishes ? Math.max(our, their) / norm.norm() : apart(our, their);
      if (!(apart <= gradient)) {
        gradient = apart;
        parameter = p.getKey();
      }
    }
    clip_grad_norm_(theirs.parameters(), CLIP);
    theirOptimiser.step();
    ourOptimiser.step(RATE * rateFactor, norm.scale());
    return new Worst(
        loss, gradient, parameter, ourLoss, worst.clipped + (norm.scale() < 1 ? 1 : 0));
  }

  private double ourGradients(List<int[]> inputs, int... targets) {
    ourOptimiser.clearGradients();
    try (var _ = workspace.open()) {
      Variable hidden = ours.hidden(Batch.packed(inputs));
      Tensor classes = Tensor.of(ours.backend(), Shape.of(targets.length), targets);
      Variable loss = ours.crossEntropy(hidden, classes, 1.0 / targets.length).loss();
      double value = loss.item();
      loss.backward();
      return value;
    }
  }

  private double theirGradients(List<int[]> inputs, int... targets) {
    theirOptimiser.zero_grad();
    long[] ids = inputs.stream().flatMapToInt(Arrays::stream).asLongStream().toArray();
    org.bytedeco.pytorch.Tensor logits = theirs.logits(ids, SEQUENCES, TIME);
    org.bytedeco.pytorch.Tensor loss =
        cross_entropy_loss(logits.view(targets.length, vocabulary), Torch.ids(targets));
    loss.backward();
    return Torch.values(loss)[0];
  }

  private static double apart(double a, double b) {
    return Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
  }

  private static double norm(double... values) {
    double sum = 0;
    for (double v : values) {
      sum += v * v;
    }
    return Math.sqrt(sum);
  }

  @Override
  public void close() {
    workspace.close();
    pointers.close();
  }
}
