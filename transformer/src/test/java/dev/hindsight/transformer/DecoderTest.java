package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DecoderTest {
  static List<DecoderConfig> families() {
    return TestModels.families();
  }

  /**
   * Guards the wiring: order of norms and residuals, rotation's halves, which key head a query head
   * reads, where biases go. Both sides compute in double; sums have some hundred terms of size one,
   * so rounding stays below 1e-12.
   */
  @ParameterizedTest
  @MethodSource("families")
  void logitsAreThoseOfPlainLoops(DecoderConfig config) {
    Decoder decoder = TestModels.lively(config, TestModels.reference(), DType.F64, 1);
    Map<String, double[]> weights = new HashMap<>();
    decoder.weights().forEach((name, w) -> weights.put(name, w.toDoubles()));
    List<int[]> sequences = List.of(new int[] {3, 1, 4, 1, 5}, new int[] {9}, new int[] {2, 6, 18});

    double[] logits = decoder.logits(decoder.hidden(Batch.packed(sequences))).tensor().toDoubles();

    int at = 0;
    for (int[] sequence : sequences) {
      for (double[] row : new PlainDecoder(config, weights).logits(sequence)) {
        for (double expected : row) {
          assertThat(logits[at++]).isCloseTo(expected, within(1e-11));
        }
      }
    }
  }

  /**
   * The gradient of every single weight against central differences. Step 1e-6 in F64: truncation
   * about h^2 = 1e-12 times third derivatives, rounding about 1e-16 x loss / h = 1e-10 and its sum
   * over a few hundred terms; 1e-6 relative to the largest leaves a margin of a hundred.
   */
  @ParameterizedTest
  @MethodSource("families")
  void gradientsAgreeWithCentralDifferences(DecoderConfig config) {
    Decoder decoder =
        TestModels.lively(
            config.toBuilder().layers(1).vocabSize(7).intermediateSize(6).build(),
            TestModels.reference(),
            DType.F64,
            2);
    lossOf(decoder).backward();
    double h = 1e-6;
    decoder
        .parameters()
        .forEach(
            (name, parameter) -> {
              double[] gradient =
                  parameter.gradient() == null
                      ? new double[Math.toIntExact(parameter.shape().size())]
                      : parameter.gradient().toDoubles();
              double[] values = parameter.tensor().toDoubles();
              for (int i = 0; i < values.length; i += 1 + values.length / 12) {
                double value = values[i];
                double numeric =
                    (lossWith(decoder, name, values, i, value + h)
                            - lossWith(decoder, name, values, i, value - h))
                        / (2 * h);
                lossWith(decoder, name, values, i, value);
                assertThat(gradient[i])
                    .as("%s[%d]", name, i)
                    .isCloseTo(numeric, within(1e-6 * Math.max(1, Math.abs(numeric))));
              }
            });
  }

  private static double lossWith(
      Decoder decoder, String name, double[] values, int i, double value) {
    values[i] = value;
    Tensor weight = decoder.weights().get(name);
    TensorOps.copy(Tensor.of(weight.backend(), weight.shape(), values), weight);
    return lossOf(decoder).item();
  }

  /** Ragged, with only some rows wanted, so that the gradient crosses the selection of rows. */
  private static Variable lossOf(Decoder decoder) {
    List<int[]> sequences = List.of(new int[] {1, 2, 3, 4}, new int[] {5, 0, 6});
    Variable logits = decoder.logits(decoder.hidden(Batch.packed(sequences, new int[] {2, 3})));
    Tensor targets = Tensor.of(decoder.backend(), Shape.of(5), 0, 1, 2, 6, 4);
    return logits.crossEntropy(targets).sum();
  }

  /** Recomputation must give the same bits, not merely close ones: a resumed run would drift. */
  @ParameterizedTest
  @MethodSource("families")
  void activationCheckpointingChangesNoBit(DecoderConfig config) {
    Decoder kept = TestModels.lively(config, TestModels.reference(), DType.F32, 3);
    Decoder recomputed = kept.copy();
    recomputed.setActivationCheckpointing(true);
    Variable loss = lossOf(kept);
    Variable again = lossOf(recomputed);
    assertThat(again.item()).isEqualTo(loss.item());
    loss.backward();
    again.backward();
    kept.parameters()
        .forEach(
            (name, p) -> {
              Tensor gradient = p.gradient();
              Tensor other = recomputed.parameters().get(name).gradient();
              assertThat(other == null).as(name).isEqualTo(gradient == null);
              if (gradient != null && other != null) {
                assertThat(other.toFloats()).as(name).isEqualTo(gradient.toFloats());
              }
            });
  }

  @Test
  void sameSeedGivesSameWeightsAndOthersDiffer() {
    DecoderConfig config = TestModels.llama3();
    Decoder a = Decoder.initialise(config, TestModels.reference(), DType.F32, 5);
    Decoder b = Decoder.initialise(config, TestModels.reference(), DType.F32, 5);
    Decoder c = Decoder.initialise(config, TestModels.reference(), DType.F32, 6);
    a.weights()
        .forEach(
            (name, w) ->
                assertThat(b.weights().get(name).toFloats()).as(name).isEqualTo(w.toFloats()));
    String name = "model.layers.1.self_attn.q_proj.weight";
    assertThat(c.weights().get(name).toFloats()).isNotEqualTo(a.weights().get(name).toFloats());
  }

  /**
   * 5,000 draws: the sample deviation lies within 5 % of the true one with odds beyond 1e6 to 1.
   */
  @Test
  void initialDeviationsAreThoseOfGpt2() {
    DecoderConfig config =
        TestModels.llama3().toBuilder().hiddenSize(80).headDim(20).intermediateSize(96).build();
    Decoder decoder = Decoder.initialise(config, TestModels.reference(), DType.F64, 7);
    assertThat(deviation(decoder, "model.layers.0.self_attn.q_proj.weight"))
        .isCloseTo(0.02, within(0.001));
    assertThat(deviation(decoder, "model.layers.0.self_attn.o_proj.weight"))
        .isCloseTo(0.01, within(0.0005));
    assertThat(deviation(decoder, "model.layers.1.mlp.down_proj.weight"))
        .isCloseTo(0.01, within(0.0005));
    assertThat(decoder.weights().get("model.norm.weight").toDoubles()).containsOnly(1.0);
  }

  private static double deviation(Decoder decoder, String name) {
    double[] values = decoder.weights().get(name).toDoubles();
    double sum = 0;
    for (double v : values) {
      sum += v * v;
    }
    return Math.sqrt(sum / values.length);
  }

  @Test
  void parameterCountsAreThoseOfTheBuiltInBases() {
    DecoderConfig small = TestModels.base48x2();
    assertThat(small.parameterCount()).isEqualTo(61_200);
    DecoderConfig large =
        small.toBuilder().hiddenSize(96).headDim(24).layers(3).intermediateSize(256).build();
    assertThat(large.parameterCount()).isEqualTo(343_776);
  }

  @Test
  void aCopyHasWeightsOfItsOwn() {
    Decoder decoder = TestModels.lively(TestModels.qwen2(), TestModels.reference(), DType.F32, 8);
    Decoder copy = decoder.copy();
    float[] before = copy.weights().get("model.norm.weight").toFloats();
    TensorOps.fill(decoder.weights().get("model.norm.weight"), 9);
    assertThat(copy.weights().get("model.norm.weight").toFloats()).isEqualTo(before);
    copy.assign(decoder.weights());
    assertThat(copy.weights().get("model.norm.weight").toFloats()).containsOnly(9f);
  }

  @Test
  void wrongTokensAndPositionsAreNamed() {
    Decoder decoder = Decoder.initialise(TestModels.llama3(), TestModels.reference(), DType.F32, 0);
    SequenceLayout one = SequenceLayout.packed(1);
    assertThatThrownBy(() -> decoder.hidden(new int[] {19}, new int[] {0}, one, null))
        .hasMessageContaining("token id 19")
        .hasMessageContaining("vocabulary of 19");
    assertThatThrownBy(() -> decoder.hidden(new int[] {0}, new int[] {32}, one, null))
        .hasMessageContaining("position 32")
        .hasMessageContaining("max_position_embeddings 32")
        .hasMessageContaining("shorten");
    assertThatThrownBy(
            () -> decoder.hidden(new int[] {0}, new int[] {0}, one, new KvCache(decoder, 4)))
        .hasMessageContaining("noGrad");
    assertThatThrownBy(() -> Batch.packed(List.of(new int[0]))).hasMessageContaining("empty");
  }

  @Test
  void missingSurplusAndMisshapenWeightsAreNamed() {
    Decoder decoder = Decoder.initialise(TestModels.llama3(), TestModels.reference(), DType.F32, 0);
    Map<String, Tensor> weights = new LinkedHashMap<>(decoder.weights());
    Tensor norm = weights.remove("model.norm.weight");
    assertThatThrownBy(() -> new Decoder(decoder.config(), weights))
        .hasMessageContaining("model.norm.weight [16] is missing");
    weights.put("model.norm.weight", norm.slice(0, 0, 15));
    assertThatThrownBy(() -> new Decoder(decoder.config(), weights))
        .hasMessageContaining("F32[15], the configuration asks for [16]");
    weights.put("model.norm.weight", norm);
    weights.put("model.norm.bias", norm);
    assertThatThrownBy(() -> new Decoder(decoder.config(), weights))
        .hasMessageContaining("model.norm.bias belongs to no part");
  }
}
