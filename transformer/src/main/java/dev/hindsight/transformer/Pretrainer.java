package dev.hindsight.transformer;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.GradientNorm;
import dev.hindsight.autograd.Schedule;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Trains a decoder on documents: cross-entropy, averaged over the target tokens of a step's
 * documents, minimised by AdamW with warm-up, linear decay and clipping by the global norm.
 *
 * <p>Decoder, source and options determine the result to the bit, for any number of threads; a run
 * that was stopped and resumed from its checkpoint ends with the same bytes as one that was left
 * alone. Not thread safe.
 */
public final class Pretrainer implements AutoCloseable {
  /** Rows of the residual stream held at once. Larger steps add up gradients in parts. */
  private static final long ROWS_AT_ONCE = 1 << 15;

  /** Held-out documents that are looked at together. */
  private static final int HELD_OUT_AT_ONCE = 256;

  /**
   * How to train.
   *
   * @param steps optimiser steps of the whole run
   * @param learningRate at its peak
   * @param beta1 decay of Adam's first moment
   * @param beta2 decay of its second
   * @param epsilon added to the root of the second
   * @param weightDecay decoupled, on every parameter
   * @param clip largest global gradient norm
   * @param warmUpSteps steps of linear warm-up
   * @param finalFraction the last step's part of the peak rate
   * @param evaluateEvery steps between held-out losses; 0: at the end only
   * @param checkpointEvery steps between checkpoints; 0: at the end and when stopped only
   */
  public record Options(
      long steps,
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      double clip,
      long warmUpSteps,
      double finalFraction,
      long evaluateEvery,
      long checkpointEvery) {

    /**
     * @throws IllegalArgumentException naming the option that is out of its range
     */
    public Options {
      require(steps > 0, "steps", steps, "at least 1");
      require(learningRate > 0 && Double.isFinite(learningRate), "lr", learningRate, "positive");
      require(clip > 0, "clip", clip, "positive");
      require(warmUpSteps >= 0, "warm-up steps", warmUpSteps, "0 or more");
      require(
          finalFraction >= 0 && finalFraction <= 1, "final fraction", finalFraction, "in [0, 1]");
      require(evaluateEvery >= 0, "evaluate every", evaluateEvery, "0 or more steps");
      require(checkpointEvery >= 0, "checkpoint every", checkpointEvery, "0 or more steps");
      new AdamW.Settings(beta1, beta2, epsilon, weightDecay); // checks the rest
    }

    /** Betas .9 and .99, decay .05, clip 1, 50 steps of warm-up, linear decay to a twentieth. */
    public static Options of(long steps, double learningRate) {
      return new Options(steps, learningRate, 0.9, 0.99, 1e-8, 0.05, 1, 50, 0.05, 0, 0);
    }

    /** The same with the held-out loss every so many steps. */
    public Options withEvaluateEvery(long every) {
      return new Options(
          steps,
          learningRate,
          beta1,
          beta2,
          epsilon,
          weightDecay,
          clip,
          warmUpSteps,
          finalFraction,
          every,
          checkpointEvery);
    }

    private static void require(boolean condition, String name, Object given, String expected) {
      if (!condition) {
        throw new IllegalArgumentException(
            "pretraining: " + name + " must be " + expected + ", got " + given);
      }
    }

    /** What decides the weights: two runs that agree in this can take each other's checkpoints. */
    String identity() {
      return new Options(
              steps,
              learningRate,
              beta1,
              beta2,
              epsilon,
              weightDecay,
              clip,
              warmUpSteps,
              finalFraction,
              0,
              0)
          .toString();
    }
  }

  /**
   * Where a run stands after a step.
   *
   * @param step steps done, from 1
   * @param loss mean over the step's target tokens, before the update, in nats
   * @param gradientNorm before clipping
   * @param learningRate of the step
   * @param tokens tokens of prompts and targets read since this object was made
   * @param heldOutLoss when it was measured after this step
   */
  public record Progress(
      long step,
      double loss,
      double gradientNorm,
      double learningRate,
      long tokens,
      OptionalDouble heldOutLoss) {}

  private final Decoder decoder;
  private final DocumentSource source;
  private final Options options;
  private final AdamW optimiser;
  private final Schedule schedule;
  private final Workspace workspace;
  private final PretrainingCheckpoint checkpoint;
  private final long rowsAtOnce;
  private long tokens;

  /** A run at its beginning, over a decoder as it stands; its weights are trained in place. */
  public Pretrainer(Decoder decoder, DocumentSource source, Options options) {
    this(decoder, source, options, ROWS_AT_ONCE);
  }

  Pretrainer(Decoder decoder, DocumentSource source, Options options, long rowsAtOnce) {
    this.rowsAtOnce = rowsAtOnce;
    this.decoder = decoder;
    this.source = source;
    this.options = options;
    this.optimiser =
        new AdamW(
            decoder.parameters(),
            new AdamW.Settings(options.beta1, options.beta2, options.epsilon, options.weightDecay));
    this.schedule =
        Schedule.linear(options.learningRate, options.steps, options.finalFraction)
            .withWarmUp(options.warmUpSteps);
    this.workspace = new Workspace(decoder.backend());
    this.checkpoint = new PretrainingCheckpoint(decoder, optimiser, options.identity());
  }

