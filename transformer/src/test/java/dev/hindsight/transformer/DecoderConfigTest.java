package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DecoderConfigTest {
  @TempDir Path folder;

  static Stream<Arguments> families() {
    return Stream.of(
        Arguments.of(TestModels.llama3(), "llama"),
        Arguments.of(TestModels.qwen2(), "qwen2"),
        Arguments.of(TestModels.qwen3(), "qwen3"),
        Arguments.of(TestModels.smolLm(), "llama"),
        Arguments.of(TestModels.gpt2(), DecoderConfigJson.OWN),
        Arguments.of(TestModels.base48x2(), "llama"));
  }

  /** A family's own name must be written only where its own reader would build the same decoder. */
  @ParameterizedTest
  @MethodSource("families")
  void everyFamilyComesBackUnderItsName(DecoderConfig config, String family) throws IOException {
    Path file = folder.resolve("config.json");
    config.write(file);
    assertThat(DecoderConfig.read(file)).isEqualTo(config);
    assertThat(Files.readString(file)).contains("\"model_type\" : \"" + family + "\"");
    assertThat(DecoderConfigJson.ignoredKeys(file)).containsExactly("architectures", "torch_dtype");
  }

  private Path file(String json) throws IOException {
    Path file = folder.resolve("config.json");
    Files.writeString(file, json);
    return file;
  }

  private static final String SIZES =
      "\"vocab_size\":128256,\"hidden_size\":2048,\"intermediate_size\":8192,"
          + "\"num_hidden_layers\":16,\"num_attention_heads\":32,"
          + "\"max_position_embeddings\":131072";

  /** Keys as the public Llama-style checkpoints have them, dropout and token ids included. */
  @Test
  void publicKeysAreUnderstoodAndTheRestIsListed() throws IOException {
    Path file =
        file(
            "{"
                + SIZES
                + ",\"model_type\":\"llama\",\"num_key_value_heads\":8,\"rms_norm_eps\":1e-05,"
                + "\"rope_theta\":500000.0,\"rope_scaling\":null,\"tie_word_embeddings\":true,"
                + "\"hidden_act\":\"silu\",\"attention_dropout\":0.0,\"eos_token_id\":128001,"
                + "\"use_cache\":true,\"transformers_version\":\"4.45.0\"}");
    DecoderConfig config = DecoderConfig.read(file);
    assertThat(config.keyValueHeads()).isEqualTo(8);
    assertThat(config.headDim()).isEqualTo(64);
    assertThat(config.ropeTheta()).isEqualTo(500_000);
    assertThat(config.tiedEmbeddings()).isTrue();
    assertThat(DecoderConfigJson.ignoredKeys(file))
        .isEqualTo(
            List.of("attention_dropout", "eos_token_id", "transformers_version", "use_cache"));
    // the newer spelling of RoPE's base
    Path newer =
        file("{" + SIZES + ",\"rope_parameters\":{\"rope_theta\":10.5,\"rope_type\":\"default\"}}");
    assertThat(DecoderConfig.read(newer).ropeTheta()).isEqualTo(10.5);
    // Qwen 2 has biases without saying so
    Path qwen = file("{" + SIZES + ",\"model_type\":\"qwen2\"}");
    assertThat(DecoderConfig.read(qwen).attentionBias()).isTrue();
    assertThat(DecoderConfig.read(qwen).attentionOutputBias()).isFalse();
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        Arguments.of("{\"vocab_size\":10}", "key num_attention_heads is missing"),
        Arguments.of("[1]", "must hold a JSON object"),
        Arguments.of("{" + SIZES + "} 1", "not valid JSON"),
        Arguments.of("{" + SIZES, "not valid JSON"),
        Arguments.of("{" + SIZES + "," + SIZES + "}", "not valid JSON"),
        Arguments.of("{" + SIZES + ",\"head_dim\":\"64\"}", "key head_dim must be an integer"),
        Arguments.of("{" + SIZES + ",\"head_dim\":6.5}", "key head_dim must be an integer"),
        Arguments.of("{" + SIZES + ",\"head_dim\":0}", "key head_dim must be positive"),
        Arguments.of("{" + SIZES + ",\"num_key_value_heads\":-1}", "must be positive, got -1"),
        Arguments.of(
            "{" + SIZES.replace(":16,", ":1000000000,") + "}", "must be at most 10000, got"),
        Arguments.of("{" + SIZES + ",\"head_dim\":7}", "head_dim 7 must be even"),
        Arguments.of(
            "{" + SIZES + ",\"num_key_value_heads\":5}", "multiple of num_key_value_heads 5"),
        Arguments.of("{" + SIZES + ",\"attention_bias\":1}", "must be true or false"),
        Arguments.of("{" + SIZES + ",\"rms_norm_eps\":-1}", "rms_norm_eps must lie between"),
        Arguments.of("{" + SIZES + ",\"rms_norm_eps\":\"x\"}", "must be a number"),
        Arguments.of("{" + SIZES + ",\"hidden_act\":\"relu\"}", "known are silu, gelu"),
        Arguments.of("{" + SIZES + ",\"hidden_act\":4}", "must be a string"),
        Arguments.of("{" + SIZES + ",\"model_type\":\"bert\"}", "is 'bert'; this decoder knows"),
        Arguments.of("{" + SIZES + ",\"norm_type\":\"batch\"}", "known are [rms_norm, layer_norm]"),
        Arguments.of(
            "{" + SIZES + ",\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0}}",
            "plain RoPE only"),
        Arguments.of("{" + SIZES + ",\"rope_scaling\":\"yarn\"}", "plain RoPE only"),
        Arguments.of(
            "{" + SIZES + ",\"sliding_window\":4096,\"use_sliding_window\":true}",
            "attends to every earlier token"),
        Arguments.of("{" + SIZES + ",\"partial_rotary_factor\":0.5}", "must be 1"),
        Arguments.of("{" + SIZES + ",\"quantization_config\":{}}", "unquantised weights only"));
  }

  /** Nothing that would change the numbers may be passed over in silence. */
  @ParameterizedTest
  @MethodSource("mistakes")
  void mistakesAreNamed(String json, String message) throws IOException {
    Path file = file(json);
    assertThatThrownBy(() -> DecoderConfig.read(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void sizesMustBePositiveAndAddressable() {
    assertThatThrownBy(() -> DecoderConfig.builder().build())
        .hasMessageContaining("vocab_size must be positive");
    assertThatThrownBy(() -> TestModels.llama3().toBuilder().hiddenSize(17).headDim(0).build())
        .hasMessageContaining("no multiple of num_attention_heads 4; give head_dim");
    assertThatThrownBy(
            () -> TestModels.llama3().toBuilder().vocabSize(1 << 30).build().parameterCount())
        .hasMessageContaining("too large for this engine");
    assertThatThrownBy(() -> DecoderConfig.read(folder.resolve("none.json")))
        .hasMessageContaining("does not exist");
  }
}
