package dev.hindsight.tests.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Completion;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.Generator;
import dev.hindsight.transformer.SamplingOptions;
import dev.hindsight.transformer.SequenceScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/**
 * Sampler and trainer compute the same numbers, in bits, for decoders of any shape and batches of
 * any raggedness, on every backend that runs here.
 */
class OnPolicyRatioTest {
  @Provide
  Arbitrary<Backend> backends() {
    return Arbitraries.of(
        Backends.providers().stream()
            .filter(p -> p.unavailable().isEmpty())
            .map(p -> Backends.get(p.name()))
            .toList());
  }

  /** Widths around and away from vector lanes; every architectural switch. */
  @Provide
  Arbitrary<DecoderConfig> decoders() {
    Arbitrary<int[]> heads =
        Arbitraries.of(new int[] {1, 1}, new int[] {2, 1}, new int[] {4, 2}, new int[] {3, 3});
    Arbitrary<int[]> sizes =
        Combinators.combine(
                Arbitraries.integers().between(1, 70),
                Arbitraries.integers().between(1, 90),
                Arbitraries.integers().between(1, 12).map(i -> 2 * i),
                Arbitraries.integers().between(2, 70),
                Arbitraries.integers().between(1, 2))
            .as(
                (hidden, inner, headDim, vocabulary, layers) ->
                    new int[] {hidden, inner, headDim, vocabulary, layers});
    Arbitrary<Integer> switches = Arbitraries.integers().between(0, 63);
    return Combinators.combine(heads, sizes, switches)
        .as(
            (h, s, bits) ->
                DecoderConfig.builder()
                    .heads(h[0])
                    .keyValueHeads(h[1])
                    .hiddenSize(s[0])
                    .intermediateSize(s[1])
                    .headDim(s[2])
                    .vocabSize(s[3])
                    .layers(s[4])
                    .maxPositions(64)
                    .norm(
                        (bits & 1) == 0
                            ? DecoderConfig.Norm.RMS_NORM
                            : DecoderConfig.Norm.LAYER_NORM)
                    .positions(
                        (bits & 2) == 0
                            ? DecoderConfig.Positions.ROPE
                            : DecoderConfig.Positions.LEARNED)
                    .mlp((bits & 4) == 0 ? DecoderConfig.Mlp.SWIGLU : DecoderConfig.Mlp.GELU)
                    .qkNorm((bits & 8) != 0)
                    .attentionBias((bits & 16) != 0)
                    .mlpBias((bits & 16) != 0)
                    .tiedEmbeddings((bits & 32) != 0)
                    .build());
  }

  /**
   * A device compiles attention for every width of a head, which takes seconds: it gets two of the
   * twelve.
   */
  private static DecoderConfig forBackend(Backend backend, DecoderConfig drawn) {
    return backend.name().equals("opencl")
        ? drawn.toBuilder().headDim(drawn.headDim() > 12 ? 18 : 6).build()
        : drawn;
  }

  @Property(tries = 60)
  void theOnPolicyRatioIsExactlyOne(
      @ForAll("backends") Backend backend,
      @ForAll("decoders") DecoderConfig drawn,
      @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 1, max = 40) Integer> lengths,
      @ForAll @IntRange(min = 0, max = 1 << 20) int seed) {
    DecoderConfig config = forBackend(backend, drawn);
    Decoder decoder = Decoder.initialise(config, backend, DType.F32, seed);
    Philox random = new Philox(seed, 1);
    List<int[]> prompts = new ArrayList<>();
    List<Philox> streams = new ArrayList<>();
    for (int length : lengths) {
      int[] prompt = new int[length];
      Arrays.setAll(prompt, i -> random.nextInt(config.vocabSize()));
      prompts.add(prompt);
      streams.add(random.split(streams.size()));
    }
    double temperature = seed % 2 == 0 ? 1 : 0.6;
    List<Completion> completions;
    try (Generator generator = new Generator(decoder)) {
      completions =
          generator.generate(
              prompts,
              streams,
              SamplingOptions.sampling(8, 0).withTemperature(temperature).withTopP(0.9));
    }
    List<int[]> responses = completions.stream().map(Completion::tokens).toList();
    float[] trained;
    try (SequenceScorer scorer = new SequenceScorer(decoder)) {
      // recorded, as a training step runs it
      trained = scorer.logSoftmax(prompts, responses, temperature).tensor().toFloats();
    }
    int row = 0;
    for (Completion completion : completions) {
      for (int t = 0; t < completion.length(); t++) {
        float logProb = trained[row++ * config.vocabSize() + completion.tokens()[t]];
        float ratio = (float) Math.exp(logProb - completion.logProbs()[t]);
        assertThat(ratio).isEqualTo(1.0f);
        assertThat(completion.logProbs()[t]).isEqualTo(logProb);
      }
    }
  }

  @Property(tries = 40)
  void aRowsBitsDoNotDependOnItsBatch(
      @ForAll("backends") Backend backend,
      @ForAll("decoders") DecoderConfig drawn,
      @ForAll @Size(min = 2, max = 30) List<@IntRange(min = 1, max = 40) Integer> lengths,
      @ForAll @IntRange(min = 0, max = 1 << 20) int seed) {
    DecoderConfig config = forBackend(backend, drawn);
    Decoder decoder = Decoder.initialise(config, backend, DType.F32, seed);
    Philox random = new Philox(seed, 2);
    List<int[]> sequences = new ArrayList<>();
    for (int length : lengths) {
      int[] sequence = new int[length];
      Arrays.setAll(sequence, i -> random.nextInt(config.vocabSize()));
      sequences.add(sequence);
    }
    float[] together = logits(decoder, sequences);
    int at = 0;
    for (int[] sequence : sequences) {
      float[] alone = logits(decoder, List.of(sequence));
      assertThat(Arrays.copyOfRange(together, at, at + alone.length)).isEqualTo(alone);
      at += alone.length;
    }
  }

  private static float[] logits(Decoder decoder, List<int[]> sequences) {
    try (var _ = Autograd.noGrad()) {
      return decoder.logits(decoder.hidden(Batch.packed(sequences))).tensor().toFloats();
    }
  }
}
