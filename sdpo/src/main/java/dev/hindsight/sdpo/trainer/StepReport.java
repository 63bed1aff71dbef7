package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.teacher.TeacherPrompt;
import dev.hindsight.transformer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What the rollouts and the update of one step say, boiled down for the records. */
final class StepReport {
  private final TrainConfig config;
  private final List<PolicyUpdate.Sample> samples;

  /** Of each response token, in the order of the samples. */
  private final float[] logP;

  private final float @Nullable [] logQ;

  final double trainReward;
  final double loss;
  final double entropy;
  final double responseLength;
  final double finishedFraction;
  final @Nullable Double gradNorm;
  final @Nullable Double teacherGap;
  final double ratioMax;
  final int emptyTarget;

  StepReport(
      TrainConfig config,
      List<Rollout> rollouts,
      List<PolicyUpdate.Sample> samples,
      List<PolicyUpdate.Result> results) {
    this.config = config;
    this.samples = samples;
    boolean taught = results.getFirst().outputs().logQ() != null;
    int rows = rollouts.stream().mapToInt(r -> r.completion().length()).sum();
    logP = new float[rows];
    logQ = taught ? new float[rows] : null;
    float[] gap = new float[rows];
    double sumLoss = 0;
    double sumNorm = 0;
    double sumEntropy = 0;
    int empty = 0;
    int row = 0;
    for (PolicyUpdate.Result r : results) {
      int count = r.outputs().logP().length;
      System.arraycopy(r.outputs().logP(), 0, logP, row, count);
      if (logQ != null) {
        System.arraycopy(r.outputs().logQ(), 0, logQ, row, count);
        System.arraycopy(r.outputs().gap(), 0, gap, row, count);
      }
      for (float h : r.outputs().entropy()) {
        sumEntropy += h;
      }
      sumLoss += r.outputs().loss();
      sumNorm += r.gradNorm();
      empty += r.live() == 0 ? 1 : 0;
      row += count;
    }
    trainReward = rollouts.stream().mapToDouble(Rollout::reward).sum() / rollouts.size();
    loss = sumLoss / results.size();
    entropy = sumEntropy / rows;
    responseLength = rows / (double) rollouts.size();
    finishedFraction =
        rollouts.stream().filter(r -> r.completion().finished()).count() / (double) rollouts.size();
    gradNorm = Double.isFinite(sumNorm) ? sumNorm / results.size() : null;
    teacherGap = taught ? meanOverLive(gap) : null;
    ratioMax = largestRatio();
    emptyTarget = empty;
  }

  private @Nullable Double meanOverLive(float[] values) {
    double sum = 0;
    int count = 0;
    int row = 0;
    for (PolicyUpdate.Sample s : samples) {
      for (int t = 0; t < s.response().length; t++, row++) {
        if (s.target()) {
          sum += values[row];
          count++;
        }
      }
    }
    return count == 0 ? null : sum / count;
  }

  /** Against the sampler's log-probabilities: exactly 1 as long as the policy has not moved. */
  private double largestRatio() {
    float largest = Float.NEGATIVE_INFINITY;
    int row = 0;
    for (PolicyUpdate.Sample s : samples) {
      for (float old : s.rollout().completion().logProbs()) {
        largest = Math.max(largest, logP[row++] - old);
      }
    }
    return StrictMath.exp(largest);
  }

  /**
   * The rollouts that are kept for people to read: one of each question in turn, then the second of
   * each.
   *
   * @param prompts of the teacher, one a rollout; empty for a method that has none
   */
  List<SampleRecord> samples(int step, Tokenizer tokenizer, List<TeacherPrompt> prompts) {
    int n = config.rollout().n();
    int questions = samples.size() / n;
    int[] start = new int[samples.size() + 1];
    for (int i = 0; i < samples.size(); i++) {
      start[i + 1] = start[i] + samples.get(i).response().length;
    }
    List<SampleRecord> records = new ArrayList<>();
    int wanted = Math.min(config.record().samplesPerStep(), samples.size());
    for (int k = 0; k < wanted; k++) {
      int i = k % questions * n + k / questions;
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
    float[] p = Arrays.copyOfRange(logP, from, to);
    float[] q = logQ == null ? null : Arrays.copyOfRange(logQ, from, to);
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
        ratio);
  }
}
