package dev.hindsight.transformer;

import java.util.Map;

/**
 * The decoder once more, for one sequence, in plain loops over double arrays that share no code
 * with the engine: what {@link Decoder} must compute.
 */
final class PlainDecoder {
  private final DecoderConfig config;
  private final Map<String, double[]> weights;

  PlainDecoder(DecoderConfig config, Map<String, double[]> weights) {
    this.config = config;
    this.weights = weights;
  }

  /** {@code [tokens, vocabulary]}. */
  double[][] logits(int... tokens) {
    int n = tokens.length;
    double[][] x = new double[n][];
    for (int t = 0; t < n; t++) {
      x[t] = row("model.embed_tokens.weight", tokens[t], config.hiddenSize());
      if (config.positions() == DecoderConfig.Positions.LEARNED) {
        x[t] = add(x[t], row("model.embed_positions.weight", t, config.hiddenSize()));
      }
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "model.layers." + layer + ".";
      double[][] normed = new double[n][];
      for (int t = 0; t < n; t++) {
        normed[t] = norm(x[t], block + "input_layernorm");
      }
      double[][] attended = attention(normed, block + "self_attn.");
      for (int t = 0; t < n; t++) {
        x[t] = add(x[t], attended[t]);
        x[t] = add(x[t], mlp(norm(x[t], block + "post_attention_layernorm"), block + "mlp."));
      }
    }
    String head = config.tiedEmbeddings() ? "model.embed_tokens" : "lm_head";
    double[][] logits = new double[n][];
    for (int t = 0; t < n; t++) {
      logits[t] = linear(norm(x[t], "model.norm"), head);
    }
    return logits;
  }

  private double[][] attention(double[][] x, String name) {
    int n = x.length;
    int d = config.headDim();
    double[][] q = new double[n][];
    double[][] k = new double[n][];
    double[][] v = new double[n][];
    for (int t = 0; t < n; t++) {
      q[t] = heads(linear(x[t], name + "q_proj"), config.heads(), name + "q_norm.weight", t);
      k[t] =
          heads(linear(x[t], name + "k_proj"), config.keyValueHeads(), name + "k_norm.weight", t);
      v[t] = linear(x[t], name + "v_proj");
    }
    double[][] out = new double[n][];
    for (int t = 0; t < n; t++) {
      double[] mixed = new double[config.heads() * d];
      for (int h = 0; h < config.heads(); h++) {
        int kv = h / (config.heads() / config.keyValueHeads());
        double[] p = new double[t + 1];
        double sum = 0;
        for (int s = 0; s <= t; s++) {
          double dot = 0;
          for (int i = 0; i < d; i++) {
            dot += q[t][h * d + i] * k[s][kv * d + i];
          }
          p[s] = Math.exp(dot / Math.sqrt(d));
          sum += p[s];
        }
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < d; i++) {
            mixed[h * d + i] += p[s] / sum * v[s][kv * d + i];
          }
        }
      }
      out[t] = linear(mixed, name + "o_proj");
    }
    return out;
  }

  private double[] heads(double[] x, int count, String norm, int position) {
    int d = config.headDim();
    double[] out = x.clone();
    for (int h = 0; h < count; h++) {
      double[] head = new double[d];
      System.arraycopy(x, h * d, head, 0, d);
      if (config.qkNorm()) {
        head = rms(head, weights.get(norm));
      }
      for (int i = 0; i < d; i++) {
        out[h * d + i] = head[i];
      }
      if (config.positions() == DecoderConfig.Positions.ROPE) {
        for (int i = 0; i < d / 2; i++) {
          double angle = position * Math.pow(config.ropeTheta(), -2.0 * i / d);
          out[h * d + i] = head[i] * Math.cos(angle) - head[i + d / 2] * Math.sin(angle);
          out[h * d + i + d / 2] = head[i + d / 2] * Math.cos(angle) + head[i] * Math.sin(angle);
        }
      }
    }
    return out;
  }

  private double[] mlp(double[] x, String name) {
    double[] up = linear(x, name + "up_proj");
    double[] inner = new double[up.length];
    double[] gate =
        config.mlp() == DecoderConfig.Mlp.SWIGLU ? linear(x, name + "gate_proj") : new double[0];
    for (int i = 0; i < up.length; i++) {
      inner[i] =
          switch (config.mlp()) {
            case SWIGLU -> gate[i] / (1 + Math.exp(-gate[i])) * up[i];
            case GELU_TANH ->
                up[i]
                    / 2
                    * (1
                        + Math.tanh(
                            Math.sqrt(2 / Math.PI) * (up[i] + 0.044715 * Math.pow(up[i], 3))));
            case GELU -> throw new IllegalStateException("no family here has the exact GELU");
          };
    }
    return linear(inner, name + "down_proj");
  }

  private double[] norm(double[] x, String name) {
    double[] weight = weights.get(name + ".weight");
    if (config.norm() == DecoderConfig.Norm.RMS_NORM) {
      return rms(x, weight);
    }
    double[] bias = weights.get(name + ".bias");
    double mean = 0;
    for (double e : x) {
      mean += e / x.length;
    }
    double variance = 0;
    for (double e : x) {
      variance += (e - mean) * (e - mean) / x.length;
    }
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = (x[i] - mean) / Math.sqrt(variance + config.normEpsilon()) * weight[i] + bias[i];
    }
    return out;
  }

  private double[] rms(double[] x, double[] weight) {
    double square = 0;
    for (double e : x) {
      square += e * e / x.length;
    }
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] / Math.sqrt(square + config.normEpsilon()) * weight[i];
    }
    return out;
  }

  private double[] linear(double[] x, String name) {
    double[] weight = weights.get(name + ".weight");
    double[] bias = weights.get(name + ".bias");
    double[] out = new double[weight.length / x.length];
    for (int o = 0; o < out.length; o++) {
      out[o] = bias == null ? 0 : bias[o];
      for (int i = 0; i < x.length; i++) {
        out[o] += weight[o * x.length + i] * x[i];
      }
    }
    return out;
  }

  private double[] row(String name, int index, int width) {
    double[] out = new double[width];
    System.arraycopy(weights.get(name), index * width, out, 0, width);
    return out;
  }

  private static double[] add(double[] a, double[] b) {
    double[] out = a.clone();
    for (int i = 0; i < out.length; i++) {
      out[i] += b[i];
    }
    return out;
  }
}
