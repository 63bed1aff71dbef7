package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Threads;
import dev.hindsight.engine.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The promise that makes sampling on-policy: the bits of a row depend neither on its batch, nor on
 * which rows are asked for, nor on whether its keys come from a cache. Equality here is of bits.
 */
class InvarianceTest {
  static Stream<Arguments> cases() {
    return TestModels.backends().stream()
        .flatMap(
            backend ->
                Stream.concat(TestModels.families().stream(), Stream.of(TestModels.base48x2()))
                    .map(config -> Arguments.of(backend, config)));
  }

  private static List<int[]> ragged(DecoderConfig config) {
    Philox random = TestModels.random(1);
    List<int[]> sequences = new ArrayList<>();
    for (int length : new int[] {7, 1, 23, 12, 2, 17, 31, 8, 16, 3}) {
      sequences.add(TestModels.tokens(length, config.vocabSize(), random));
    }
    return sequences;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void batchedEqualsSingle(Backend backend, DecoderConfig config) {
    Decoder decoder = TestModels.lively(config, backend, DType.F32, 1);
    List<int[]> sequences = ragged(config);
    float[] together = logits(decoder, Batch.packed(sequences));
    int at = 0;
    for (int[] sequence : sequences) {
      float[] alone = logits(decoder, Batch.packed(List.of(sequence)));
      assertThat(Arrays.copyOfRange(together, at, at + alone.length)).isEqualTo(alone);
      at += alone.length;
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void wantedRowsEqualAllRows(Backend backend, DecoderConfig config) {
    Decoder decoder = TestModels.lively(config, backend, DType.F32, 2);
    List<int[]> sequences = ragged(config);
    int[] wanted = sequences.stream().mapToInt(s -> s.length / 2).toArray();
    float[] all = logits(decoder, Batch.packed(sequences));
    float[] some = logits(decoder, Batch.packed(sequences, wanted));
    int width = config.vocabSize();
    int end = 0;
    int at = 0;
    for (int s = 0; s < wanted.length; s++) {
      end += sequences.get(s).length * width;
      int count = wanted[s] * width;
      assertThat(Arrays.copyOfRange(some, at, at + count))
          .isEqualTo(Arrays.copyOfRange(all, end - count, end));
      at += count;
    }
    assertThat(some).hasSize(at);
  }

  /** Prompts in one pass, then single tokens, against the whole in one pass. */
  @ParameterizedTest
  @MethodSource("cases")
  void cachedDecodingEqualsTheFullPass(Backend backend, DecoderConfig config) {
    Decoder decoder = TestModels.lively(config, backend, DType.F32, 3);
    List<int[]> sequences = ragged(config).stream().filter(s -> s.length > 4).toList();
    int n = sequences.size();
    int width = config.vocabSize();
    float[] full = logits(decoder, Batch.packed(sequences));
    int[] start = new int[n];
    for (int s = 1; s < n; s++) {
      start[s] = start[s - 1] + sequences.get(s - 1).length;
    }
    KvCache cache = new KvCache(decoder, start[n - 1] + sequences.get(n - 1).length);
    int[] filled = new int[n];
    try (var _ = Autograd.noGrad()) {
      for (int step = 0; step < 5; step++) {
        // first all but the last four tokens of each, then one at a time
        int[] count = new int[n];
        List<int[]> pieces = new ArrayList<>();
        int[] keyLength = new int[n];
        List<Integer> positions = new ArrayList<>();
        for (int s = 0; s < n; s++) {
          count[s] = step == 0 ? sequences.get(s).length - 4 : 1;
          pieces.add(Arrays.copyOfRange(sequences.get(s), filled[s], filled[s] + count[s]));
          for (int i = 0; i < count[s]; i++) {
            positions.add(filled[s] + i);
          }
          keyLength[s] = filled[s] + count[s];
        }
        Batch batch = Batch.packed(pieces);
        SequenceLayout own = batch.layout();
        SequenceLayout layout =
            new SequenceLayout(own.queryStart(), own.queryLength(), start, keyLength, true);
        float[] part =
            decoder
                .logits(
                    decoder.hidden(
                        batch.tokens(),
                        positions.stream().mapToInt(i -> i).toArray(),
                        layout,
                        cache))
                .tensor()
                .toFloats();
        int at = 0;
        for (int s = 0; s < n; s++) {
          int from = (start[s] + filled[s]) * width;
          int length = count[s] * width;
          assertThat(Arrays.copyOfRange(part, at, at + length))
              .as("step %d, sequence %d", step, s)
              .isEqualTo(Arrays.copyOfRange(full, from, from + length));
          at += length;
          filled[s] += count[s];
        }
      }
    }
  }

  /**
   * Without gradient a large batch goes through a few sequences at a time, in memory that is handed
   * on: the same bits as all at once, and less memory.
   */
  @Test
  void partsOfABatchEqualTheWhole() {
    for (Backend backend : TestModels.backends()) {
      partsOfABatchEqualTheWhole(backend);
    }
  }

  private static void partsOfABatchEqualTheWhole(Backend backend) {
    DecoderConfig config = TestModels.base48x2();
    Decoder decoder = TestModels.lively(config, backend, DType.F32, 5);
    Philox random = TestModels.random(2);
    int rows = 1300 * Threads.count();
    List<int[]> sequences = new ArrayList<>();
    for (int length; rows > 0; rows -= length) {
      length = 1 + random.nextInt(100);
      sequences.add(TestModels.tokens(length, config.vocabSize(), random));
    }
    int[] wanted = new int[sequences.size()];
    for (int s = 20; s < wanted.length; s++) { // nothing is wanted of the first: a whole part
      wanted[s] = random.nextInt(sequences.get(s).length + 1);
    }
    Batch batch = Batch.packed(sequences, wanted);
    long[] bytes = new long[2];
    float[][] hidden = new float[2][];
    for (int parts = 0; parts < 2; parts++) {
      try (Workspace workspace = new Workspace(backend);
          var _ = workspace.open()) {
        if (parts == 0) {
          hidden[parts] = decoder.hidden(batch).tensor().toFloats();
        } else {
          try (var _ = Autograd.noGrad()) {
            hidden[parts] = decoder.hidden(batch).tensor().toFloats();
          }
        }
        bytes[parts] = workspace.mostInUse();
      }
    }
    assertThat(hidden[1]).isEqualTo(hidden[0]);
    assertThat(bytes[1]).isLessThan(bytes[0] / 2);
    try (Workspace workspace = Workspace.poisoning(backend);
        var _ = workspace.open();
        var _ = Autograd.noGrad()) {
      assertThat(decoder.hidden(batch).tensor().toFloats()).isEqualTo(hidden[0]);
    }
  }

  /** Short sequences fill a pass up to its rows; of long ones two a thread go together. */
  @Test
  void passesOfShortAndOfLongSequences() {
    Decoder decoder =
        TestModels.lively(TestModels.base48x2(), TestModels.reference(), DType.F32, 5);
    int threads = Threads.count();
    int[] lengths = new int[1000 * threads];
    Arrays.fill(lengths, 20);
    int rows = 20 * decoder.endOfPass(lengths, 0);
    Arrays.fill(lengths, 600);
    assertThat(decoder.endOfPass(lengths, 3)).isEqualTo(3 + 2 * threads);
    Arrays.fill(lengths, 100 * rows);
    assertThat(decoder.endOfPass(lengths, 3)).isEqualTo(4);
  }

  /** Writing is adding to zeros, so writing twice must be refused, and clearing must forget. */
  @Test
  void aCacheRowIsWrittenOnce() {
    Decoder decoder = TestModels.lively(TestModels.llama3(), TestModels.reference(), DType.F32, 4);
    KvCache cache = new KvCache(decoder, 3);
    SequenceLayout one = SequenceLayout.packed(1);
    try (var _ = Autograd.noGrad()) {
      float[] first = decoder.hidden(new int[] {5}, new int[] {0}, one, cache).tensor().toFloats();
      assertThatThrownBy(() -> decoder.hidden(new int[] {5}, new int[] {0}, one, cache))
          .hasMessageContaining("row 0")
          .hasMessageContaining("clear");
      cache.clear();
      assertThat(decoder.hidden(new int[] {5}, new int[] {0}, one, cache).tensor().toFloats())
          .isEqualTo(first);
      assertThatThrownBy(
              () ->
                  decoder.hidden(
                      new int[] {1, 2, 3, 4},
                      new int[] {0, 1, 2, 3},
                      SequenceLayout.packed(4),
                      new KvCache(decoder, 3)))
          .hasMessageContaining("3 rows")
          .hasMessageContaining("larger cache");
    }
  }

  private static float[] logits(Decoder decoder, Batch batch) {
    try (var _ = Autograd.noGrad()) {
      return decoder.logits(decoder.hidden(batch)).tensor().toFloats();
    }
  }
}
