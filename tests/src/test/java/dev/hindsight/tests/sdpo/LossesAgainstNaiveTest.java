package dev.hindsight.tests.sdpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.CispoLoss;
import dev.hindsight.sdpo.loss.ClippedSurrogateLoss;
import dev.hindsight.sdpo.loss.DistillationLoss;
import dev.hindsight.sdpo.loss.Divergence;
import dev.hindsight.sdpo.loss.EntropyBonus;
import dev.hindsight.sdpo.loss.LogLikelihoodLoss;
import dev.hindsight.sdpo.loss.OldTop;
import dev.hindsight.sdpo.loss.PolicyGradientLoss;
import dev.hindsight.sdpo.loss.ReferenceKlLoss;
import dev.hindsight.sdpo.loss.SampledTokenLoss;
import dev.hindsight.sdpo.loss.SequenceLevel;
import dev.hindsight.sdpo.loss.Support;
import dev.hindsight.sdpo.loss.SurrogateLoss;
import dev.hindsight.sdpo.loss.TokenLoss;
import dev.hindsight.tests.sdpo.NaiveLoss.Outcomes;
import dev.hindsight.tests.sdpo.NaiveLoss.Position;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/**
 * Guards every loss and its gradient, as the trainer takes them (in chunks, weighted, at a
 * temperature), against {@link NaiveLoss} on random batches in F64; gradients of the naive one are
 * central differences.
 */
class LossesAgainstNaiveTest {
  private static final Backend REFERENCE = Backends.get("reference");

  /** Loss: some hundred roundings of numbers of size 10. */
  private static final double LOSS = 1e-12;

  /** Difference quotients: h^2 times a third derivative, and a rounding of 1e-15 over h. */
  private static final double STEP = 1e-5;

  private static final double GRADIENT = 2e-9;

  /**
   * A batch of responses.
   *
   * @param lengths of the responses
   * @param vocabulary tokens
   * @param spread of the logits
   * @param seed of everything else
   */
  record Case(List<Integer> lengths, int vocabulary, double spread, long seed) {
    int rows() {
      return lengths.stream().mapToInt(n -> n).sum();
    }
  }

