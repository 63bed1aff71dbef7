package dev.hindsight.sdpo.trainer;

import org.jspecify.annotations.Nullable;

/**
 * What is measured on held-out questions. Accuracy is exact where the environment can list the
 * right responses: the summed probability of these under the policy, without sampling noise.
 *
 * @param testFreq evaluate after every so many steps, and after the last; 0 only after the last;
 *     default 1 (reference: 5)
 * @param valBeforeTrain evaluate the model as it came; default true (reference: false)
 * @param questions held-out questions of an evaluation; 0 is all of them; default 256
 * @param n responses a question for avg@n at {@code temperature}; 0 leaves avg@n out; default 0.
 *     The command {@code evaluate} has its own
 * @param temperature of avg@n, and of the policy whose exact accuracy is taken; default 1
 * @param topP of avg@n: keep the fewest likeliest tokens whose probabilities reach this; exact
 *     accuracy is that of all tokens; default 1 (paper and reference: .95)
 * @param teacherQuestions held-out questions on which the self-teacher is measured after one failed
 *     attempt of the initial policy; 0 leaves it out; default 64
 * @param teacherFreq measure the self-teacher after every so many steps that are evaluated, before
 *     the first and after the last; default 5
 * @param stopAtAccuracy end the run after the first step with at least this accuracy, for
 *     comparisons at equal accuracy; default null: train all steps
 */
public record EvaluationConfig(
    int testFreq,
    boolean valBeforeTrain,
    int questions,
    int n,
    double temperature,
    double topP,
    int teacherQuestions,
    int teacherFreq,
    @Nullable Double stopAtAccuracy) {
  public EvaluationConfig {
    ConfigCheck.require(testFreq >= 0, "evaluation.test_freq", testFreq, "zero or more");
    ConfigCheck.require(questions >= 0, "evaluation.questions", questions, "zero or more");
    ConfigCheck.require(n >= 0, "evaluation.n", n, "zero or more");
    ConfigCheck.positive(temperature, "evaluation.temperature");
    ConfigCheck.require(
        topP > 0 && topP <= 1, "evaluation.top_p", topP, "a number greater than 0 and at most 1");
    ConfigCheck.require(
        teacherQuestions >= 0, "evaluation.teacher_questions", teacherQuestions, "zero or more");
    ConfigCheck.require(teacherFreq > 0, "evaluation.teacher_freq", teacherFreq, "at least 1");
    ConfigCheck.require(
        stopAtAccuracy == null || (stopAtAccuracy > 0 && stopAtAccuracy <= 1),
        "evaluation.stop_at_accuracy",
        stopAtAccuracy,
        "a number greater than 0 and at most 1, or null to train all steps");
    ConfigCheck.require(
        stopAtAccuracy == null || testFreq > 0,
        "evaluation.test_freq",
        testFreq,
        "at least 1 with stop_at_accuracy, which looks at evaluations");
  }

  static EvaluationConfig defaults() {
    return new EvaluationConfig(1, true, 256, 0, 1.0, 1, 64, 5, null);
  }
}
