package dev.hindsight.benchmarks;

import dev.hindsight.transformer.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Everything that {@code bench} measures. */
public final class Cases {
  /** A small GPT of 6.9 million parameters. */
  public static final DecoderConfig GPT =
      DecoderConfig.builder()
          .vocabSize(4096)
          .hiddenSize(256)
          .intermediateSize(1024)
          .layers(6)
          .heads(8)
          .maxPositions(256)
          .norm(DecoderConfig.Norm.LAYER_NORM)
          .normEpsilon(1e-5)
          .positions(DecoderConfig.Positions.LEARNED)
          .mlp(DecoderConfig.Mlp.GELU)
          .attentionBias(true)
          .attentionOutputBias(true)
          .mlpBias(true)
          .build();

  /** GPT-2's smallest: 124 million parameters. */
  private static final DecoderConfig GPT2 =
      DecoderConfig.builder()
          .vocabSize(50_257)
          .hiddenSize(768)
          .intermediateSize(3072)
          .layers(12)
          .heads(12)
          .maxPositions(1024)
          .norm(DecoderConfig.Norm.LAYER_NORM)
          .normEpsilon(1e-5)
          .positions(DecoderConfig.Positions.LEARNED)
          .mlp(DecoderConfig.Mlp.GELU_TANH)
          .attentionBias(true)
          .attentionOutputBias(true)
          .mlpBias(true)
          .tiedEmbeddings(true)
          .build();

  private static final Case.Train GPT_STEP =
      new Case.Train("gpt-train", "gpt-6.9M 8x256", GPT, 8, 256);

  private Cases() {}

  /** What a processor is measured with, in this order. */
  public static List<Case> all() {
    List<Case> all = new ArrayList<>();
    for (boolean transposeA : new boolean[] {false, true}) {
      for (boolean transposeB : new boolean[] {false, true}) {
        for (int n : new int[] {128, 512, 1024, 2048}) {
          all.add(new Case.Sgemm(1, n, n, n, transposeA, transposeB));
        }
        all.add(new Case.Sgemm(1, 1024, 256, 1024, transposeA, transposeB));
        all.add(new Case.Sgemm(1, 1024, 1024, 256, transposeA, transposeB));
        all.add(new Case.Sgemm(8, 4096, 64, 64, transposeA, transposeB));
        if (!transposeA) {
          all.add(new Case.Sgemm(1, 1, 2048, 2048, false, transposeB));
        }
      }
    }
    // quickstart's: rows of a pretraining step, of a decoding step; weights [out, in]
    all.add(new Case.Sgemm(1, 2944, 48, 128, false, true));
    all.add(new Case.Sgemm(1, 2944, 128, 48, false, true));
    all.add(new Case.Sgemm(1, 128, 2944, 48, true, false));
    all.add(new Case.Sgemm(1, 128, 48, 118, false, true));
    all.add(new Case.Sgemm(1, 2944, 96, 256, false, true));

    all.add(new Case.Attention(8, 256, 8, 32, false));
    all.add(new Case.Attention(8, 256, 8, 32, true));
    all.add(new Case.Attention(1, 1024, 8, 64, false));
    all.add(new Case.Attention(1, 1024, 8, 64, true));

    // from memory, and as a step's activations lie: in the second or third cache
    for (int[] shape : new int[][] {{1024, 4096}, {2048, 256}}) {
      for (Case.Pointwise op : Case.Pointwise.values()) {
        all.add(new Case.Elementwise(op, shape[0], shape[1]));
      }
    }

    all.add(GPT_STEP);
    all.add(new Case.Decode("gpt-6.9M greedy", GPT, 16, 128));
    all.add(new Case.PretrainTiny("dialect-48x2", tiny(48, 2, 128), 128));
    all.add(new Case.PretrainTiny("dialect-96x3", tiny(96, 3, 256), 128));
    all.add(new Case.SdpoTiny("dialect-48x2", tiny(48, 2, 128), 16, 8));
    all.add(new Case.SdpoTiny("dialect-96x3", tiny(96, 3, 256), 16, 8));
    all.add(new Case.Memory(GPT_STEP));
    return all;
  }

