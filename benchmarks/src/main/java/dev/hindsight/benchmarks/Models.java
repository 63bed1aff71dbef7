package dev.hindsight.benchmarks;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.GradientNorm;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.DistillationLoss;
import dev.hindsight.sdpo.loss.Divergence;
import dev.hindsight.sdpo.loss.Support;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.sdpo.teacher.TeacherKind;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Completion;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.Document;
import dev.hindsight.transformer.DocumentSource;
import dev.hindsight.transformer.Generator;
import dev.hindsight.transformer.Pretrainer;
import dev.hindsight.transformer.SamplingOptions;
import dev.hindsight.transformer.SequenceScorer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Whole steps of models, as this project's own programs do them. */
final class Models {
  private static final double CLIP = 1;

  private Models() {}

  /** Next-token prediction on every token of {@code batch} sequences. */
  static Runnable train(Backend backend, Case.Train c) {
    Decoder decoder = Decoder.initialise(c.model(), backend, DType.F32, 0);
    AdamW optimiser = new AdamW(decoder.parameters(), AdamW.Settings.withDecay(.01));
    Workspace workspace = new Workspace(backend);
    Batch batch = Batch.packed(TinyBatch.tokens(c.batch(), c.time(), c.model().vocabSize()));
    int[] next = new int[batch.rows()];
    for (int i = 0; i < next.length; i++) {
      next[i] = batch.tokens()[(i + 1) % next.length];
    }
    Tensor targets = Tensor.of(backend, Shape.of(next.length), next);
    return () -> {
      optimiser.clearGradients();
      try (var _ = workspace.open()) {
        decoder
            .crossEntropy(decoder.hidden(batch), targets, 1.0 / next.length)
            .loss()
            .backward(Autograd.Keep.NOTHING);
      }
      GradientNorm norm = GradientNorm.clip(decoder.parameters().values(), CLIP);
      optimiser.step(1e-4, norm.scale());
    };
  }

  static Runnable decode(Backend backend, Case.Decode c) {
    Decoder decoder = Decoder.initialise(c.model(), backend, DType.F32, 0);
    Generator generator = new Generator(decoder);
    List<int[]> prompt = TinyBatch.tokens(1, c.prompt(), c.model().vocabSize());
    SamplingOptions greedy = SamplingOptions.greedy(c.tokens());
    return () -> generator.generate(prompt, List.of(new Philox(0, 0)), greedy);
  }

  /** Each run of the step goes on with training on the same documents. */
  static Runnable pretrain(Backend backend, Case.PretrainTiny c) {
    Decoder decoder = Decoder.initialise(c.model(), backend, DType.F32, 0);
    TinyBatch batch = TinyBatch.pretraining(c.documents());
    List<Document> documents =
        IntStream.range(0, c.documents())
            .mapToObj(i -> new Document(batch.prompts().get(i), batch.targets().get(i)))
            .toList();
    DocumentSource source =
        new DocumentSource() {
          @Override
          public List<Document> batch(long step) {
            return documents;
          }

          @Override
          public List<Document> heldOut() {
            return List.of();
          }
        };
    Pretrainer pretrainer =
        new Pretrainer(decoder, source, Pretrainer.Options.of(1_000_000_000, 1e-4));
    return () -> {
      long end = pretrainer.step() + 1;
      try {
        pretrainer.run(null, _ -> {}, () -> pretrainer.step() >= end);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }

  static Runnable sdpo(Backend backend, Case.SdpoTiny c) {
    Decoder student = Decoder.initialise(c.model(), backend, DType.F32, 0);
    int vocabulary = c.model().vocabSize();
    int samples = c.questions() * c.rollouts();
    Generator generator = new Generator(student);
    SelfTeacher teacher = new SelfTeacher(TeacherKind.EMA, .01, student);
    AdamW optimiser = new AdamW(student.parameters(), AdamW.Settings.withDecay(.01));
    Workspace workspace = new Workspace(backend);
    ChunkedLoss loss =
        new ChunkedLoss(
            new DistillationLoss(new Divergence(1), new Support.TopK(20, true), null),
            1,
            ChunkedLoss.ROWS,
            backend);
    List<int[]> prompts = TinyBatch.tokens(samples, TinyBatch.QUESTION, vocabulary);
    List<int[]> reprompts = TinyBatch.tokens(samples, TinyBatch.REPROMPT, vocabulary);
    List<Philox> streams = IntStream.range(0, samples).mapToObj(i -> new Philox(i, 0)).toList();
    SamplingOptions sampling = SamplingOptions.sampling(TinyBatch.RESPONSE);
    double[] weight = new double[samples * TinyBatch.RESPONSE];
    Arrays.fill(weight, 1.0 / weight.length);
    return () -> {
      List<Completion> rollouts = generator.generate(prompts, streams, sampling);
      List<int[]> responses = rollouts.stream().map(Completion::tokens).toList();
      double[] logOld = new double[weight.length];
      int row = 0;
      for (Completion rollout : rollouts) {
        for (float logProb : rollout.logProbs()) {
          logOld[row++] = logProb;
        }
      }
      try (var _ = workspace.open()) {
        ChunkedLoss.Logits q = teacher.read(SequenceScorer.batch(reprompts, responses));
        Variable hidden = student.hidden(SequenceScorer.batch(prompts, responses));
        loss.backward(
            hidden,
            student::logits,
            new ChunkedLoss.Inputs(SequenceScorer.targets(responses), weight, logOld, null, q));
        GradientNorm norm = GradientNorm.clip(student.parameters().values(), CLIP);
        teacher.update(optimiser, 1e-5, norm.scale());
        optimiser.clearGradients();
      }
    };
  }
}
