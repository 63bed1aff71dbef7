package dev.hindsight.transformer;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
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

  /** Weights that are drawn at a time. */
  private static final int BLOCK = 1 << 16;

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
              Tensor weight =
                  Workspace.outside(
                      () ->
                          TensorOps.full(backend, dtype, shape, name.endsWith(".weight") ? 1 : 0));
              if (shape.rank() == 2) {
                boolean residual =
                    name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
                double deviation =
                    residual ? DEVIATION / Math.sqrt(2.0 * config.layers()) : DEVIATION;
                drawNormal(weight, deviation, stream.split(weights.size()));
              }
              weights.put(name, weight);
            });
    return weights;
  }

  /** A block of rows at a time: arrays as large as the weights would stay in the Java heap. */
  private static void drawNormal(Tensor weight, double deviation, Philox random) {
    int columns = weight.dim(1);
    int rows = Math.max(1, BLOCK / Math.max(1, columns));
    try (Workspace workspace = new Workspace(weight.backend())) {
      for (int from = 0; from < weight.dim(0); from += rows) {
        int to = Math.min(weight.dim(0), from + rows);
        double[] values = new double[(to - from) * columns];
        for (int i = 0; i < values.length; i++) {
          values[i] = deviation * random.nextGaussian();
        }
        try (var _ = workspace.open()) {
          Tensor drawn = Tensor.of(weight.backend(), Shape.of(to - from, columns), values);
          TensorOps.copy(drawn, weight.slice(0, from, to));
        }
      }
    }
  }
}
