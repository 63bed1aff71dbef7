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

  private static final Case.Train GPT_STEP =
      new Case.Train("gpt-train", "gpt-6.9M 8x256", GPT, 8, 256);

  private Cases() {}

  /** All of them, in the order in which they are measured. */
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

  /** Some of every group, for two minutes beside all peers: kernels at sizes that steps use. */
  static List<Case> quick() {
    Set<String> kernels =
        Set.of(
            "512x512x512",
            "1024x256x1024 Bt",
            "1x2048x2048 Bt",
            "128x2944x48 At",
            "8x256 8x32 forward+backward",
            "add 2048x256",
            "gelu 2048x256",
            "rms-norm 2048x256");
    return all().stream()
        .filter(
            c ->
                switch (c) {
                  case Case.Sgemm _, Case.Elementwise _, Case.Attention _ ->
                      kernels.contains(c.name());
                  default -> true;
                })
        .toList();
  }

  /** The case of this id. */
  public static Case of(String id) {
    return Stream.concat(all().stream(), Scaling.points().stream().map(Scaling.Point::work))
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
