package dev.hindsight.transformer;

import dev.hindsight.transformer.DecoderConfig.Mlp;
import dev.hindsight.transformer.DecoderConfig.Norm;
import dev.hindsight.transformer.DecoderConfig.Positions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * {@code config.json} with Hugging Face's Llama keys. {@code model_type} llama, mistral, qwen2 and
 * qwen3 mean what they mean there; a decoder that none of them describes has {@code model_type}
 * {@value #OWN} and says the rest in keys of its own ({@code norm_type}, {@code
 * position_embedding_type}, {@code qk_norm}, {@code mlp_gated}, {@code attention_output_bias}).
 */
public final class DecoderConfigJson {
  /** {@code model_type} of a decoder that no public family describes. */
  public static final String OWN = "hindsight_decoder";

  private static final long LIMIT = 4L << 20;
  private static final Set<String> FAMILIES = Set.of("llama", "mistral", "qwen2", "qwen3", OWN);

  private final Path file;
  private final JsonNode root;
  private final Set<String> used = new TreeSet<>();

  private DecoderConfigJson(Path file, JsonNode root) {
    this.file = file;
    this.root = root;
  }

  static DecoderConfig read(Path file) throws IOException {
    return new DecoderConfigJson(file, JsonFiles.readObject(file, LIMIT)).parse();
  }

  /** The keys of a configuration that reading it passes over, in order of their names. */
  public static List<String> ignoredKeys(Path file) throws IOException {
    DecoderConfigJson json = new DecoderConfigJson(file, JsonFiles.readObject(file, LIMIT));
    json.parse();
    List<String> ignored = new ArrayList<>(new TreeSet<>(json.root.propertyNames()));
    ignored.removeAll(json.used);
    return ignored;
  }

