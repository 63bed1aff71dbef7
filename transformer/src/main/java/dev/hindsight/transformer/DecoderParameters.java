package dev.hindsight.transformer;

import dev.hindsight.engine.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of a decoder's parameters, as Hugging Face's Llama checkpoints have them. */
final class DecoderParameters {
  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String POSITIONS = "model.embed_positions.weight";
  static final String HEAD = "lm_head.weight";

  private DecoderParameters() {}

  /** Every parameter in the order of the forward pass; linear weights are {@code [out, in]}. */
  static Map<String, Shape> shapes(DecoderConfig config) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    int hidden = config.hiddenSize();
    int queries = config.heads() * config.headDim();
    int keys = config.keyValueHeads() * config.headDim();
    shapes.put(EMBEDDING, Shape.of(config.vocabSize(), hidden));
    if (config.positions() == DecoderConfig.Positions.LEARNED) {
      shapes.put(POSITIONS, Shape.of(config.maxPositions(), hidden));
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "model.layers." + layer + ".";
      String attention = block + "self_attn.";
      norm(shapes, config, block + "input_layernorm");
      linear(shapes, attention + "q_proj", queries, hidden, config.attentionBias());
      linear(shapes, attention + "k_proj", keys, hidden, config.attentionBias());
      linear(shapes, attention + "v_proj", keys, hidden, config.attentionBias());
      if (config.qkNorm()) {
        shapes.put(attention + "q_norm.weight", Shape.of(config.headDim()));
        shapes.put(attention + "k_norm.weight", Shape.of(config.headDim()));
      }
      linear(shapes, attention + "o_proj", hidden, queries, config.attentionOutputBias());
      norm(shapes, config, block + "post_attention_layernorm");
      int inner = config.intermediateSize();
      if (config.mlp() == DecoderConfig.Mlp.SWIGLU) {
        linear(shapes, block + "mlp.gate_proj", inner, hidden, config.mlpBias());
      }
      linear(shapes, block + "mlp.up_proj", inner, hidden, config.mlpBias());
      linear(shapes, block + "mlp.down_proj", hidden, inner, config.mlpBias());
    }
    norm(shapes, config, "model.norm");
    if (!config.tiedEmbeddings()) {
      shapes.put(HEAD, Shape.of(config.vocabSize(), hidden));
    }
    return shapes;
  }

  private static void linear(
      Map<String, Shape> shapes, String name, int out, int in, boolean bias) {
    shapes.put(name + ".weight", Shape.of(out, in));
    if (bias) {
      shapes.put(name + ".bias", Shape.of(out));
    }
  }

  private static void norm(Map<String, Shape> shapes, DecoderConfig config, String name) {
    shapes.put(name + ".weight", Shape.of(config.hiddenSize()));
    if (config.norm() == DecoderConfig.Norm.LAYER_NORM) {
      shapes.put(name + ".bias", Shape.of(config.hiddenSize()));
    }
  }
}
