package dev.hindsight.sdpo.evaluation;

import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.transformer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/**
 * The right responses to some questions, each under a prompt. The probability that a policy answers
 * a question correctly is the sum of theirs, exactly and without sampling.
 */
final class RightAnswers {
  private final List<int[]> prompts = new ArrayList<>();
  private final List<int[]> responses = new ArrayList<>();
  private final List<Integer> owners = new ArrayList<>();
  private final int questions;
  private boolean complete = true;

  /**
   * @param prompts one a question, in tokens
   */
  RightAnswers(
      Environment environment, Tokenizer tokenizer, List<Question> questions, List<int[]> prompts) {
    this.questions = questions.size();
    for (int i = 0; i < questions.size(); i++) {
      List<String> right = environment.correctResponses(questions.get(i));
      complete &= !right.isEmpty();
      for (String text : right) {
        int[] written = tokenizer.encode(text);
        int[] response = Arrays.copyOf(written, written.length + 1);
        response[written.length] = tokenizer.eos();
        if (response.length <= environment.maxResponseTokens()) {
          this.prompts.add(prompts.get(i));
          responses.add(response);
          owners.add(i);
        }
      }
    }
  }

  /** Whether the environment lists the right responses of every question. */
  boolean complete() {
    return complete;
  }

  /**
   * The probability of answering each question correctly.
   *
   * @param logProbs from prompts and responses to the log-probability of every response token
   */
  double[] probabilities(BiFunction<List<int[]>, List<int[]>, List<float[]>> logProbs) {
    double[] sum = new double[questions];
    List<float[]> all = logProbs.apply(prompts, responses);
    for (int r = 0; r < all.size(); r++) {
      double log = 0;
      for (float l : all.get(r)) {
        log += l;
      }
      // StrictMath: the same bits on every platform
      sum[owners.get(r)] += StrictMath.exp(log);
    }
    return sum;
  }

  static double mean(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    return values.length == 0 ? 0 : sum / values.length;
  }
}
