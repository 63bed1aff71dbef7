package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GeneratorTest {
  private static final int EOS = 3;

  static Stream<Arguments> cases() {
    return TestModels.backends().stream()
        .flatMap(
            backend ->
                Stream.of(TestModels.base48x2(), TestModels.qwen3(), TestModels.gpt2())
                    .map(config -> Arguments.of(backend, config)));
  }

  private static List<int[]> prompts(int count, DecoderConfig config) {
    Philox random = TestModels.random(2);
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      prompts.add(TestModels.tokens(1 + random.nextInt(9), config.vocabSize(), random));
    }
    return prompts;
  }

  private static List<Philox> streams(int count) {
    List<Philox> streams = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      streams.add(new Philox(99, 1000 + i));
    }
    return streams;
  }

  private static List<Completion> generate(
      Decoder decoder, List<int[]> prompts, List<Philox> streams, SamplingOptions options) {
    try (Generator generator = new Generator(decoder)) {
      return generator.generate(prompts, streams, options);
    }
  }

  /** The on-policy ratio is 1.0f exactly: what was recorded is what a trainer computes, in bits. */
  @ParameterizedTest
  @MethodSource("cases")
  void recordedLogProbsAreTheScorersBits(Backend backend, DecoderConfig config) {
    Decoder decoder = TestModels.lively(config, backend, DType.F32, 1);
    List<int[]> prompts = prompts(20, config);
    for (double temperature : new double[] {1, 0.7, 0}) {
      SamplingOptions options =
          SamplingOptions.sampling(9, EOS).withTemperature(temperature).withTopK(5);
      List<Completion> completions = generate(decoder, prompts, streams(20), options);
      List<int[]> responses = completions.stream().map(Completion::tokens).toList();
      try (SequenceScorer scorer = new SequenceScorer(decoder)) {
        List<float[]> scored = scorer.logProbs(prompts, responses, options.logitTemperature());
        for (int i = 0; i < scored.size(); i++) {
          assertThat(completions.get(i).logProbs()).as("row %d", i).isEqualTo(scored.get(i));
        }
      }
      // and under recording, as a training step computes it
      float[] recorded =
          new SequenceScorer(decoder)
              .logSoftmax(prompts, responses, options.logitTemperature())
              .tensor()
              .toFloats();
      int at = 0;
      for (Completion completion : completions) {
        for (int t = 0; t < completion.length(); t++) {
          assertThat(recorded[at * config.vocabSize() + completion.tokens()[t]])
              .isEqualTo(completion.logProbs()[t]);
          at++;
        }
      }
    }
  }

  /** Neither the other rows nor their order may matter, nor who ended early. */
  @ParameterizedTest
  @MethodSource("cases")
  void aRowDependsOnItsPromptAndStreamAlone(Backend backend, DecoderConfig config) {
    Decoder decoder = TestModels.lively(config, backend, DType.F32, 2);
    List<int[]> prompts = prompts(12, config);
    SamplingOptions options = SamplingOptions.sampling(12, EOS, 4, 5);
    List<Completion> together = generate(decoder, prompts, streams(12), options);
    assertThat(together.stream().map(Completion::length).distinct().count())
        .as("rows must end at different times for this to test anything")
        .isGreaterThan(2);
    List<Completion> reversed =
        generate(decoder, prompts.reversed(), streams(12).reversed(), options).reversed();
    for (int i = 0; i < 12; i++) {
      Completion alone =
          generate(decoder, List.of(prompts.get(i)), List.of(streams(12).get(i)), options)
              .getFirst();
      for (Completion other : List.of(alone, reversed.get(i))) {
        assertThat(other.tokens()).isEqualTo(together.get(i).tokens());
        assertThat(other.logProbs()).isEqualTo(together.get(i).logProbs());
        assertThat(other.finished()).isEqualTo(together.get(i).finished());
      }
    }
  }

  @Test
  void completionsEndAtStopTokensOrTheLimit() {
    Decoder decoder = TestModels.lively(TestModels.llama3(), TestModels.reference(), DType.F32, 3);
    SamplingOptions options = SamplingOptions.sampling(6, EOS, 7).withTemperature(2);
    for (Completion c : generate(decoder, prompts(40, decoder.config()), streams(40), options)) {
      int last = c.tokens()[c.length() - 1];
      assertThat(c.finished()).isEqualTo(last == EOS || last == 7);
      assertThat(c.finished() || c.length() == 6).isTrue();
      assertThat(Arrays.stream(c.tokens()).limit(c.length() - 1)).doesNotContain(EOS, 7);
      assertThat(c.logProbs()).hasSameSizeAs(c.tokens());
    }
  }

  /** Greedy tokens by argmax over the full pass, without cache or batch. */
  @Test
  void greedyFollowsTheArgmax() {
    Decoder decoder = TestModels.lively(TestModels.smolLm(), TestModels.reference(), DType.F32, 4);
    int[] prompt = {1, 2, 3};
    Completion completion =
        generate(decoder, List.of(prompt), streams(1), SamplingOptions.greedy(8)).getFirst();
    int[] sequence = prompt;
    for (int token : completion.tokens()) {
      float[] logits;
      try (var _ = Autograd.noGrad()) {
        logits =
            decoder
                .logits(decoder.hidden(Batch.packed(List.of(sequence), new int[] {1})))
                .tensor()
                .toFloats();
      }
      int best = 0;
      for (int i = 1; i < logits.length; i++) {
        best = logits[i] > logits[best] ? i : best;
      }
      assertThat(token).isEqualTo(best);
      sequence = Arrays.copyOf(sequence, sequence.length + 1);
      sequence[sequence.length - 1] = token;
    }
    assertThat(completion.finished()).isFalse();
  }

  /**
   * First tokens of 20,000 rows against the model's own distribution: each frequency's deviation is
   * sqrt(p (1 - p) / 20,000) <= .0036; five of them is .018, beyond which 19 tokens fall with odds
   * of about 1e-5. The seed is fixed.
   */
  @Test
  void samplesFollowTheDistribution() {
    Decoder decoder = TestModels.lively(TestModels.qwen2(), TestModels.reference(), DType.F32, 5);
    int[] prompt = {4, 8};
    int rows = 20_000;
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      prompts.add(prompt);
    }
    double[] frequency = new double[19];
    for (Completion c :
        generate(decoder, prompts, streams(rows), SamplingOptions.sampling(1).withTemperature(3))) {
      frequency[c.tokens()[0]] += 1.0 / rows;
    }
    try (SequenceScorer scorer = new SequenceScorer(decoder)) {
      for (int token = 0; token < 19; token++) {
        double p =
            Math.exp(scorer.logProbs(List.of(prompt), List.of(new int[] {token}), 3).getFirst()[0]);
        assertThat(frequency[token]).as("token %d", token).isCloseTo(p, within(0.018));
      }
    }
  }

  /** A generator lives as long as a run: nothing may be left from the call before. */
  @Test
  void callsDoNotDisturbEachOther() {
    Decoder decoder = TestModels.lively(TestModels.llama3(), TestModels.reference(), DType.F32, 6);
    SamplingOptions options = SamplingOptions.sampling(5, EOS);
    List<int[]> few = prompts(3, decoder.config());
    try (Generator generator = new Generator(decoder)) {
      List<Completion> first = generator.generate(few, streams(3), options);
      generator.generate(prompts(30, decoder.config()), streams(30), options);
      List<Completion> again = generator.generate(few, streams(3), options);
      for (int i = 0; i < 3; i++) {
        assertThat(again.get(i).logProbs()).isEqualTo(first.get(i).logProbs());
      }
      // new weights are seen at once
      TensorOps.fill(decoder.weights().get("lm_head.weight"), 0);
      assertThat(generator.generate(few, streams(3), options).getFirst().logProbs()[0])
          .isCloseTo((float) -Math.log(19), within(1e-6f));
    }
  }

  /** Long runs must not grow: temporaries of every step go to the same memory. */
  @Test
  void memoryStaysTheSameFromCallToCall() {
    Decoder decoder = TestModels.lively(TestModels.llama3(), TestModels.reference(), DType.F32, 8);
    SamplingOptions options = SamplingOptions.sampling(9, EOS);
    try (Generator generator = new Generator(decoder)) {
      generator.generate(prompts(60, decoder.config()), streams(60), options);
      long bytes = generator.workspaceBytes();
      assertThat(bytes).isPositive();
      for (int i = 0; i < 3; i++) {
        generator.generate(prompts(60, decoder.config()), streams(60), options);
        assertThat(generator.workspaceBytes()).isEqualTo(bytes);
      }
    }
  }

  @Test
  void wrongCallsAreExplained() {
    Decoder decoder = Decoder.initialise(TestModels.llama3(), TestModels.reference(), DType.F32, 0);
    SamplingOptions options = SamplingOptions.sampling(10, EOS);
    assertThat(generate(decoder, List.of(), List.of(), options)).isEmpty();
    assertThatThrownBy(() -> generate(decoder, List.of(new int[0]), streams(1), options))
        .hasMessageContaining("prompt 0 is empty");
    assertThatThrownBy(() -> generate(decoder, List.of(new int[1]), streams(2), options))
        .hasMessageContaining("1 prompts, but 2 streams");
    assertThatThrownBy(() -> generate(decoder, List.of(new int[24]), streams(1), options))
        .hasMessageContaining("24 tokens")
        .hasMessageContaining("max_position_embeddings 32")
        .hasMessageContaining("shorten it to 23");
    assertThat(generate(decoder, List.of(new int[23]), streams(1), options)).hasSize(1);
    TensorOps.fill(decoder.weights().get("lm_head.weight"), Double.NaN);
    assertThatThrownBy(() -> generate(decoder, List.of(new int[1]), streams(1), options))
        .hasMessageContaining("NaN");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void scorerTakesEmptyResponses(Backend backend, DecoderConfig config) {
    Decoder decoder = TestModels.lively(config, backend, DType.F32, 7);
    try (SequenceScorer scorer = new SequenceScorer(decoder)) {
      List<float[]> scores =
          scorer.logProbs(
              List.of(new int[] {1}, new int[] {2, 3}, new int[] {4}),
              List.of(new int[] {5, 6}, new int[0], new int[] {7}),
              1);
      assertThat(scores).extracting(s -> s.length).containsExactly(2, 0, 1);
      assertThat(scores.get(2))
          .isEqualTo(scorer.logProbs(List.of(new int[] {4}), List.of(new int[] {7}), 1).getFirst());
      assertThatThrownBy(() -> scorer.logProbs(List.of(new int[1]), List.of(new int[1]), 0))
          .hasMessageContaining("temperature");
    }
  }
}
