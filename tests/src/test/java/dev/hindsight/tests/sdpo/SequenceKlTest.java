package dev.hindsight.tests.sdpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.DistillationLoss;
import dev.hindsight.sdpo.loss.Divergence;
import dev.hindsight.sdpo.loss.LogLikelihoodLoss;
import dev.hindsight.sdpo.loss.SequenceLevel;
import dev.hindsight.sdpo.loss.Support;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * Guards the prefix term (arXiv 2601.20802, appendix A.1) by counting everything: three tokens,
 * responses of three tokens, a table of logits for each of the 13 prefixes. Over all 27 responses,
 * each with its probability, the gradient of token losses and prefix terms must be that of the KL
 * between the two distributions of responses; without the prefix terms it must not.
 */
class SequenceKlTest {
  private static final Backend REFERENCE = Backends.get("reference");
  private static final int V = 3;
  private static final int T = 3;

  /** Prefixes in the order "", 0, 1, 2, 00, 01, ... */
  private static final int PREFIXES = 13;

  private final double[][] p = table(1);
  private final double[][] q = table(2);

  private static double[][] table(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] all = new double[PREFIXES][V];
    for (double[] row : all) {
      Arrays.setAll(row, v -> random.nextGaussian());
    }
    return all;
  }

  private static int child(int prefix, int token) {
    return V * prefix + 1 + token;
  }

  private static List<int[]> responses() {
    List<int[]> all = new ArrayList<>();
    for (int i = 0; i < V * V * V; i++) {
      all.add(new int[] {i / (V * V), i / V % V, i % V});
    }
    return all;
  }

  private static double logProbability(double[][] table, int[] response) {
    double sum = 0;
    int prefix = 0;
    for (int y : response) {
      sum += NaiveLoss.logSoftmax(table[prefix])[y];
      prefix = child(prefix, y);
    }
    return sum;
  }

  /** KL between the distributions of whole responses. */
  private double sequenceKl(double[][] student) {
    double sum = 0;
    for (int[] y : responses()) {
      double logP = logProbability(student, y);
      sum += Math.exp(logP) * (logP - logProbability(q, y));
    }
    return sum;
  }

  private double[][] gradient(boolean prefixTerm) {
    double[][] total = new double[PREFIXES][V];
    for (int[] y : responses()) {
      int[] prefixes = new int[T];
      for (int t = 1; t < T; t++) {
        prefixes[t] = child(prefixes[t - 1], y[t - 1]);
      }
      Variable z = Variable.leaf(rows(p, prefixes));
      Variable u = Variable.constant(rows(q, prefixes));
      ChunkedLoss.Logits teacher = (from, to) -> u.slice(0, from, to);
      double[] weight = {1, 1, 1};
      double[] none = new double[T];
      try (ChunkedLoss chunked = new ChunkedLoss(1, 2, REFERENCE)) {
        ChunkedLoss.Outputs survey = chunked.survey(z, UnaryOperator.identity(), y, teacher);
        double[] minusReturn = SequenceLevel.toGo(survey.gap(), new int[] {T});
        for (int t = 0; t < T; t++) {
          minusReturn[t] = prefixTerm ? -minusReturn[t] : 0;
        }
        chunked.backward(
            z.times(1),
            UnaryOperator.identity(),
            y,
            List.of(
                new ChunkedLoss.Term(
                    new DistillationLoss(new Divergence(1), new Support.FullVocabulary(), null),
                    weight,
                    none,
                    null,
                    null),
                new ChunkedLoss.Term(new LogLikelihoodLoss(), weight, none, minusReturn, null)),
            teacher);
      }
      double probability = Math.exp(logProbability(p, y));
      double[] g = z.gradient().toDoubles();
      for (int t = 0; t < T; t++) {
        for (int v = 0; v < V; v++) {
          total[prefixes[t]][v] += probability * g[t * V + v];
        }
      }
    }
    return total;
  }

  private static Tensor rows(double[][] table, int[] prefixes) {
    double[] flat =
        Arrays.stream(prefixes).boxed().flatMapToDouble(i -> Arrays.stream(table[i])).toArray();
    return Tensor.of(REFERENCE, Shape.of(prefixes.length, V), flat);
  }

  @Test
  void withPrefixTermsTheGradientIsThatOfTheKlOfSequences() {
    double[][] exact = new double[PREFIXES][V];
    for (int i = 0; i < PREFIXES; i++) {
      for (int v = 0; v < V; v++) {
        double kept = p[i][v];
        p[i][v] = kept + 1e-5;
        double above = sequenceKl(p);
        p[i][v] = kept - 1e-5;
        exact[i][v] = (above - sequenceKl(p)) / 2e-5;
        p[i][v] = kept;
      }
    }
    double[][] sequence = gradient(true);
    double[][] token = gradient(false);
    double apart = 0;
    for (int i = 0; i < PREFIXES; i++) {
      for (int v = 0; v < V; v++) {
        assertThat(sequence[i][v])
            .as("prefix %d, token %d", i, v)
            .isCloseTo(exact[i][v], within(2e-9));
        apart = Math.max(apart, Math.abs(token[i][v] - exact[i][v]));
      }
    }
    assertThat(apart).as("the token level leaves something out").isGreaterThan(.01);
  }
}