  @Provide
  Arbitrary<Case> cases() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 5).list().ofMinSize(1).ofMaxSize(4),
            Arbitraries.integers().between(2, 9),
            Arbitraries.of(.3, 1.0, 3.0),
            Arbitraries.longs())
        .as(Case::new);
  }

  /** The numbers of a case. */
  private static final class Batch {
    final Case of;
    final SplittableRandom random;
    final double temperature;
    final double[][] z;
    final double[][] u;
    final double[][] before;
    final int[] sampled;
    final double[] old;
    final double[] weight;
    final double[] advantage;

    Batch(Case of) {
      this.of = of;
      this.random = new SplittableRandom(of.seed);
      this.temperature = random.nextBoolean() ? 1 : random.nextDouble(.5, 2);
      this.z = logits(of.spread);
      this.u = logits(of.spread);
      // pi_old is near the policy, so that ratios lie on both sides of the clips
      this.before = logits(.3);
      int rows = of.rows();
      this.sampled = random.ints(rows, 0, of.vocabulary).toArray();
      this.old = new double[rows];
      this.weight = new double[rows];
      this.advantage = new double[rows];
      int row = 0;
      for (int length : of.lengths) {
        double share = random.nextInt(4) == 0 ? 0 : random.nextDouble(.1, 1);
        double a = random.nextGaussian();
        for (int t = 0; t < length; t++, row++) {
          for (int v = 0; v < of.vocabulary; v++) {
            before[row][v] += z[row][v];
          }
          old[row] = NaiveLoss.logSoftmax(scaled(before[row]))[sampled[row]];
          weight[row] = share;
          advantage[row] = a;
        }
      }
    }

    private double[][] logits(double spread) {
      double[][] all = new double[of.rows()][of.vocabulary];
      for (double[] row : all) {
        Arrays.setAll(row, v -> spread * random.nextGaussian());
      }
      return all;
    }

    double[] scaled(double[] logits) {
      return Arrays.stream(logits).map(v -> v / temperature).toArray();
    }

    Position at(double[][] logits, int row) {
      return new Position(
          scaled(logits[row]),
          scaled(z[row]),
          scaled(u[row]),
          sampled[row],
          old[row],
          advantage[row]);
    }

    /** What the chunks make of a loss, against the naive one of whole batches. */
    void check(
        TokenLoss loss,
        double[] logOld,
        double[] advantages,
        @Nullable OldTop oldTop,
        Naive naive) {
      check(loss, logOld, advantages, oldTop, naive, LOSS, GRADIENT);
    }

    void check(
        TokenLoss loss,
        double[] logOld,
        double @Nullable [] advantages,
        @Nullable OldTop oldTop,
        Naive naive,
        double lossBound,
        double gradientBound) {
      Variable leaf = Variable.leaf(tensor(z));
      Variable taught = Variable.constant(tensor(u));
      ChunkedLoss.Term term = new ChunkedLoss.Term(loss, weight, logOld, advantages, oldTop);
      double value;
      try (ChunkedLoss chunked = new ChunkedLoss(temperature, 1 + random.nextInt(5), REFERENCE)) {
        value =
            chunked
                .backward(
                    leaf.times(1),
                    UnaryOperator.identity(),
                    sampled,
                    List.of(term),
                    loss.needsTeacher() ? (from, to) -> taught.slice(0, from, to) : null)
                .loss();
      }
      double size = 1 + Math.abs(naive.of(this, z));
      assertThat(value).isCloseTo(naive.of(this, z), within(lossBound * size));
      double[] gradient = leaf.gradient().toDoubles();
      int kinks = 0;
      for (int r = 0; r < z.length; r++) {
        boolean kink = false;
        for (int v = 0; v < of.vocabulary; v++) {
          double difference = difference(naive, r, v, STEP);
          // a clip begins to bind between the points of a quotient: then another step gives another
          kink |= Math.abs(difference - difference(naive, r, v, 3 * STEP)) > 1e-6 * size;
          if (!kink) {
            assertThat(gradient[r * of.vocabulary + v])
                .as("row %d, token %d of %s", r, v, loss)
                .isCloseTo(difference, within(gradientBound * size));
          }
        }
        kinks += kink ? 1 : 0;
      }
      assertThat(kinks).as("rows at a clip's border").isLessThanOrEqualTo(1);
    }

    private double difference(Naive naive, int row, int token, double h) {
      double near = moved(naive, row, token, h) - moved(naive, row, token, -h);
      double far = moved(naive, row, token, 2 * h) - moved(naive, row, token, -2 * h);
      return (8 * near - far) / (12 * h);
    }

    private double moved(Naive naive, int row, int token, double by) {
      double[][] copy = z.clone();
      copy[row] = z[row].clone();
      copy[row][token] += by;
      return naive.of(this, copy);
    }
  }

  private static Tensor tensor(double[][] rows) {
    double[] flat = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    return Tensor.of(REFERENCE, Shape.of(rows.length, rows[0].length), flat);
  }

  /** The weighted loss of a batch at given logits. */
  private interface Naive {
    double of(Batch batch, double[][] logits);

    /** From the loss of a position. */
    static Naive each(ToDoubleFunction<Position> loss) {
      return (batch, logits) -> {
        double sum = 0;
        for (int r = 0; r < logits.length; r++) {
          sum += batch.weight[r] * loss.applyAsDouble(batch.at(logits, r));
        }
        return sum;
      };
    }
  }

  private static @Nullable Double clip(SplittableRandom random) {
    return random.nextBoolean() ? null : random.nextDouble(.8, 2.5);
  }

  @Property(tries = 300)
  void distillation(@ForAll("cases") Case c) {
    Batch b = new Batch(c);
    double[] ends = {0, 1, .5, b.random.nextDouble(.01, .99)};
    double alpha = ends[b.random.nextInt(4)];
    int k = b.random.nextInt(c.vocabulary + 2);
    boolean tail = b.random.nextBoolean();
    Double isClip = clip(b.random);
    Double klClip = b.random.nextInt(3) > 0 ? null : b.random.nextDouble(.02, .5);
    Support support = k == 0 ? new Support.FullVocabulary() : new Support.TopK(k, tail);
    // K beyond the vocabulary has a clamped tail: a loss of 1e-12 in itself, no gradient
    Outcomes outcomes = new Outcomes(k, tail);
    b.check(
        new DistillationLoss(new Divergence(alpha), support, isClip, klClip),
        b.old,
        b.advantage,
        null,
        Naive.each(x -> NaiveLoss.distillation(x, alpha, outcomes, isClip, klClip)),
        LOSS * 10,
        GRADIENT);
  }

  @Property(tries = 200)
  void clippedAdvantages(@ForAll("cases") Case c) {
    Batch b = new Batch(c);
    int k = b.random.nextInt(c.vocabulary);
    boolean tail = b.random.nextBoolean();
    Double isClip = clip(b.random);
    double largest =
        b.random.nextInt(4) == 0 ? Double.POSITIVE_INFINITY : b.random.nextDouble(.1, 2);
    Support support = k == 0 ? new Support.FullVocabulary() : new Support.TopK(k, tail);
    b.check(
        new SurrogateLoss(support, largest, isClip),
        b.old,
        b.advantage,
        null,
        Naive.each(x -> NaiveLoss.surrogate(x, new Outcomes(k, tail), largest, isClip)));
    b.check(
        new SampledTokenLoss(isClip, largest),
        b.old,
        b.advantage,
        null,
        Naive.each(x -> NaiveLoss.sampledToken(x, isClip, largest)));
  }

  @Property(tries = 200)
  void clippedSurrogateOverLogits(@ForAll("cases") Case c) {
    Batch b = new Batch(c);
    int k = 1 + b.random.nextInt(Math.max(1, c.vocabulary - 1));
    boolean tail = b.random.nextBoolean();
    double low = b.random.nextDouble(.05, .3);
    double high = b.random.nextDouble(.05, .3);
    double largest = b.random.nextBoolean() ? Double.POSITIVE_INFINITY : b.random.nextDouble(.1, 2);
    TokenLoss loss = new ClippedSurrogateLoss(k, tail, low, high, largest);
    // as the policy that the update began with: A and w are those of the policy itself
    b.check(
        loss,
        b.old,
        b.advantage,
        null,
        Naive.each(x -> NaiveLoss.clippedSurrogate(x, x.now(), k, tail, low, high, largest)));
    OldTop top;
    Variable before = Variable.constant(tensor(b.before));
    try (ChunkedLoss chunked = new ChunkedLoss(b.temperature, 2, REFERENCE)) {
      top = chunked.top(before, UnaryOperator.identity(), k);
    }
    Naive naive =
        (batch, logits) -> {
          double sum = 0;
          for (int r = 0; r < logits.length; r++) {
            Position x = batch.at(logits, r);
            double[] old = batch.scaled(batch.before[r]);
            sum +=
                batch.weight[r] * NaiveLoss.clippedSurrogate(x, old, k, tail, low, high, largest);
          }
          return sum;
        };
    b.check(loss, b.old, b.advantage, top, naive);
  }

  @Property(tries = 200)
  void policyGradients(@ForAll("cases") Case c) {
    Batch b = new Batch(c);
    double low = b.random.nextDouble(.05, .3);
    double high = b.random.nextDouble(.05, .3);
    double dual = b.random.nextInt(3) == 0 ? Double.POSITIVE_INFINITY : b.random.nextDouble(1.1, 3);
    b.check(
        new PolicyGradientLoss(low, high, dual),
        b.old,
        b.advantage,
        null,
        Naive.each(
            x ->
                x.advantage() == 0
                    ? 0
                    : NaiveLoss.policyGradient(x.ratio(), x.advantage(), low, high, dual)));
    b.check(
        new CispoLoss(low, high),
        b.old,
        b.advantage,
        null,
        Naive.each(x -> NaiveLoss.cispo(x, low, high)));
    b.check(
        new LogLikelihoodLoss(),
        b.old,
        b.advantage,
        null,
        Naive.each(x -> -x.advantage() * x.logP()));
    b.check(new EntropyBonus(), b.old, b.advantage, null, Naive.each(NaiveLoss::minusEntropy));
  }

  @Property(tries = 100)
  void distancesToTheReference(@ForAll("cases") Case c) {
    for (ReferenceKlLoss.Estimator e : ReferenceKlLoss.Estimator.values()) {
      Batch b = new Batch(c);
      b.check(
          new ReferenceKlLoss(e),
          b.old,
          b.advantage,
          null,
          Naive.each(x -> NaiveLoss.referenceKl(x, e.name())));
    }
  }

  /** GSPO: the naive one has the ratio of whole responses, differentiated through all tokens. */
  @Property(tries = 100)
  void ratiosOfSequences(@ForAll("cases") Case c) {
    Batch b = new Batch(c);
    int[] lengths = c.lengths.stream().mapToInt(n -> n).toArray();
    Naive naive =
        (batch, logits) -> {
          double sum = 0;
          int start = 0;
          for (int length : lengths) {
            double mean = 0;
            for (int r = start; r < start + length; r++) {
              Position x = batch.at(logits, r);
              mean += (x.logP() - x.logOld()) / length;
            }
            double a = batch.advantage[start];
            double loss = NaiveLoss.policyGradient(Math.exp(mean), a, .1, .15, 3);
            sum += length * batch.weight[start] * loss;
            start += length;
          }
          return sum;
        };
    double[] old = SequenceLevel.old(survey(b).logP(), b.old, lengths);
    b.check(new PolicyGradientLoss(.1, .15, 3), old, b.advantage, null, naive);
  }

  /** One advantage a response, the mean of log q - log p over its tokens. */
  @Property(tries = 100)
  void creditOfSequences(@ForAll("cases") Case c) {
    Batch b = new Batch(c);
    int[] lengths = c.lengths.stream().mapToInt(n -> n).toArray();
    ChunkedLoss.Outputs survey = survey(b);
    double[] advantage = SequenceLevel.advantage(survey.logP(), survey.logQ(), lengths);
    Naive naive =
        (batch, logits) -> {
          double sum = 0;
          int start = 0;
          for (int length : lengths) {
            double a = 0;
            for (int r = start; r < start + length; r++) {
              Position x = batch.at(batch.z, r);
              a += (x.logQ() - x.logP()) / length;
            }
            for (int r = start; r < start + length; r++) {
              double w = batch.at(logits, r).ratio();
              sum += batch.weight[r] * NaiveLoss.policyGradient(w, a, .2, .28, 3);
            }
            start += length;
          }
          return sum;
        };
    b.check(new PolicyGradientLoss(.2, .28, 3), b.old, advantage, null, naive);
  }

  private static ChunkedLoss.Outputs survey(Batch b) {
    Variable taught = Variable.constant(tensor(b.u));
    try (ChunkedLoss chunked = new ChunkedLoss(b.temperature, 3, REFERENCE)) {
      return chunked.survey(
          Variable.constant(tensor(b.z)),
          UnaryOperator.identity(),
          b.sampled,
          (from, to) -> taught.slice(0, from, to));
    }
  }
}
