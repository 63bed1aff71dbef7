package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PretrainerTest {
  @TempDir Path folder;

  static List<Backend> backends() {
    return TestModels.backends();
  }

  /** "Reverse these tokens": pure functions of the step, ragged. */
  private static final DocumentSource REVERSALS =
      new DocumentSource() {
        @Override
        public List<Document> batch(long step) {
          return documents(new Philox(1, step), 12);
        }

        @Override
        public List<Document> heldOut() {
          return documents(new Philox(2, 0), 20);
        }
      };

  private static List<Document> documents(Philox random, int count) {
    List<Document> documents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int length = 1 + random.nextInt(4);
      int[] prompt = new int[length + 1];
      int[] target = new int[length + 1];
      for (int t = 0; t < length; t++) {
        prompt[t] = 4 + random.nextInt(15);
        target[length - 1 - t] = prompt[t];
      }
      prompt[length] = 2;
      target[length] = 3;
      documents.add(new Document(prompt, target));
    }
    return documents;
  }

  private static final Pretrainer.Options OPTIONS = Pretrainer.Options.of(12, 3e-3);

  private Decoder fresh(Backend backend) {
    return Decoder.initialise(TestModels.llama3(), backend, DType.F32, 11);
  }

  private static void train(Pretrainer pretrainer, Path file) throws IOException {
    assertThat(pretrainer.run(file, p -> {}, () -> false)).isTrue();
  }

  /** Eight documents learnt by heart: below .01 nats a token, where guessing costs ln 19 = 2.9. */
  @ParameterizedTest
  @MethodSource("backends")
  void overfitsAHandfulOfDocuments(Backend backend) throws IOException {
    List<Document> documents = documents(new Philox(3, 0), 8);
    List<Double> losses = new ArrayList<>();
    try (Pretrainer pretrainer =
        new Pretrainer(fresh(backend), step -> documents, Pretrainer.Options.of(250, 1e-2))) {
      pretrainer.run(null, p -> losses.add(p.loss()), () -> false);
    }
    assertThat(losses.getFirst()).isCloseTo(Math.log(19), within(0.1));
    assertThat(losses.getLast()).isLessThan(0.01);
  }

  /** Long runs must not grow: temporaries of every step go to the same memory. */
  @Test
  void memoryStaysTheSameFromStepToStep() throws IOException {
    List<Document> documents = documents(new Philox(4, 0), 30);
    Set<Long> bytes = new HashSet<>();
    try (Pretrainer pretrainer =
        new Pretrainer(
            fresh(TestModels.reference()), step -> documents, Pretrainer.Options.of(6, 1e-3))) {
      pretrainer.run(null, p -> bytes.add(pretrainer.workspaceBytes()), () -> false);
    }
    assertThat(bytes).hasSize(1);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void sameSeedGivesSameBytesForAnyNumberOfThreads(Backend backend) throws IOException {
    int before = Threads.count();
    List<byte[]> files = new ArrayList<>();
    try {
      for (int threads : new int[] {1, 1, 2, 8}) {
        Threads.set(threads);
        Path file = folder.resolve("run" + files.size() + ".safetensors");
        try (Pretrainer pretrainer =
            new Pretrainer(fresh(backend), REVERSALS, Pretrainer.Options.of(4, 3e-3))) {
          train(pretrainer, file);
        }
        files.add(Files.readAllBytes(file));
      }
    } finally {
      Threads.set(before);
    }
    for (byte[] bytes : files) {
      assertThat(bytes).isEqualTo(files.getFirst());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void resumingGivesTheBytesOfAnUndisturbedRun(Backend backend) throws IOException {
    Path whole = folder.resolve("whole.safetensors");
    try (Pretrainer pretrainer = new Pretrainer(fresh(backend), REVERSALS, OPTIONS)) {
      train(pretrainer, whole);
    }
    Path parts = folder.resolve("parts.safetensors");
    for (int stopAt : new int[] {1, 5, 11}) {
      // a process that is told to stop, and another that goes on, from other weights at first
      try (Pretrainer pretrainer =
          new Pretrainer(
              Decoder.initialise(TestModels.llama3(), backend, DType.F32, stopAt == 1 ? 11 : 0),
              REVERSALS,
              OPTIONS)) {
        if (stopAt > 1) {
          pretrainer.resume(parts);
        }
        assertThat(pretrainer.run(parts, p -> {}, () -> pretrainer.step() == stopAt)).isFalse();
        assertThat(pretrainer.step()).isEqualTo(stopAt);
      }
    }
    try (Pretrainer pretrainer = new Pretrainer(fresh(backend), REVERSALS, OPTIONS)) {
      pretrainer.resume(parts);
      train(pretrainer, parts);
    }
    assertThat(Files.readAllBytes(parts)).isEqualTo(Files.readAllBytes(whole));
  }

  @Test
  void lossIsTheMeanOverTargetTokensOnly() throws IOException {
    Decoder decoder = TestModels.lively(TestModels.qwen2(), TestModels.reference(), DType.F32, 12);
    List<Document> documents = REVERSALS.heldOut();
    double expected = 0;
    int count = 0;
    try (SequenceScorer scorer = new SequenceScorer(decoder)) {
      for (float[] row :
          scorer.logProbs(
              documents.stream().map(Document::prompt).toList(),
              documents.stream().map(Document::target).toList(),
              1)) {
        for (float logProb : row) {
          expected -= logProb;
          count++;
        }
      }
    }
    try (Pretrainer pretrainer = new Pretrainer(decoder, REVERSALS, OPTIONS)) {
      // two orders of summing about 70 floats of size 10: 70 x 10 x 6e-8, over their number
      assertThat(pretrainer.heldOutLoss().orElseThrow()).isCloseTo(expected / count, within(1e-5));
    }
  }

  @Test
  void progressTellsWhatHappened() throws IOException {
    List<Pretrainer.Progress> told = new ArrayList<>();
    try (Pretrainer pretrainer =
        new Pretrainer(fresh(TestModels.reference()), REVERSALS, OPTIONS.withEvaluateEvery(5))) {
      pretrainer.run(null, told::add, () -> false);
      assertThat(told).extracting(Pretrainer.Progress::step).containsExactly(steps(12));
      assertThat(told)
          .extracting(p -> p.heldOutLoss().isPresent())
          .containsExactly(
              false, false, false, false, true, false, false, false, false, true, false, true);
      assertThat(told.getLast().heldOutLoss()).isEqualTo(pretrainer.heldOutLoss());
    }
    assertThat(told.get(0).learningRate()).isCloseTo(3e-3 / 50, within(1e-12));
    assertThat(told.get(0).tokens())
        .isEqualTo(REVERSALS.batch(0).stream().mapToInt(Document::length).sum());
    assertThat(told.getLast().loss()).isLessThan(told.getFirst().loss());
    assertThat(told.getFirst().gradientNorm()).isPositive();
  }

  private static Long[] steps(int count) {
    return LongStream.rangeClosed(1, count).boxed().toArray(Long[]::new);
  }

  /** Weights must be those before the step that failed. */
  @Test
  void aStepThatIsNotFiniteStopsTheRunBeforeItSpoilsTheWeights() {
    Decoder decoder = fresh(TestModels.reference());
    String name = "model.layers.0.mlp.up_proj.weight";
    dev.hindsight.engine.TensorOps.fill(decoder.weights().get(name), Double.NaN);
    float[] before = decoder.weights().get("model.embed_tokens.weight").toFloats();
    try (Pretrainer pretrainer = new Pretrainer(decoder, REVERSALS, OPTIONS)) {
      assertThatThrownBy(() -> pretrainer.run(null, p -> {}, () -> false))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("step 1")
          .hasMessageContaining("lower the learning rate");
    }
    assertThat(decoder.weights().get("model.embed_tokens.weight").toFloats()).isEqualTo(before);
  }

  @Test
  void checkpointsOfOtherRunsAreRefused() throws IOException {
    Path file = folder.resolve("run.safetensors");
    try (Pretrainer pretrainer =
        new Pretrainer(fresh(TestModels.reference()), REVERSALS, OPTIONS)) {
      pretrainer.save(file);
    }
    try (Pretrainer other =
        new Pretrainer(fresh(TestModels.reference()), REVERSALS, Pretrainer.Options.of(13, 3e-3))) {
      assertThatThrownBy(() -> other.resume(file))
          .isInstanceOf(MalformedFileException.class)
          .hasMessageContaining("steps=12")
          .hasMessageContaining("steps=13")
          .hasMessageContaining("same settings");
    }
    Path weights = folder.resolve("weights.safetensors");
    Decoder decoder = fresh(TestModels.reference());
    Safetensors.write(weights, decoder.weights(), java.util.Map.of());
    try (Pretrainer pretrainer = new Pretrainer(decoder, REVERSALS, OPTIONS)) {
      assertThatThrownBy(() -> pretrainer.resume(weights))
          .isInstanceOf(MalformedFileException.class)
          .hasMessageContaining("lacks 'kind'");
    }
  }

  /** The same mean either way: sums of some 100 floats in another order, 1e-7 a step of the sum. */
  @Test
  void stepsThatDoNotFitAtOnceAddUpToTheSameGradient() throws IOException {
    List<Double> losses = new ArrayList<>();
    for (long rowsAtOnce : new long[] {1 << 20, 1, 20}) {
      try (Pretrainer pretrainer =
          new Pretrainer(
              TestModels.lively(TestModels.gpt2(), TestModels.reference(), DType.F32, 1),
              REVERSALS,
              Pretrainer.Options.of(1, 1e-3),
              rowsAtOnce)) {
        pretrainer.run(null, p -> losses.addAll(List.of(p.loss(), p.gradientNorm())), () -> false);
      }
    }
    for (int i = 2; i < losses.size(); i++) {
      assertThat(losses.get(i)).isCloseTo(losses.get(i % 2), within(1e-5 * losses.get(i % 2)));
    }
  }
}