  /**
   * What a device is measured with: sizes that keep a GPU busy, and the matrix products of {@link
   * #GPT2} with 8 x 512 tokens (query, key and value; projections; MLP; logits), whose three forms
   * are its forward pass (Bt) and both gradients.
   */
  static List<Case> device() {
    List<Case> all = new ArrayList<>();
    int[][] shapes = {
      {512, 512, 512},
      {1024, 1024, 1024},
      {2048, 2048, 2048},
      {4096, 4096, 4096},
      {8192, 8192, 8192},
      {4096, 768, 2304},
      {4096, 768, 768},
      {4096, 768, 3072},
      {4096, 3072, 768},
      {4096, 768, 50_257}
    };
    for (boolean transposeA : new boolean[] {false, true}) {
      for (boolean transposeB : new boolean[] {false, true}) {
        for (int[] s : shapes) {
          all.add(new Case.Sgemm(1, s[0], s[1], s[2], transposeA, transposeB));
        }
      }
    }
    for (boolean backward : new boolean[] {false, true}) {
      all.add(new Case.Attention(8, 256, 8, 32, backward));
      all.add(new Case.Attention(8, 512, 12, 64, backward));
      all.add(new Case.Attention(8, 1024, 12, 64, backward));
      all.add(new Case.Attention(2, 4096, 12, 64, backward));
      all.add(new Case.Attention(4, 1024, 16, 128, backward));
    }
    for (int[] shape : new int[][] {{8192, 4096}, {4096, 768}}) {
      for (Case.Pointwise op : Case.Pointwise.values()) {
        all.add(new Case.Elementwise(op, shape[0], shape[1]));
      }
    }
    all.add(GPT_STEP);
    all.add(new Case.Train("gpt-train", "gpt2-124M 8x512", GPT2, 8, 512));
    all.add(new Case.Decode("gpt-6.9M greedy", GPT, 16, 128));
    all.add(new Case.Decode("gpt2-124M greedy", GPT2, 16, 128));
    all().stream()
        .filter(c -> c instanceof Case.PretrainTiny || c instanceof Case.SdpoTiny)
        .forEach(all::add);
    return all;
  }

  /** Some of every group, for two minutes beside all peers: kernels at sizes that steps use. */
  static List<Case> quick() {
    return some(
        all(),
        "512x512x512",
        "1024x256x1024 Bt",
        "1x2048x2048 Bt",
        "128x2944x48 At",
        "8x256 8x32 forward+backward",
        "add 2048x256",
        "gelu 2048x256",
        "rms-norm 2048x256");
  }

  /** Some of every group of {@link #device}. */
  static List<Case> quickDevice() {
    return some(
        device(),
        "512x512x512",
        "2048x2048x2048",
        "8192x8192x8192",
        "4096x768x768",
        "4096x768x768 Bt",
        "4096x768x768 At",
        "8x512 12x64 forward",
        "8x512 12x64 forward+backward",
        "add 8192x4096",
        "rms-norm 8192x4096",
        "gelu 4096x768");
  }

  /** All models, and the kernels of these names. */
  private static List<Case> some(List<Case> all, String... kernels) {
    Set<String> names = Set.of(kernels);
    return all.stream()
        .filter(
            c ->
                switch (c) {
                  case Case.Sgemm _, Case.Elementwise _, Case.Attention _ ->
                      names.contains(c.name());
                  default -> true;
                })
        .toList();
  }

  /** The case of this id. */
  public static Case of(String id) {
    return Stream.of(all(), device(), Scaling.points().stream().map(Scaling.Point::work).toList())
        .flatMap(List::stream)
        .filter(c -> c.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("bench: no case " + id));
  }

  private static DecoderConfig tiny(int width, int layers, int inner) {
    return DecoderConfig.builder()
        .vocabSize(dev.hindsight.sdpo.dialect.DialectVocabulary.tokens().size())
        .hiddenSize(width)
        .intermediateSize(inner)
        .layers(layers)
        .heads(4)
        .maxPositions(128)
        .normEpsilon(1e-5)
        .tiedEmbeddings(true)
        .build();
  }
}
