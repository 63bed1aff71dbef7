package dev.hindsight.transformer;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Names and shapes of a decoder's parameters, as Hugging Face's Llama checkpoints have them. */
final class DecoderParameters {
  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String POSITIONS = "model.embed_positions.weight";
  static final String HEAD = "lm_head.weight";

  /** The stream of random weights; each parameter has a split of its own. */
  private static final long INITIALISATION = 0x696E_6974_6961_6CL;

  private static final double DEVIATION = 0.02;

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

  static Variable require(Map<String, Variable> parameters, String name) {
    return Objects.requireNonNull(parameters.get(name), name);
  }

  /** Leaves over given weights, in the order of {@link #shapes}. */
  static Map<String, Variable> leaves(DecoderConfig config, Map<String, Tensor> weights) {
    check(config, weights);
    Map<String, Variable> leaves = new LinkedHashMap<>();
    for (String name : shapes(config).keySet()) {
      leaves.put(name, Variable.leaf(Objects.requireNonNull(weights.get(name))));
    }
    return leaves;
  }

  /** Refuses weights that are not exactly those of a configuration. */
  static void check(DecoderConfig config, Map<String, Tensor> weights) {
    Map<String, Shape> shapes = shapes(config);
    shapes.forEach(
        (name, shape) -> {
          Tensor weight = weights.get(name);
          if (weight == null) {
            throw new IllegalArgumentException(
                "decoder: the weight " + name + " " + shape + " is missing");
          }
          if (!weight.shape().equals(shape)) {
            throw new IllegalArgumentException(
                "decoder: the weight "
                    + name
                    + " is "
                    + weight
                    + ", the configuration asks for "
                    + shape);
          }
        });
    for (String name : weights.keySet()) {
      if (!shapes.containsKey(name)) {
        throw new IllegalArgumentException(
            "decoder: the weight " + name + " belongs to no part of this configuration");
      }
    }
  }

  /** Random weights, a pure function of the arguments; persistent memory. */
  static Map<String, Tensor> initialise(
      DecoderConfig config, Backend backend, DType dtype, long seed) {
    Philox stream = new Philox(seed, INITIALISATION);
    Map<String, Tensor> weights = new LinkedHashMap<>();
    shapes(config)
        .forEach(
            (name, shape) -> {
              double[] values = new double[Math.toIntExact(shape.size())];
              if (shape.rank() == 2) {
                boolean residual =
                    name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
                double deviation =
                    residual ? DEVIATION / Math.sqrt(2.0 * config.layers()) : DEVIATION;
                Philox random = stream.split(weights.size());
                for (int i = 0; i < values.length; i++) {
                  values[i] = deviation * random.nextGaussian();
                }
              } else if (name.endsWith(".weight")) {
                Arrays.fill(values, 1);
              }
              weights.put(name, Workspace.outside(() -> tensor(backend, dtype, shape, values)));
            });
    return weights;
  }

  private static Tensor tensor(Backend backend, DType dtype, Shape shape, double[] values) {
    if (dtype == DType.F64) {
      return Tensor.of(backend, shape, values);
    }
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = (float) values[i];
    }
    return Tensor.of(backend, shape, rounded);
  }
}
