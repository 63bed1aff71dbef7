package dev.hindsight.sdpo.loss;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * Quantities of whole responses, spread over their tokens. They are numbers that no gradient flows
 * through, made from a {@linkplain ChunkedLoss#survey survey} of the tokens' log-probabilities;
 * each turns a loss of tokens into one of sequences. {@code lengths} are those of the responses,
 * whose tokens follow one another.
 */
public final class SequenceLevel {
  private SequenceLevel() {}

  /**
   * One advantage a response, the mean over its tokens of log q(y_t) - log p(y_t), to be used as
   * GRPO's is: credit at the level of the sequence (arXiv 2601.20802, section 4.2).
   */
  public static double[] advantage(double[] logP, double[] logQ, int[] lengths) {
    return means(lengths, r -> logQ[r] - logP[r]);
  }

  /**
   * The same advantages less their mean over the responses of the same cohort, as GRPO subtracts
   * the mean reward of a group: the responses that the teacher likes best rise, though it likes
   * none as well as the student does.
   *
   * @param advantage one value a token, the same for all tokens of a response
   * @param cohorts of each response; below 0: counts in no mean and keeps its advantage
   */
  public static double[] centred(double[] advantage, int[] lengths, int[] cohorts) {
    int last = Arrays.stream(cohorts).max().orElse(-1);
    double[] sum = new double[last + 1];
    int[] count = new int[last + 1];
    int start = 0;
    for (int i = 0; i < lengths.length; start += lengths[i++]) {
      if (cohorts[i] >= 0 && lengths[i] > 0) {
        sum[cohorts[i]] += advantage[start];
        count[cohorts[i]]++;
      }
    }
    double[] all = advantage.clone();
    start = 0;
    for (int i = 0; i < lengths.length; start += lengths[i++]) {
      if (cohorts[i] >= 0) {
        double mean = sum[cohorts[i]] / count[cohorts[i]];
        for (int r = start; r < start + lengths[i]; r++) {
          all[r] = advantage[r] - mean;
        }
      }
    }
    return all;
  }

  /**
   * The return of the prefix term (arXiv 2601.20802, appendix A.1): what the student's choice of
   * y_t does to the divergences after it, {@code R_t = sum over s > t of KL(p_s || q_s)}. The
   * gradient of the KL between the distributions of whole responses is that of {@code sum_t KL_t +
   * sg(R_t) log p(y_t)}.
   *
   * @param gap KL(p_t || q_t) over the vocabulary
   */
  public static double[] toGo(double[] gap, int[] lengths) {
    double[] all = new double[gap.length];
    int end = 0;
    for (int length : lengths) {
      end += length;
      double sum = 0;
      for (int r = end - 1; r >= end - length; r--) {
        all[r] = sum;
        sum += gap[r];
      }
    }
    return all;
  }

  /**
   * GSPO (arXiv 2507.18071): one ratio a response, {@code s = exp(mean_t(log p(y_t) - log
   * pi_old(y_t)))}. Returns the log pi_old with which every token's ratio has the value s and the
   * gradient of its own log p: summed over the response, the gradient of s times its length.
   */
  public static double[] old(double[] logP, double[] logOld, int[] lengths) {
    double[] mean = means(lengths, r -> logP[r] - logOld[r]);
    double[] old = new double[logP.length];
    for (int r = 0; r < old.length; r++) {
      old[r] = logP[r] - mean[r];
    }
    return old;
  }

  private static double[] means(int[] lengths, IntToDoubleFunction token) {
    int rows = 0;
    for (int length : lengths) {
      rows += length;
    }
    double[] all = new double[rows];
    int start = 0;
    for (int length : lengths) {
      double sum = 0;
      for (int r = start; r < start + length; r++) {
        sum += token.applyAsDouble(r);
      }
      for (int r = start; r < start + length; r++) {
        all[r] = sum / length;
      }
      start += length;
    }
    return all;
  }
}
