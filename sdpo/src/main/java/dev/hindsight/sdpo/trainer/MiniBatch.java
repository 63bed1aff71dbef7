package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.loss.Aggregation;
import dev.hindsight.sdpo.loss.OldTop;
import dev.hindsight.sdpo.trainer.PolicyUpdate.Sample;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The samples of one optimiser step, one row a response token, responses one after another.
 *
 * @param samples judged responses
 * @param lengths of these, tokens
 * @param sampled the tokens y_t
 * @param logOld log pi_old(y_t)
 * @param correction weight of a token by rollout correction
 * @param rejected tokens that rollout correction leaves out
 * @param excluded these, and those of responses that are left out because they were cut off
 * @param oldTop pi_old at its likeliest tokens; null where it is not asked for
 */
record MiniBatch(
    List<Sample> samples,
    int[] lengths,
    int[] sampled,
    double[] logOld,
    double[] correction,
    boolean[] rejected,
    boolean[] excluded,
    @Nullable OldTop oldTop) {

  /**
   * The weight of each token: its share in the average, its sample's and its correction's weight,
   * and a coefficient; 0 where it does not count.
   *
   * @param counted samples whose tokens get any
   * @param averaged samples that the average is taken over
   * @param scale what a sum that is not averaged is divided by
   */
  double[] weights(
      Predicate<Sample> counted,
      Predicate<Sample> averaged,
      double coefficient,
      Aggregation mode,
      double scale) {
    int[] live = new int[lengths.length];
    int row = 0;
    for (int i = 0; i < live.length; i++) {
      boolean in = averaged.test(samples.get(i));
      for (int t = 0; t < lengths[i]; t++, row++) {
        live[i] += in && !excluded[row] ? 1 : 0;
      }
    }
    double[] share = mode.weights(live, scale);
    double[] weight = new double[row];
    row = 0;
    for (int i = 0; i < live.length; i++) {
      boolean in = counted.test(samples.get(i));
      double factor = samples.get(i).weight() * coefficient;
      for (int t = 0; t < lengths[i]; t++, row++) {
        weight[row] = in && !excluded[row] ? share[i] * correction[row] * factor : 0;
      }
    }
    return weight;
  }

  /** A quantity of each token's sample. */
  double[] perToken(ToDoubleFunction<Sample> quantity) {
    double[] all = new double[sampled.length];
    int row = 0;
    for (int i = 0; i < lengths.length; i++) {
      double value = quantity.applyAsDouble(samples.get(i));
      for (int t = 0; t < lengths[i]; t++) {
        all[row++] = value;
      }
    }
    return all;
  }

  /**
   * Which samples share a baseline: those with a target, all together or question by question; -1
   * for the others.
   */
  int[] cohorts(boolean byQuestion) {
    Map<String, Integer> numbers = new HashMap<>();
    int[] cohorts = new int[lengths.length];
    for (int i = 0; i < cohorts.length; i++) {
      String key = byQuestion ? samples.get(i).rollout().question().id() : "";
      cohorts[i] = samples.get(i).target() ? numbers.computeIfAbsent(key, k -> numbers.size()) : -1;
    }
    return cohorts;
  }
}
