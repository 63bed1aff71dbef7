package dev.hindsight.sdpo.trainer;

import java.util.List;
import java.util.stream.IntStream;

/**
 * What a run writes to its folder beside the metrics of every step.
 *
 * @param samplesPerStep rollouts of each step written to {@code samples.jsonl}: the first of each
 *     question in turn, then the second of each; default 4
 * @param topK likeliest tokens of student and of teacher written at every token of these; 0 for
 *     none; default 3
 * @param saveFreq write a checkpoint after every so many steps, and after the last; 0 only after
 *     the last; default 10 (reference: 0)
 * @param keepCheckpoints newest checkpoints kept beside the best; default 2
 * @param tensorboard write the metrics to an event file for TensorBoard, too, in {@code
 *     tensorboard/}; default false
 */
public record RecordConfig(
    int samplesPerStep, int topK, int saveFreq, int keepCheckpoints, boolean tensorboard) {
  public RecordConfig {
    ConfigCheck.require(
        samplesPerStep >= 0, "record.samples_per_step", samplesPerStep, "zero or more");
    ConfigCheck.require(topK >= 0, "record.top_k", topK, "zero or more");
    ConfigCheck.require(saveFreq >= 0, "record.save_freq", saveFreq, "zero or more");
    ConfigCheck.require(
        keepCheckpoints > 0, "record.keep_checkpoints", keepCheckpoints, "at least 1");
  }

  /**
   * Which of the rollouts of a step are written: one of each question in turn, then the second of
   * each.
   *
   * @param rollouts those of a question one after another
   * @param n of each question
   */
  List<Integer> kept(int rollouts, int n) {
    int questions = rollouts / n;
    return IntStream.range(0, Math.min(samplesPerStep, rollouts))
        .mapToObj(k -> k % questions * n + k / questions)
        .toList();
  }

  static RecordConfig defaults() {
    return new RecordConfig(4, 3, 10, 2, false);
  }
}
