package dev.hindsight.sdpo.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guards that chunks change memory and nothing else. */
class ChunkedLossTest {
  private static final int ROWS = 13;
  private static final int CHANNELS = 6;
  private static final int VOCABULARY = 9;
  private static final Backend REFERENCE = Backends.get("reference");
  private static final TokenLoss LOSS =
      new DistillationLoss(new Divergence(.5), new Support.TopK(4, true), 2.0);

  private static double[] random(int n, long stream) {
    Philox random = new Philox(1, stream);
    return IntStream.range(0, n).mapToDouble(i -> random.nextGaussian()).toArray();
  }

  private static Tensor tensor(double[] values, int rows) {
    return Tensor.of(REFERENCE, Shape.of(rows, values.length / rows), values);
  }

  private final Variable states = Variable.leaf(tensor(random(ROWS * CHANNELS, 1), ROWS));
  private final Variable head = Variable.leaf(tensor(random(VOCABULARY * CHANNELS, 2), VOCABULARY));
  private final Variable taught = Variable.constant(tensor(random(ROWS * VOCABULARY, 3), ROWS));

  private ChunkedLoss.Inputs inputs() {
    int[] sampled = IntStream.range(0, ROWS).map(i -> i * 5 % VOCABULARY).toArray();
    double[] weight = new double[ROWS];
    double[] old = new double[ROWS];
    for (int i = 0; i < ROWS; i++) {
      weight[i] = i % 4 == 0 ? 0 : .1 * i;
      old[i] = -2 - .1 * i;
    }
    return new ChunkedLoss.Inputs(
        sampled, weight, old, null, (from, to) -> taught.slice(0, from, to));
  }

  private ChunkedLoss.Outputs run(int rows, double temperature) {
    states.clearGradient();
    head.clearGradient();
    try (ChunkedLoss chunked = new ChunkedLoss(LOSS, temperature, rows, REFERENCE)) {
      // hidden states are part of a graph, as a decoder's are
      return chunked.backward(states.times(1), h -> h.linear(head), inputs());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 12, 13, 100})
  void chunksGiveWhatTheWholeGives(int rows) {
    ChunkedLoss.Outputs out = run(rows, 1.3);
    double[] dStates = states.gradient().toDoubles();
    double[] dHead = head.gradient().toDoubles();
    states.clearGradient();
    head.clearGradient();
    ChunkedLoss.Inputs in = inputs();
    Variable logP = states.linear(head).times(1 / 1.3).logSoftmax();
    TokenRows all =
        new TokenRows(
            logP,
            taught.times(1 / 1.3).logSoftmax(),
            Tensor.of(REFERENCE, Shape.of(ROWS, 1), in.sampled()),
            column(in.logOld()),
            null);
    Variable loss = LOSS.perToken(all).mul(column(in.weight())).sum();
    loss.backward();
    // sums of at most 13 * 9 terms of size 1, in another order
    assertThat(out.loss()).isCloseTo(loss.item(), within(1e-13));
    close(dStates, states.gradient().toDoubles());
    close(dHead, head.gradient().toDoubles());
    double[] p = logP.tensor().toDoubles();
    for (int i = 0; i < ROWS; i++) {
      double entropy = 0;
      for (int v = 0; v < VOCABULARY; v++) {
        double l = p[i * VOCABULARY + v];
        entropy -= Math.exp(l) * l;
      }
      assertThat((double) out.entropy()[i]).isCloseTo(entropy, within(1e-6));
      assertThat((double) out.logP()[i])
          .isCloseTo(p[i * VOCABULARY + in.sampled()[i]], within(1e-6));
      assertThat(out.gap()[i]).isPositive();
    }
  }

  private static Variable column(double[] values) {
    return Variable.constant(
        Tensor.of(
            REFERENCE,
            Shape.of(values.length, 1),
            IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray()));
  }

  private static void close(double[] actual, double[] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(1e-13));
    }
  }

  /** A row's gradient does not depend on the chunk it came in. */
  @Test
  void hiddenGradientsHaveTheSameBitsInAnyChunk() {
    run(1, 1);
    double[] single = states.gradient().toDoubles();
    run(5, 1);
    assertThat(states.gradient().toDoubles()).containsExactly(single);
  }

  @Test
  void aBatchWithoutALiveTokenGivesZeroAndAGraph() {
    ChunkedLoss.Inputs in = inputs();
    ChunkedLoss.Inputs masked =
        new ChunkedLoss.Inputs(in.sampled(), new double[ROWS], in.logOld(), null, in.teacher());
    try (ChunkedLoss chunked = new ChunkedLoss(LOSS, 1, 4, REFERENCE)) {
      assertThat(chunked.backward(states.times(1), h -> h.linear(head), masked).loss()).isZero();
    }
    assertThat(Arrays.stream(states.gradient().toDoubles())).allMatch(g -> g == 0);
  }
}