  private DecoderConfig parse() throws MalformedFileException {
    String family = string("model_type", "llama");
    if (!FAMILIES.contains(family)) {
      throw problem(
          "model_type", "is '" + family + "'; this decoder knows " + new TreeSet<>(FAMILIES));
    }
    refuseUnknownArithmetic();
    boolean bias = bool("attention_bias", family.equals("qwen2"));
    int heads = integer("num_attention_heads", null);
    int hidden = integer("hidden_size", null);
    DecoderConfig.Builder builder =
        DecoderConfig.builder()
            .vocabSize(integer("vocab_size", null))
            .hiddenSize(hidden)
            .intermediateSize(integer("intermediate_size", null))
            .layers(integer("num_hidden_layers", null))
            .heads(heads)
            .keyValueHeads(positive("num_key_value_heads", heads))
            .maxPositions(integer("max_position_embeddings", null))
            .normEpsilon(number("rms_norm_eps", 1e-6))
            .ropeTheta(ropeTheta())
            .norm(choice("norm_type", Norm.RMS_NORM, Norm.values()))
            .positions(choice("position_embedding_type", Positions.ROPE, Positions.values()))
            .mlp(mlp())
            .qkNorm(bool("qk_norm", family.equals("qwen3")))
            .attentionBias(bias)
            .attentionOutputBias(bool("attention_output_bias", bias && !family.equals("qwen2")))
            .mlpBias(bool("mlp_bias", false))
            .tiedEmbeddings(bool("tie_word_embeddings", false));
    if (present("head_dim")) {
      builder.headDim(positive("head_dim", null));
    }
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(file, e.getMessage(), e);
    }
  }

  /** Keys that would change the result and are not implemented must not be passed over. */
  private void refuseUnknownArithmetic() throws MalformedFileException {
    for (String key : List.of("rope_scaling", "rope_parameters")) {
      JsonNode rope = root.path(key);
      String type = rope.path("rope_type").asString(rope.path("type").asString("default"));
      if (present(key) && !(rope.isObject() && type.equals("default"))) {
        throw problem(key, "is " + rope + "; this decoder has plain RoPE only");
      }
    }
    if (bool("use_sliding_window", root.path("model_type").asString("").equals("mistral"))
        && present("sliding_window")
        && integer("sliding_window", null) < integer("max_position_embeddings", null)) {
      throw problem(
          "sliding_window",
          "is "
              + root.get("sliding_window")
              + "; this decoder attends to every earlier token, so lower max_position_embeddings to"
              + " it");
    }
    if (number("partial_rotary_factor", 1) != 1) {
      throw problem("partial_rotary_factor", "must be 1, this decoder turns every channel");
    }
    if (present("quantization_config")) {
      throw problem("quantization_config", "is set; this version reads unquantised weights only");
    }
    used.addAll(List.of("rope_scaling", "sliding_window"));
  }

  private double ropeTheta() throws MalformedFileException {
    JsonNode nested = root.path("rope_parameters").path("rope_theta");
    used.add("rope_parameters");
    return nested.isNumber() ? nested.doubleValue() : number("rope_theta", 10_000);
  }

  private Mlp mlp() throws MalformedFileException {
    String act = string("hidden_act", "silu");
    boolean gated = bool("mlp_gated", act.equals("silu") || act.equals("swish"));
    return switch (act) {
      case "silu", "swish" -> {
        if (!gated) {
          throw problem("mlp_gated", "must be true with hidden_act silu (SwiGLU)");
        }
        yield Mlp.SWIGLU;
      }
      case "gelu", "gelu_new", "gelu_pytorch_tanh" -> {
        if (gated) {
          throw problem("mlp_gated", "must be false with hidden_act " + act);
        }
        yield act.equals("gelu") ? Mlp.GELU : Mlp.GELU_TANH;
      }
      default ->
          throw problem(
              "hidden_act",
              "is '" + act + "'; known are silu, gelu, gelu_new and gelu_pytorch_tanh");
    };
  }

  // ------------------------------------------------------------------ values

  private boolean present(String key) {
    used.add(key);
    return root.has(key) && !root.get(key).isNull();
  }

  private int integer(String key, @org.jspecify.annotations.Nullable Integer otherwise)
      throws MalformedFileException {
    if (!present(key)) {
      if (otherwise == null) {
        throw problem(key, "is missing; a decoder needs it");
      }
      return otherwise;
    }
    JsonNode value = root.get(key);
    if (!value.isInt()) {
      throw problem(key, "must be an integer, got " + value);
    }
    return value.intValue();
  }

  /** The builder takes what is not positive for what was left out; a file must say so itself. */
  private int positive(String key, @org.jspecify.annotations.Nullable Integer otherwise)
      throws MalformedFileException {
    int value = integer(key, otherwise);
    if (present(key) && value <= 0) {
      throw problem(key, "must be positive, got " + value + "; leave it out for its usual value");
    }
    return value;
  }

  private double number(String key, double otherwise) throws MalformedFileException {
    if (!present(key)) {
      return otherwise;
    }
    JsonNode value = root.get(key);
    if (!value.isNumber()) {
      throw problem(key, "must be a number, got " + value);
    }
    return value.doubleValue();
  }

  private boolean bool(String key, boolean otherwise) throws MalformedFileException {
    if (!present(key)) {
      return otherwise;
    }
    JsonNode value = root.get(key);
    if (!value.isBoolean()) {
      throw problem(key, "must be true or false, got " + value);
    }
    return value.booleanValue();
  }

  private String string(String key, String otherwise) throws MalformedFileException {
    if (!present(key)) {
      return otherwise;
    }
    JsonNode value = root.get(key);
    if (!value.isString()) {
      throw problem(key, "must be a string, got " + value);
    }
    return value.stringValue();
  }

  private <E extends Enum<E>> E choice(String key, E otherwise, E[] all)
      throws MalformedFileException {
    String text = string(key, name(otherwise));
    for (E e : all) {
      if (name(e).equals(text)) {
        return e;
      }
    }
    List<String> known = Arrays.stream(all).map(DecoderConfigJson::name).toList();
    throw problem(key, "is '" + text + "'; known are " + known);
  }

  private static String name(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT);
  }

  private MalformedFileException problem(String key, String what) {
    return new MalformedFileException(file, "key " + key + " " + what);
  }

  // ----------------------------------------------------------------- writing

  /**
   * @param more further keys, such as the ids of special tokens
   */
  static void write(Path file, DecoderConfig config, Map<String, ?> more) throws IOException {
    String family = family(config);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of(architecture(family)));
    json.put("model_type", family);
    json.put("vocab_size", config.vocabSize());
    json.put("hidden_size", config.hiddenSize());
    json.put("intermediate_size", config.intermediateSize());
    json.put("num_hidden_layers", config.layers());
    json.put("num_attention_heads", config.heads());
    json.put("num_key_value_heads", config.keyValueHeads());
    json.put("head_dim", config.headDim());
    json.put("max_position_embeddings", config.maxPositions());
    json.put("rms_norm_eps", config.normEpsilon());
    json.put("rope_theta", config.ropeTheta());
    json.put(
        "hidden_act",
        switch (config.mlp()) {
          case SWIGLU -> "silu";
          case GELU -> "gelu";
          case GELU_TANH -> "gelu_pytorch_tanh";
        });
    json.put("attention_bias", config.attentionBias());
    json.put("mlp_bias", config.mlpBias());
    json.put("tie_word_embeddings", config.tiedEmbeddings());
    if (family.equals(OWN)) {
      json.put("norm_type", name(config.norm()));
      json.put("position_embedding_type", name(config.positions()));
      json.put("mlp_gated", config.mlp() == Mlp.SWIGLU);
      json.put("qk_norm", config.qkNorm());
      json.put("attention_output_bias", config.attentionOutputBias());
    }
    json.put("torch_dtype", "float32");
    json.putAll(more);
    JsonFiles.write(file, json);
  }

  /** The public family whose own reader would build exactly this decoder. */
  private static String family(DecoderConfig config) {
    boolean plain =
        config.norm() == Norm.RMS_NORM
            && config.positions() == Positions.ROPE
            && config.mlp() == Mlp.SWIGLU;
    boolean sameBias = config.attentionBias() == config.attentionOutputBias();
    if (plain && config.qkNorm() && sameBias && !config.mlpBias()) {
      return "qwen3";
    }
    if (plain && !config.qkNorm() && sameBias) {
      return "llama";
    }
    if (plain && !config.qkNorm() && config.attentionBias() && !config.mlpBias()) {
      return "qwen2";
    }
    return OWN;
  }

  private static String architecture(String family) {
    return switch (family) {
      case "llama" -> "LlamaForCausalLM";
      case "qwen2" -> "Qwen2ForCausalLM";
      case "qwen3" -> "Qwen3ForCausalLM";
      default -> "HindsightDecoder";
    };
  }
}
