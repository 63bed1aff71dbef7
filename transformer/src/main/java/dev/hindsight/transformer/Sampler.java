package dev.hindsight.transformer;

import dev.hindsight.engine.Philox;
import java.util.Arrays;

/**
 * Chooses one token from a row of log-probabilities. Arithmetic is in double precision with {@code
 * StrictMath}, in one order: the same row and the same random number give the same token anywhere.
 */
final class Sampler {
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

  /**
   * The token for the row that begins at {@code offset}. Draws one double from {@code random}, none
   * when greedy.
   *
   * @throws IllegalStateException when the row holds NaN
   */
  int choose(float[] logProbs, int offset, Philox random) {
    if (!options.isRandom()) {
      return mostLikely(logProbs, offset);
    }
    return options.isFiltered()
        ? filtered(logProbs, offset, random)
        : unfiltered(logProbs, offset, random);
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

  private int unfiltered(float[] logProbs, int offset, Philox random) {
    double sum = 0;
    for (int token = 0; token < vocabulary; token++) {
      sum += StrictMath.exp(logProbs[offset + token]);
      cumulative[token] = sum;
    }
    return draw(vocabulary, sum, random);
  }

  /**
   * The first of {@code count} places whose cumulative weight exceeds a uniform part of the sum.
   */
  private int draw(int count, double sum, Philox random) {
    if (Double.isNaN(sum)) {
      throw notANumber();
    }
    double mark = random.nextDouble() * sum;
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

  private int filtered(float[] logProbs, int offset, Philox random) {
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
    return (int) keys[draw(kept, sum, random)];
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
