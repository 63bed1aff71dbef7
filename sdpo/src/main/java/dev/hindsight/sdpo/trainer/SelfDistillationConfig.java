package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.teacher.TeacherKind;
import dev.hindsight.sdpo.teacher.Truncation;
import org.jspecify.annotations.Nullable;

/**
 * The SDPO loss and its self-teacher: {@code actor.self_distillation} of the reference. "yaml"
 * below is the reference's shipped configuration, which is what its experiments ran with.
 *
 * @param fullLogitDistillation distil distributions (true) or the sampled token only (false, which
 *     needs alpha = 1); default true (yaml)
 * @param distillationTopk distil over the student's K likeliest tokens; null is the full
 *     vocabulary; default 20 (paper, rich feedback; yaml: 100)
 * @param distillationAddTail add one bucket with the rest of the probability (true) or renormalise
 *     over the K tokens (false); default true (yaml)
 * @param alpha the divergence: 0 is forward KL(teacher || student), 1 is reverse KL(student ||
 *     teacher), between them the generalised Jensen-Shannon divergence; default 1 (paper, rich
 *     feedback; yaml .5). Not the teacher's rate, for which the paper writes the same letter
 * @param isClip upper clip of the importance weight of a token; null is no weight; default 2 (yaml)
 * @param successRewardThreshold a rollout with at least this reward is a success; default .5 (yaml)
 * @param teacherRegularization default {@code ema} (yaml); trust-region, frozen and live also
 * @param teacherUpdateRate share of the student's weights that an EMA teacher takes up after each
 *     generation step, or the student's share of a trust-region teacher's logits; default .01
 *     (paper, rich feedback; yaml .05)
 * @param maxRepromptLen most tokens of a teacher prompt; default null: what the model's context
 *     leaves beside the response (yaml 10240)
 * @param repromptTruncation what gives way when a teacher prompt is too long; default {@code
 *     budget}: solution and feedback are shortened, the frame stays (yaml {@code right}, which cuts
 *     the assistant's header off)
 * @param dontRepromptOnSelfSuccess a rollout is never its own demonstration; default true (yaml;
 *     the paper's Table 2 says otherwise)
 * @param removeThinkingFromDemonstration delete {@code <think>...</think>} from demonstrations;
 *     default true (yaml)
 * @param includeEnvironmentFeedback show the environment's feedback to the teacher; default true
 *     (yaml)
 * @param environmentFeedbackOnlyWithoutSolution show feedback only where no demonstration is found;
 *     default true (yaml)
 */
public record SelfDistillationConfig(
    boolean fullLogitDistillation,
    @Nullable Integer distillationTopk,
    boolean distillationAddTail,
    double alpha,
    @Nullable Double isClip,
    double successRewardThreshold,
    TeacherKind teacherRegularization,
    double teacherUpdateRate,
    @Nullable Integer maxRepromptLen,
    Truncation repromptTruncation,
    boolean dontRepromptOnSelfSuccess,
    boolean removeThinkingFromDemonstration,
    boolean includeEnvironmentFeedback,
    boolean environmentFeedbackOnlyWithoutSolution) {

  public SelfDistillationConfig {
    String section = "self_distillation.";
    ConfigCheck.given(
        teacherRegularization,
        section + "teacher_regularization",
        "ema, trust-region, frozen or live");
    ConfigCheck.given(
        repromptTruncation, section + "reprompt_truncation", "a mode, such as budget");
    ConfigCheck.fraction(alpha, section + "alpha");
    ConfigCheck.fraction(teacherUpdateRate, section + "teacher_update_rate");
    ConfigCheck.require(
        distillationTopk == null || distillationTopk > 0,
        section + "distillation_topk",
        distillationTopk,
        "at least 1, or null for the full vocabulary");
    if (isClip != null) {
      ConfigCheck.positive(isClip, section + "is_clip");
    }
    ConfigCheck.require(
        fullLogitDistillation || alpha == 1.0,
        section + "alpha",
        alpha,
        "1 with full_logit_distillation: false, because one sampled token gives an estimate of the"
            + " reverse KL only");
    ConfigCheck.require(
        Double.isFinite(successRewardThreshold),
        section + "success_reward_threshold",
        successRewardThreshold,
        "a finite number");
    ConfigCheck.require(
        maxRepromptLen == null || maxRepromptLen > 0,
        section + "max_reprompt_len",
        maxRepromptLen,
        "at least 1, or null for the model's context");
  }

  static SelfDistillationConfig defaults() {
    return new SelfDistillationConfig(
        true,
        20,
        true,
        1.0,
        2.0,
        0.5,
        TeacherKind.EMA,
        0.01,
        null,
        Truncation.BUDGET,
        true,
        true,
        true,
        true);
  }
}
