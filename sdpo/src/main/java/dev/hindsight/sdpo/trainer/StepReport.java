package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.RolloutCorrection;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.teacher.TeacherPrompt;
import dev.hindsight.transformer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.HashMap;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What the rollouts and the update of one step say, boiled down for the records. */
final class StepReport {
  private final TrainConfig config;
  private final List<PolicyUpdate.Sample> samples;

  /** Of each response token, in the order of the samples. */
  private final double[] logP;

  private final double @Nullable [] logQ;

  /** By row, as {@link #logP}. */
  private final Map<Integer, TopTokens.Row> topP = new HashMap<>();

  private final Map<Integer, TopTokens.Row> topQ = new HashMap<>();

  final double trainReward;
  final double loss;
  final double entropy;
  final double responseLength;
  final double finishedFraction;
  final @Nullable Double gradNorm;
  final @Nullable Double teacherGap;

  /** The same of the first mini-batch alone, which is read before the policy moves. */
  final @Nullable Double gapAtStart;

  final @Nullable Double ratioMax;
  final int emptyTarget;

  /** What only some variants have, by its name in the records. */
  final SortedMap<String, Double> measures = new TreeMap<>();

  /**
   * @param results of the mini-batches, epoch after epoch; what is kept of single tokens is that of
   *     the first
   */
  StepReport(
      TrainConfig config,
      List<Rollout> rollouts,
      List<PolicyUpdate.Sample> samples,
      List<PolicyUpdate.Result> results) {
    this.config = config;
    this.samples = samples;
    boolean taught = config.method() == TrainConfig.Method.SDPO;
    int rows = samples.stream().mapToInt(s -> s.response().length).sum();
    logP = new double[rows];
    logQ = taught ? new double[rows] : null;
    double[] gap = new double[rows];
    double sumLoss = 0;
    double sumNorm = 0;
    double sumEntropy = 0;
    int empty = 0;
    int row = 0;
    for (PolicyUpdate.Result r : results) {
      int count = r.outputs().logP().length;
      if (row < rows) {
        int start = row;
        System.arraycopy(r.outputs().logP(), 0, logP, row, count);
        r.top().student.forEach((at, top) -> topP.put(start + at, top));
        r.top().teacher.forEach((at, top) -> topQ.put(start + at, top));
      }
      if (row < rows && logQ != null) {
        System.arraycopy(r.outputs().logQ(), 0, logQ, row, count);
        System.arraycopy(r.outputs().gap(), 0, gap, row, count);
      }
      for (double h : r.outputs().entropy()) {
        sumEntropy += h;
      }
      sumLoss += r.outputs().loss();
      sumNorm += r.gradNorm();
      empty += r.live() == 0 ? 1 : 0;
      row += count;
    }
    trainReward = rollouts.stream().mapToDouble(Rollout::reward).sum() / rollouts.size();
    loss = sumLoss / results.size();
    entropy = sumEntropy / row;
    responseLength =
        rollouts.stream().mapToInt(r -> r.completion().length()).sum() / (double) rollouts.size();
    finishedFraction =
        rollouts.stream().filter(r -> r.completion().finished()).count() / (double) rollouts.size();
    gradNorm = Double.isFinite(sumNorm) ? sumNorm / results.size() : null;
    teacherGap = taught ? meanOverLive(gap, rows) : null;
    gapAtStart = taught ? meanOverLive(gap, results.getFirst().outputs().logP().length) : null;
    // the answers that SFT imitates are another model's: no ratio of the policy
    ratioMax = config.method() == TrainConfig.Method.SFT ? null : ratios(results);
    emptyTarget = empty;
    measure(results, row);
    spread(rollouts);
    if (taught) {
      logRatios();
    }
  }

  /** What the means hide: one answer that does not end, or all of them of one length. */
  private void spread(List<Rollout> rollouts) {
    IntSummaryStatistics lengths =
        rollouts.stream().mapToInt(r -> r.completion().length()).summaryStatistics();
    measures.put("response_length_min", (double) lengths.getMin());
    measures.put("response_length_max", (double) lengths.getMax());
    double squares =
        rollouts.stream()
            .mapToDouble(r -> r.completion().length() - responseLength)
            .map(d -> d * d)
            .sum();
    measures.put("response_length_std", Math.sqrt(squares / rollouts.size()));
  }

  /** log q(y_t) - log p(y_t) of live tokens: what the teacher says about what was sampled. */
  private void logRatios() {
    DoubleSummaryStatistics ratios = new DoubleSummaryStatistics();
    int row = 0;
    for (PolicyUpdate.Sample s : samples) {
      for (int end = row + s.response().length; row < end; row++) {
        if (s.target()) {
          ratios.accept(Objects.requireNonNull(logQ)[row] - logP[row]);
        }
      }
    }
    if (ratios.getCount() > 0) {
      measures.put("log_ratio_mean", ratios.getAverage());
      measures.put("log_ratio_min", ratios.getMin());
      measures.put("log_ratio_max", ratios.getMax());
    }
  }