  /** Steps done. */
  public long step() {
    return optimiser.steps();
  }

  /**
   * Takes up weights, moments and step of a checkpoint; the run then goes on as if never stopped.
   *
   * @throws MalformedFileException when it is no checkpoint of this decoder with these options
   */
  public void resume(Path file) throws IOException {
    checkpoint.read(file);
  }

  /** Writes weights, moments and step to one safetensors file, atomically. */
  public void save(Path file) throws IOException {
    checkpoint.write(file);
  }

  /**
   * Trains from where the run stands to its end, or until {@code stop} says so between two steps.
   *
   * @param file the checkpoint, written as often as the options say, at the end and when stopped;
   *     null for none
   * @param progress told after each step
   * @param stop asked before each step
   * @return whether the run reached its end
   * @throws IllegalStateException when the loss or a gradient is not finite; weights are those
   *     before that step
   */
  public boolean run(@Nullable Path file, Consumer<Progress> progress, BooleanSupplier stop)
      throws IOException {
    boolean saved = true;
    while (step() < options.steps && !stop.getAsBoolean()) {
      Progress done = train();
      boolean last = step() == options.steps;
      if (last || every(options.evaluateEvery)) {
        done =
            new Progress(
                done.step,
                done.loss,
                done.gradientNorm,
                done.learningRate,
                done.tokens,
                heldOutLoss());
      }
      saved = file != null && every(options.checkpointEvery);
      if (saved && file != null) {
        save(file);
      }
      progress.accept(done);
    }
    if (!saved && file != null) {
      save(file);
    }
    return step() == options.steps;
  }

  private boolean every(long period) {
    return period > 0 && step() % period == 0;
  }

  /** One optimiser step. */
  private Progress train() {
    List<Document> documents = source.batch(step());
    long targets = documents.stream().mapToLong(d -> d.target().length).sum();
    if (targets == 0) {
      throw new IllegalStateException(
          "pretraining: the source gave no document for step " + step());
    }
    optimiser.clearGradients();
    double loss = 0;
    for (List<Document> part : parts(documents)) {
      try (var _ = workspace.open()) {
        Variable.LinearCrossEntropy y = loss(part, 1.0 / targets);
        loss += TensorOps.reduce(ReduceOp.SUM, y.losses()).item();
        y.loss().backward(Autograd.Keep.NOTHING);
      }
    }
    GradientNorm norm = GradientNorm.clip(decoder.parameters().values(), options.clip);
    if (!norm.isFinite() || !Double.isFinite(loss)) {
      throw new IllegalStateException(
          "pretraining: loss "
              + loss / targets
              + " and gradient norm "
              + norm.norm()
              + " at step "
              + (step() + 1)
              + " are not finite; lower the learning rate (now "
              + options.learningRate
              + ")");
    }
    double rate = schedule.at(step() + 1);
    optimiser.step(rate, norm.scale());
    tokens += documents.stream().mapToLong(Document::length).sum();
    return new Progress(step(), loss / targets, norm.norm(), rate, tokens, OptionalDouble.empty());
  }

  /** The negative log-likelihoods of all target tokens, and {@code scale} times their sum. */
  private Variable.LinearCrossEntropy loss(List<Document> documents, double scale) {
    List<int[]> prompts = documents.stream().map(Document::prompt).toList();
    List<int[]> responses = documents.stream().map(Document::target).toList();
    int[] targets = SequenceScorer.targets(responses);
    Variable hidden = decoder.hidden(SequenceScorer.batch(prompts, responses));
    Tensor classes = Tensor.of(decoder.backend(), Shape.of(targets.length), targets);
    return decoder.crossEntropy(hidden, classes, scale);
  }

  /** Runs of documents that are small enough to be held at once; most steps are one. */
  private List<List<Document>> parts(List<Document> documents) {
    List<List<Document>> parts = new ArrayList<>();
    int from = 0;
    long rows = 0;
    for (int i = 0; i < documents.size(); i++) {
      rows += documents.get(i).length();
      if (i > from && rows > rowsAtOnce) {
        parts.add(documents.subList(from, i));
        from = i;
        rows = documents.get(i).length();
      }
    }
    parts.add(documents.subList(from, documents.size()));
    return parts;
  }

  /** The mean loss over the held-out documents' target tokens; empty when there are none. */
  public OptionalDouble heldOutLoss() {
    List<Document> documents = source.heldOut();
    long targets = documents.stream().mapToLong(d -> d.target().length).sum();
    if (targets == 0) {
      return OptionalDouble.empty();
    }
    double loss = 0;
    for (int from = 0; from < documents.size(); from += HELD_OUT_AT_ONCE) {
      int to = Math.min(documents.size(), from + HELD_OUT_AT_ONCE);
      for (List<Document> part : parts(documents.subList(from, to))) {
        try (var _ = Autograd.noGrad();
            var _ = workspace.open()) {
          loss += loss(part, 1).loss().item();
        }
      }
    }
    return OptionalDouble.of(loss / targets);
  }

  /** Bytes held for a step's temporaries: constant once the largest step has run. */
  long workspaceBytes() {
    return workspace.capacity();
  }

  /** Frees the workspace. */
  @Override
  public void close() {
    workspace.close();
  }
}
