package dev.hindsight.sdpo.trainer;

/** Hears what a run does, as it does it. Called on the run's thread. */
public interface TrainListener {
  /** A run that nobody watches. */
  TrainListener SILENT = new TrainListener() {};

  /**
   * The run begins, or goes on after a resume.
   *
   * @param step generation steps done already
   * @param steps generation steps in all
   */
  default void started(int step, int steps) {}

  /** A step is done and recorded; step 0 is the evaluation of the model as it came. */
  default void step(StepMetrics metrics) {}

  /** A checkpoint is on the disk. */
  default void checkpoint(int step) {}
}