  private void measure(List<PolicyUpdate.Result> results, int rows) {
    SortedMap<String, ChunkedLoss.Mean> means = new TreeMap<>();
    int live = 0;
    int rejected = 0;
    DoubleSummaryStatistics correction = new DoubleSummaryStatistics();
    for (PolicyUpdate.Result r : results) {
      r.outputs().measures().forEach((name, m) -> means.merge(name, m, ChunkedLoss.Mean::plus));
      for (int k = 0; k < r.terms().size() && r.terms().size() > 1; k++) {
        double share = r.outputs().termLoss()[k] / results.size();
        measures.merge(r.terms().get(k), share, Double::sum);
      }
      live += r.live();
      rejected += r.rejected();
      Arrays.stream(r.correction()).forEach(correction);
    }
    means.forEach((name, m) -> measures.put(name, m.sum() / m.count()));
    measures.put("masked_fraction", 1 - live / (double) rows);
    if (config.algorithm().rolloutRs() != RolloutCorrection.Rejection.NONE) {
      measures.put("rejected_fraction", rejected / (double) rows);
    }
    if (config.algorithm().rolloutIs() != RolloutCorrection.Level.NONE) {
      measures.put("rollout_is_mean", correction.getAverage());
      measures.put("rollout_is_max", correction.getMax());
    }
    if (config.method() == TrainConfig.Method.SFT) {
      long right = samples.stream().filter(PolicyUpdate.Sample::success).count();
      measures.put("teacher_success_fraction", right / (double) samples.size());
    }
  }

  /**
   * @param rows so many of the first; those of whole samples
   */
  private @Nullable Double meanOverLive(double[] values, int rows) {
    double sum = 0;
    int count = 0;
    int row = 0;
    for (PolicyUpdate.Sample s : samples) {
      for (int t = 0; t < s.response().length && row < rows; t++, row++) {
        if (s.target()) {
          sum += values[row];
          count++;
        }
      }
    }
    return count == 0 ? null : sum / count;
  }

  /**
   * Of the policy to that at the start of the update: exactly 1 as long as it has not moved.
   *
   * @return the largest
   */
  private double ratios(List<PolicyUpdate.Result> results) {
    double largest = Double.NEGATIVE_INFINITY;
    double smallest = Double.POSITIVE_INFINITY;
    double sum = 0;
    int count = 0;
    for (PolicyUpdate.Result r : results) {
      double[] now = r.outputs().logP();
      for (int t = 0; t < now.length; t++) {
        double logRatio = now[t] - r.logOld()[t];
        largest = Math.max(largest, logRatio);
        smallest = Math.min(smallest, logRatio);
        sum += StrictMath.exp(logRatio);
      }
      count += now.length;
    }
    measures.put("ratio_mean", sum / count);
    measures.put("ratio_min", StrictMath.exp(smallest));
    return StrictMath.exp(largest);
  }

  /**
   * The rollouts that are kept for people to read.
   *
   * @param prompts of the teacher, one a rollout; empty for a method that has none
   */
  List<SampleRecord> samples(int step, Tokenizer tokenizer, List<TeacherPrompt> prompts) {
    int[] start = new int[samples.size() + 1];
    for (int i = 0; i < samples.size(); i++) {
      start[i + 1] = start[i] + samples.get(i).response().length;
    }
    List<SampleRecord> records = new ArrayList<>();
    for (int i : config.record().kept(samples.size(), config.rollout().n())) {
      TeacherPrompt prompt = prompts.isEmpty() ? null : prompts.get(i);
      records.add(sample(step, tokenizer, samples.get(i), prompt, start[i], start[i + 1]));
    }
    return records;
  }

  private SampleRecord sample(
      int step,
      Tokenizer tokenizer,
      PolicyUpdate.Sample s,
      @Nullable TeacherPrompt prompt,
      int from,
      int to) {
    Rollout r = s.rollout();
    float[] p = narrow(logP, from, to);
    float[] q = logQ == null ? null : narrow(logQ, from, to);
    float[] ratio = q == null ? null : new float[p.length];
    for (int t = 0; ratio != null && t < ratio.length; t++) {
      ratio[t] = q[t] - p[t];
    }
    return new SampleRecord(
        step,
        r.question().id(),
        r.question().text(),
        r.response(),
        IntStream.of(s.response()).mapToObj(tokenizer::token).toList(),
        r.reward(),
        r.completion().finished(),
        r.verdict().feedback(),
        prompt == null ? null : prompt.solution().orElse(null),
        prompt == null ? r.question().text() : prompt.message(),
        s.target(),
        p,
        q,
        ratio,
        top(topP, tokenizer, from, to),
        q == null ? null : top(topQ, tokenizer, from, to));
  }

  /** Seven digits are enough for people. */
  private static float[] narrow(double[] all, int from, int to) {
    float[] part = new float[to - from];
    for (int i = 0; i < part.length; i++) {
      part[i] = (float) all[from + i];
    }
    return part;
  }

  private static SampleRecord.@Nullable Top top(
      Map<Integer, TopTokens.Row> all, Tokenizer tokenizer, int from, int to) {
    if (!all.containsKey(from)) {
      return null;
    }
    List<List<String>> tokens = new ArrayList<>();
    List<float[]> logProbs = new ArrayList<>();
    for (int row = from; row < to; row++) {
      TopTokens.Row top = Objects.requireNonNull(all.get(row));
      tokens.add(IntStream.of(top.tokens()).mapToObj(tokenizer::token).toList());
      logProbs.add(top.logProbs());
    }
    return new SampleRecord.Top(tokens, logProbs);
  }
}
