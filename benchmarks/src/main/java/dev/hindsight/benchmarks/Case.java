package dev.hindsight.benchmarks;

import dev.hindsight.transformer.DecoderConfig;

/**
 * One thing to measure, the same for every contender. A contender makes a step of it that can be
 * repeated; a step does {@link #work} of {@link #unit}.
 */
public sealed interface Case {
  /** The part of the comparison that it belongs to, such as {@code sgemm}. */
  String group();

  /** Its name within the group. */
  String name();

  /** What a rate counts, such as {@code GFLOP/s}. */
  String unit();

  /** Work of a step, in the unit times seconds. */
  double work();

  /** What the machine can do at most of this, in the case's unit; NaN when it is not known. */
  default double limit(Limits limits) {
    return Double.NaN;
  }

  /** Group and name, for the command line and the protocol between processes. */
  default String id() {
    return group() + "/" + name();
  }

  /**
   * {@code C = A B}, row-major, single precision, {@code batch} products at a time.
   *
   * @param transposeA whether A lies as {@code [k, m]}
   * @param transposeB whether B lies as {@code [n, k]}
   */
  record Sgemm(int batch, int m, int k, int n, boolean transposeA, boolean transposeB)
      implements Case {
    @Override
    public String group() {
      return "sgemm";
    }

    @Override
    public String name() {
      String sizes = m + "x" + k + "x" + n;
      return (batch == 1 ? "" : batch + "*")
          + sizes
          + (transposeA ? " At" : "")
          + (transposeB ? " Bt" : "");
    }

    @Override
    public String unit() {
      return "GFLOP/s";
    }

    @Override
    public double work() {
      return 2e-9 * batch * m * k * n;
    }

    @Override
    public double limit(Limits limits) {
      double operands = 4 * batch * ((double) m * k + (double) k * n);
      if (m > 1 || operands < (1 << 20)) {
        return limits.gigaflops();
      }
      // a product of a vector reads the whole matrix for two operations an element
      double moved = 1e-9 * (operands + 4.0 * batch * m * n);
      return Math.min(limits.gigaflops(), work() / moved * limits.gigabytes());
    }
  }

  /** Operations that read and write each element about once. */
  enum Pointwise {
    ADD,
    GELU,
    SILU,
    SOFTMAX,
    RMS_NORM,
    LAYER_NORM,
    ADAMW;

    /** Floats that one element needs from memory and to it, at least. */
    int moved() {
      return switch (this) {
        case ADD -> 3;
        case GELU, SILU, SOFTMAX, RMS_NORM, LAYER_NORM -> 2;
        case ADAMW -> 7; // weight and both moments come and go, the gradient comes
      };
    }

    String label() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /** One pass over {@code [rows, columns]}. */
  record Elementwise(Pointwise op, int rows, int columns) implements Case {
    @Override
    public String group() {
      return "elementwise";
    }

    @Override
    public String name() {
      return op.label() + " " + rows + "x" + columns;
    }

    @Override
    public String unit() {
      return "Gelem/s";
    }

    @Override
    public double work() {
      return 1e-9 * rows * columns;
    }

    @Override
    public double limit(Limits limits) {
      return limits.gigabytes() / (4 * op.moved());
    }
  }

  /** Causal self-attention of {@code batch} sequences, forward or forward and backward. */
  record Attention(int batch, int time, int heads, int headDim, boolean backward) implements Case {
    @Override
    public String group() {
      return "attention";
    }

    @Override
    public String name() {
      return batch
          + "x"
          + time
          + " "
          + heads
          + "x"
          + headDim
          + (backward ? " forward+backward" : " forward");
    }

    @Override
    public String unit() {
      return "GFLOP/s";
    }

    @Override
    public double work() {
      // two products over half of the scores; backward has five
      double forward = 2e-9 * batch * heads * time * (double) time * headDim;
      return backward ? 3.5 * forward : forward;
    }

    @Override
    public double limit(Limits limits) {
      return limits.gigaflops();
    }
  }

  /** One step of AdamW on a decoder: forward, backward, clipping, update. */
  record Train(String group, String name, DecoderConfig model, int batch, int time)
      implements Case {
    @Override
    public String unit() {
      return "tokens/s";
    }

    @Override
    public double work() {
      return (double) batch * time;
    }

    @Override
    public double limit(Limits limits) {
      return 1e9 * limits.gigaflops() / flopsPerToken();
    }

    /** Six a weight of a matrix, and attention's products over half of the scores. */
    private double flopsPerToken() {
      double weights = model.parameterCount() - (double) model.maxPositions() * model.hiddenSize();
      if (!model.tiedEmbeddings()) {
        weights -= (double) model.vocabSize() * model.hiddenSize(); // looked up, not multiplied
      }
      double attention = 7.0 * model.layers() * time * model.heads() * model.headDim();
      return 6 * weights + attention;
    }
  }

  /** Greedy decoding of one sequence with a KV cache. */
  record Decode(String name, DecoderConfig model, int prompt, int tokens) implements Case {
    @Override
    public String group() {
      return "decode";
    }

    @Override
    public String unit() {
      return "tokens/s";
    }

    @Override
    public double work() {
      return tokens;
    }

    @Override
    public double limit(Limits limits) {
      double looked = (double) model.maxPositions() * model.hiddenSize();
      if (!model.tiedEmbeddings()) {
        looked += (double) model.vocabSize() * model.hiddenSize();
      }
      return 1e9 * limits.gigabytes() / (4 * (model.parameterCount() - looked));
    }
  }

  /** One pretraining step of a built-in base on real documents of the built-in environment. */
  record PretrainTiny(String name, DecoderConfig model, int documents) implements Case {
    @Override
    public String group() {
      return "pretrain-tiny";
    }

    @Override
    public String unit() {
      return "tokens/s";
    }

    @Override
    public double work() {
      return TinyBatch.pretraining(documents).tokens();
    }
  }

  /**
   * One SDPO step on a built-in base: sample, score with the student and the self-teacher, reverse
   * KL over the vocabulary, AdamW, EMA. Every response has the same length, so that the work is the
   * same for all.
   */
  record SdpoTiny(String name, DecoderConfig model, int questions, int rollouts) implements Case {
    @Override
    public String group() {
      return "sdpo-tiny";
    }

    @Override
    public String unit() {
      return "steps/s";
    }

    @Override
    public double work() {
      return 1;
    }
  }

  /** Peak resident memory of a training step, in a process of its own. */
  record Memory(Train train) implements Case {
    @Override
    public String group() {
      return "memory";
    }

    @Override
    public String name() {
      return train.name();
    }

    @Override
    public String unit() {
      return "MB";
    }

    @Override
    public double work() {
      return 1;
    }
  }
}
