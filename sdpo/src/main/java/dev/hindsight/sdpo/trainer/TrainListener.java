package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.teacher.TeacherPrompt;
import java.util.List;

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

  /** The questions of a step. */
  default void questionsDrawn(int step, List<Question> questions) {}

  /** The step's rollouts, those of a question one after another, with the verdicts. */
  default void rolloutsJudged(int step, List<Rollout> rollouts) {}

  /** What the self-teacher reads before each rollout; empty for a method without one. */
  default void teacherPromptsBuilt(int step, List<TeacherPrompt> prompts) {}

  /**
   * The optimiser's turn.
   *
   * @param targets d_i: which samples count
   */
  default void updateBegins(int step, List<Boolean> targets) {}

  /** A step is done and recorded; step 0 is the evaluation of the model as it came. */
  default void step(StepMetrics metrics) {}

  /** A checkpoint is on the disk. */
  default void checkpoint(int step) {}
}
