package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
  @TempDir Path temporary;
  private Path folder;
  private Decoder decoder;

  @BeforeEach
  void saveAModel() throws IOException {
    folder = temporary.resolve("models/tiny");
    DecoderConfig config =
        TestModels.gpt2().toBuilder().vocabSize(WordTokenizerTest.TOKENIZER.size()).build();
    decoder = TestModels.lively(config, TestModels.reference(), DType.F32, 1);
    new ModelFolder(decoder, WordTokenizerTest.TOKENIZER).save(folder);
  }

  private ModelFolder load() throws IOException {
    return ModelFolder.load(folder, TestModels.reference(), DType.F32);
  }

  @Test
  void aModelComesBackToTheBit() throws IOException {
    ModelFolder loaded = load();
    assertThat(loaded.decoder().config()).isEqualTo(decoder.config());
    assertThat(loaded.tokenizer().vocabulary()).isEqualTo(WordTokenizerTest.TOKENIZER.vocabulary());
    decoder
        .weights()
        .forEach(
            (name, w) ->
                assertThat(loaded.decoder().weights().get(name).toFloats())
                    .as(name)
                    .isEqualTo(w.toFloats()));
    Path again = temporary.resolve("again");
    loaded.save(again);
    for (String file : new String[] {"config.json", "model.safetensors", "tokenizer.json"}) {
      assertThat(again.resolve(file)).hasSameBinaryContentAs(folder.resolve(file));
    }
    assertThat(
            ModelFolder.loadDecoder(folder, TestModels.reference(), DType.F64)
                .weights()
                .get("model.norm.bias")
                .toFloats())
        .isEqualTo(decoder.weights().get("model.norm.bias").toFloats());
  }

  /**
   * Old and foreign checkpoints store a tied head twice and RoPE's frequencies with the weights.
   */
  @Test
  void harmlessSurplusTensorsArePassedOver() throws IOException {
    Map<String, Tensor> weights = new LinkedHashMap<>(decoder.weights());
    weights.put("lm_head.weight", weights.get("model.embed_tokens.weight"));
    weights.put("model.layers.0.self_attn.rotary_emb.inv_freq", weights.get("model.norm.weight"));
    Safetensors.write(folder.resolve(ModelFolder.WEIGHTS), weights, Map.of());
    assertThat(load().decoder().parameters()).hasSameSizeAs(decoder.parameters());
  }

  /** Such weights gave a file of NaN logits and exit code 0. */
  @Test
  void weightsThatAreNotFiniteAreRefused() throws IOException {
    for (DType dtype : new DType[] {DType.F32, DType.F64, DType.BF16, DType.F16}) {
      for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
        Map<String, Tensor> weights = new LinkedHashMap<>(decoder.weights());
        float[] norm = weights.get("model.norm.weight").toFloats();
        norm[3] = bad;
        Tensor damaged = Tensor.of(TestModels.reference(), Shape.of(norm.length), norm);
        weights.put("model.norm.weight", TensorOps.cast(damaged, dtype));
        Safetensors.write(folder.resolve(ModelFolder.WEIGHTS), weights, Map.of());
        assertThatThrownBy(this::load)
            .isInstanceOf(MalformedFileException.class)
            .hasMessageContaining("'model.norm.weight' holds NaN or infinity at element 3");
      }
    }
  }

  @Test
  void filesThatDoNotBelongTogetherAreNamed() throws IOException {
    Map<String, Tensor> weights = new LinkedHashMap<>(decoder.weights());
    weights.put("model.layers.9.mlp.up_proj.weight", weights.get("model.norm.weight"));
    Safetensors.write(folder.resolve(ModelFolder.WEIGHTS), weights, Map.of());
    assertThatThrownBy(this::load)
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("'model.layers.9.mlp.up_proj.weight' belongs to no part");
    weights.remove("model.layers.9.mlp.up_proj.weight");
    weights.put("lm_head.weight", weights.get("model.norm.weight"));
    Safetensors.write(folder.resolve(ModelFolder.WEIGHTS), weights, Map.of());
    assertThatThrownBy(this::load)
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("'lm_head.weight' has shape [15]");
    weights.keySet().removeIf(name -> name.equals("lm_head.weight") || name.contains("layers.1"));
    Safetensors.write(folder.resolve(ModelFolder.WEIGHTS), weights, Map.of());
    assertThatThrownBy(this::load)
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("no tensor 'model.layers.1.");
    decoder.config().toBuilder().vocabSize(20).build().write(folder.resolve(ModelFolder.CONFIG));
    assertThatThrownBy(this::load)
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("has shape [21, 15], but [20, 15] is expected");
  }

  @Test
  void missingFilesAreNamed() throws IOException {
    assertThatThrownBy(
            () -> ModelFolder.load(temporary.resolve("none"), TestModels.reference(), DType.F32))
        .hasMessageContaining("does not exist; a model is a folder with config.json");
    Files.delete(folder.resolve(ModelFolder.TOKENIZER));
    assertThatThrownBy(this::load).hasMessageContaining("tokenizer.json does not exist");
    Files.move(folder.resolve(ModelFolder.WEIGHTS), folder.resolve("model.safetensors.index.json"));
    assertThatThrownBy(this::load).hasMessageContaining("weights in several files");
  }

  private void tokenizer(String from, String to) throws IOException {
    Path file = folder.resolve(ModelFolder.TOKENIZER);
    new ModelFolder(decoder, WordTokenizerTest.TOKENIZER).save(folder);
    String json = Files.readString(file);
    assertThat(json).contains(from);
    Files.writeString(file, json.replace(from, to));
  }

  @Test
  void hostileTokenizersAreNamed() throws IOException {
    String[][] cases = {
      {"\"WordLevel\"", "\"BPE\"", "model.type is 'BPE'"},
      {"\"Error:\" : 18", "\"Error:\" : 99", "the id of word 'Error:' is 99"},
      {"\"Error:\" : 18", "\"Error:\" : 1.5", "the id of word 'Error:' is 1.5"},
      {"\"Error:\" : 18", "\"Error:\" : 17", "share the id 17"},
      {"\"Error:\" : 18", "\" \" : 18", "blank"},
      {"\"Error:\" : 18", "\"max\" : 18", "not valid JSON"},
      {"\"id\" : 2", "\"id\" : 3", "added token '<asst>' with id 3"},
      {"\"Isolated\"", "\"Removed\"", "cuts text in a way"},
      {"\"normalizer\" : null", "\"normalizer\" : {}", "cuts text in a way"},
      {"\"vocab\" : {", "\"vocab\" : [", "not valid JSON"},
    };
    for (String[] c : cases) {
      tokenizer(c[0], c[1]);
      assertThatThrownBy(this::load)
          .as(c[2])
          .isInstanceOf(MalformedFileException.class)
          .hasMessageContaining("tokenizer.json")
          .hasMessageContaining(c[2]);
    }
    Files.writeString(folder.resolve(ModelFolder.TOKENIZER), "");
    assertThatThrownBy(this::load).isInstanceOf(MalformedFileException.class);
  }

  @Test
  void aTokenizerOfAnotherSizeIsRefused() {
    assertThatThrownBy(() -> new ModelFolder(decoder, WordTokenizerTest.tokenizer("x")))
        .hasMessageContaining("5 tokens")
        .hasMessageContaining("vocab_size is 21");
  }
}
