package dev.hindsight.transformer;

import dev.hindsight.engine.Philox;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Chooses one token from a row of log-probabilities. Arithmetic is in double precision with {@code
 * StrictMath}, in one order: the same row and the same random number give the same token anywhere.
 *
 * <p>Where nothing is filtered a backend's exponentials, which need not have the same bits
 * everywhere, say at once which token it will be, unless the random number falls so close to the
 * border between two tokens that their errors could matter; only then it is computed as above.
 */
final class Sampler {
  /**
   * Share of the sum of weights within which a border is too close: more than thirty times the
   * error of a sum of weights that are off by up to 4 ulps.
   */
  private static final double BORDER = 0x1p-16;

  private final int vocabulary;
  private final SamplingOptions options;
  private final double[] cumulative;

  /** Sort keys of the filtered path: the order of the log-probability above, the token below. */
  private final long[] keys;

  Sampler(int vocabulary, SamplingOptions options) {
    this.vocabulary = vocabulary;
    this.options = options;
    this.cumulative = new double[vocabulary];
    this.keys = options.isFiltered() && options.isRandom() ? new long[vocabulary] : new long[0];
  }

  /** Whether {@link #choose} is quicker with the exponentials of the log-probabilities. */
  boolean usesWeights() {
    return options.isRandom() && !options.isFiltered();
  }

  /**
   * The token for the row that begins at {@code offset}. Draws one double from {@code random}, none
   * when greedy.
   *
   * @param weights exponentials of {@code logProbs} within 4 ulps, or an absolute error of 1e-37;
   *     null to do without
   * @throws IllegalStateException when the row holds NaN
   */
  int choose(float[] logProbs, float @Nullable [] weights, int offset, Philox random) {
    if (!options.isRandom()) {
      return mostLikely(logProbs, offset);
    }
    return choose(logProbs, weights, offset, random.nextDouble());
  }

  /** As above, with the random number itself. */
  int choose(float[] logProbs, float @Nullable [] weights, int offset, double uniform) {
    if (options.isFiltered()) {
      return filtered(logProbs, offset, uniform);
    }
    int token = weights == null ? -1 : farFromBorders(weights, offset, uniform);
    return token >= 0 ? token : unfiltered(logProbs, offset, uniform);
  }

  /** What {@link #unfiltered} will say; -1 when that is not certain, or weights are NaN. */
  private int farFromBorders(float[] weights, int offset, double uniform) {
    double sum = sum(weights, offset, vocabulary);
    double mark = uniform * sum;
    double cumulative = 0;
    for (int token = 0; token < vocabulary; token++) {
      double before = cumulative;
      cumulative += weights[offset + token];
      if (cumulative > mark) {
        double border = BORDER * sum;
        return cumulative - mark > border && mark - before > border ? token : -1;
      }
    }
    return -1;
  }

  /** Four sums side by side: none waits for another. */
  private static double sum(float[] weights, int offset, int n) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = 0;
    for (; i <= n - 4; i += 4) {
      a += weights[offset + i];
      b += weights[offset + i + 1];
      c += weights[offset + i + 2];
      d += weights[offset + i + 3];
    }
    for (; i < n; i++) {
      a += weights[offset + i];
    }
    return a + b + (c + d);
  }

  private int mostLikely(float[] logProbs, int offset) {
    int best = 0;
    for (int token = 0; token < vocabulary; token++) {
      float value = logProbs[offset + token];
      if (Float.isNaN(value)) {
        throw notANumber();
      }
      if (value > logProbs[offset + best]) {
        best = token;
      }
    }
    return best;
  }

  private int unfiltered(float[] logProbs, int offset, double uniform) {
    double sum = 0;
    for (int token = 0; token < vocabulary; token++) {
      sum += StrictMath.exp(logProbs[offset + token]);
      cumulative[token] = sum;
    }
    return draw(vocabulary, sum, uniform);
  }

  /**
   * The first of {@code count} places whose cumulative weight exceeds a uniform part of the sum.
   */
  private int draw(int count, double sum, double uniform) {
    if (Double.isNaN(sum)) {
      throw notANumber();
    }
    double mark = uniform * sum;
    for (int i = 0; i < count; i++) {
      if (cumulative[i] > mark) {
        return i;
      }
    }
    // mark rounded up to the sum: the last place with any weight
    int last = count - 1;
    while (last > 0 && cumulative[last - 1] == cumulative[last]) {
      last--;
    }
    return last;
  }

  private int filtered(float[] logProbs, int offset, double uniform) {
    for (int token = 0; token < vocabulary; token++) {
      float value = logProbs[offset + token];
      if (Float.isNaN(value)) {
        throw notANumber();
      }
      // bits that sort like the floats, largest first, then the lower token first
      int bits = Float.floatToIntBits(value == 0 ? 0f : value);
      int ascending = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
      keys[token] = ((long) ~ascending << 32) | token;
    }
    Arrays.sort(keys);
    int kept = options.topK() > 0 ? Math.min(options.topK(), vocabulary) : vocabulary;
    double sum = weigh(logProbs, offset, kept);
    if (options.topP() < 1) {
      int nucleus = 1;
      while (nucleus < kept && cumulative[nucleus - 1] < options.topP() * sum) {
        nucleus++;
      }
      kept = nucleus;
      sum = cumulative[kept - 1];
    }
    if (options.minP() > 0) {
      double least = options.minP() * cumulative[0];
      int enough = 1;
      while (enough < kept && cumulative[enough] - cumulative[enough - 1] >= least) {
        enough++;
      }
      kept = enough;
      sum = cumulative[kept - 1];
    }
    return (int) keys[draw(kept, sum, uniform)];
  }

  private double weigh(float[] logProbs, int offset, int kept) {
    double sum = 0;
    for (int i = 0; i < kept; i++) {
      sum += StrictMath.exp(logProbs[offset + (int) keys[i]]);
      cumulative[i] = sum;
    }
    return sum;
  }

  private static IllegalStateException notANumber() {
    return new IllegalStateException(
        "sampling: the logits hold NaN; the weights have diverged or the file is damaged");
  }
}
