package dev.hindsight.transformer;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.List;

/** Small decoders of every family that the tests share. */
final class TestModels {
  private TestModels() {}

  static Backend reference() {
    return Backends.get("reference");
  }

  /** Every backend that runs here. */
  static List<Backend> backends() {
    return Backends.providers().stream()
        .filter(p -> p.unavailable().isEmpty())
        .map(p -> Backends.get(p.name()))
        .toList();
  }

  /** Grouped queries, free head, RoPE with Llama 3's base. */
  static DecoderConfig llama3() {
    return DecoderConfig.builder()
        .vocabSize(19)
        .hiddenSize(16)
        .intermediateSize(20)
        .layers(2)
        .heads(4)
        .keyValueHeads(2)
        .maxPositions(32)
        .normEpsilon(1e-5)
        .ropeTheta(500_000)
        .build();
  }

  /** Biases on q, k and v alone, tied head. */
  static DecoderConfig qwen2() {
    return llama3().toBuilder()
        .normEpsilon(1e-6)
        .ropeTheta(1e6)
        .attentionBias(true)
        .tiedEmbeddings(true)
        .build();
  }

  /** RMSNorm on each head's q and k; heads wider than hidden / heads. */
  static DecoderConfig qwen3() {
    return llama3().toBuilder().headDim(6).qkNorm(true).ropeTheta(1e6).build();
  }

  /** Three query heads on one key head, tied head. */
  static DecoderConfig smolLm() {
    return llama3().toBuilder()
        .hiddenSize(12)
        .heads(3)
        .keyValueHeads(1)
        .headDim(4)
        .ropeTheta(10_000)
        .tiedEmbeddings(true)
        .build();
  }

  /** LayerNorm, learned positions, GELU, biases everywhere, tied head; odd head width. */
  static DecoderConfig gpt2() {
    return llama3().toBuilder()
        .hiddenSize(15)
        .heads(3)
        .keyValueHeads(3)
        .headDim(5)
        .norm(DecoderConfig.Norm.LAYER_NORM)
        .positions(DecoderConfig.Positions.LEARNED)
        .mlp(DecoderConfig.Mlp.GELU_TANH)
        .attentionBias(true)
        .attentionOutputBias(true)
        .mlpBias(true)
        .tiedEmbeddings(true)
        .build();
  }

  static List<DecoderConfig> families() {
    return List.of(llama3(), qwen2(), qwen3(), smolLm(), gpt2());
  }

  /** The built-in 48x2 base's shape, with a vocabulary of its size. */
  static DecoderConfig base48x2() {
    return DecoderConfig.builder()
        .vocabSize(118)
        .hiddenSize(48)
        .intermediateSize(128)
        .layers(2)
        .heads(4)
        .maxPositions(128)
        .tiedEmbeddings(true)
        .build();
  }

  /**
   * A decoder all of whose weights are random, norms and biases too, and large enough that every
   * part of it moves the result.
   */
  static Decoder lively(DecoderConfig config, Backend backend, DType dtype, long seed) {
    Decoder decoder = Decoder.initialise(config, backend, dtype, seed);
    Philox random = new Philox(seed, 77);
    decoder
        .weights()
        .forEach(
            (name, weight) -> {
              double[] values = weight.toDoubles();
              float[] rounded = new float[values.length];
              for (int i = 0; i < values.length; i++) {
                values[i] += 0.3 * random.nextGaussian();
                rounded[i] = (float) values[i];
              }
              TensorOps.copy(
                  dtype == DType.F64
                      ? Tensor.of(backend, weight.shape(), values)
                      : Tensor.of(backend, weight.shape(), rounded),
                  weight);
            });
    return decoder;
  }

  static int[] tokens(int count, int vocabulary, Philox random) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = random.nextInt(vocabulary);
    }
    return tokens;
  }

  static Philox random(long stream) {
    return new Philox(20260101, stream);
  }
}
