package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.loss.Support;
import dev.hindsight.sdpo.teacher.RepromptTemplate;
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
 * @param useSuccessfulAsTeacher show successful siblings to the teacher at all; default true (TRL;
 *     the reference always does)
 * @param includeOwnAttempt quote the failed answer before its feedback; default false (paper: it
 *     hurts, Table 6)
 * @param shuffleFeedback show every failed answer the feedback of an answer to another question of
 *     the batch, a negative control; default false
 * @param distillationMode what carries the credit; default null: {@code full_logit_distillation}
 *     and {@code distillation_topk} decide, as in the reference (TRL: sampled-token)
 * @param sequenceBaseline what is subtracted from the advantages of whole responses: nothing, their
 *     mean over the answers to a question as GRPO does, or over the mini-batch; default {@code
 *     none} (paper, as it reads)
 * @param distillationWeight w of {@code (1 - w) policy loss + w distillation loss}, each averaged
 *     over its own samples; default 1: distillation alone (TRL)
 * @param clipAdvHigh largest advantage log q - log p of a token (paper, Table 12: 5 at test time);
 *     turns the reverse KL into its policy gradient; default null: no limit
 * @param tokenKlClip largest divergence that a token counts with, beyond which it gives no
 *     gradient; default null: no limit
 * @param clippedSurrogate equation 13 of the paper, clipped at {@code actor.clip_ratio_low} and
 *     {@code high}, in place of the divergence and its {@code is_clip}; default false (reference,
 *     which does not have it)
 * @param prefixTerm add the gradient of what a token does to the divergences after it: that of the
 *     KL between sequences (paper, appendix A.1); default false
 * @param teacherSyncSteps optimiser steps between two updates of an EMA teacher (TRL: 1); default
 *     null: one update a generation step, after all optimiser steps (reference)
 * @param repromptTemplate the teacher's message, with {@code {prompt}}, {@code {solution}} and
 *     {@code {feedback}}; default that of the reference's yaml
 * @param solutionTemplate a demonstration, with {@code {successful_previous_attempt}}; same source
 * @param feedbackTemplate a piece of feedback, with {@code {feedback_raw}}; same source
 * @param diagnosticsWarningInterval steps after which an alarm that still holds is said again (TRL:
 *     10); default null: an alarm is said once
 * @param diagnosticsFlatTolerance rewards of a group that differ by no more count as equal in
 *     {@code varied_group_fraction}; default 1e-8 (TRL)
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
    boolean environmentFeedbackOnlyWithoutSolution,
    boolean useSuccessfulAsTeacher,
    boolean includeOwnAttempt,
    boolean shuffleFeedback,
    @Nullable DistillationMode distillationMode,
    SequenceBaseline sequenceBaseline,
    double distillationWeight,
    @Nullable Double clipAdvHigh,
    @Nullable Double tokenKlClip,
    boolean clippedSurrogate,
    boolean prefixTerm,
    @Nullable Integer teacherSyncSteps,
    String repromptTemplate,
    String solutionTemplate,
    String feedbackTemplate,
    @Nullable Integer diagnosticsWarningInterval,
    double diagnosticsFlatTolerance) {

  /** What carries the credit: section 4.2 of the paper, with TRL's names where it has them. */
  public enum DistillationMode {
    /** The whole vocabulary at every position. */
    FULL_LOGITS,
    /** The student's {@code distillation_topk} likeliest tokens. */
    TOPK_LOGITS,
    /** The student's likeliest token against all others: "token-level" in the paper. */
    ARGMAX_TOKEN,
    /** The sampled token: the reference's {@code full_logit_distillation: false}. */
    SAMPLED_TOKEN,
    /** One advantage a response, with GRPO's loss. */
    SEQUENCE
  }

  /** What is subtracted from the advantages of whole responses. */
  public enum SequenceBaseline {
    NONE,
    /** The mean over the answers to the same question. */
    GROUP,
    /** The mean over the mini-batch. */
    BATCH
  }

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
        fullLogitDistillation || distillationMode != null || alpha == 1.0,
        section + "alpha",
        alpha,
        "1 with full_logit_distillation: false, because one sampled token gives an estimate of the"
            + " reverse KL only");
    ConfigCheck.require(
        distillationMode != DistillationMode.TOPK_LOGITS || distillationTopk != null,
        section + "distillation_topk",
        distillationTopk,
        "a number with distillation_mode: topk-logits");
    DistillationMode mode = mode(fullLogitDistillation, distillationTopk, distillationMode);
    boolean logits = mode != DistillationMode.SAMPLED_TOKEN && mode != DistillationMode.SEQUENCE;
    String reverse =
        !logits
            ? "distillation_mode: sampled-token or sequence"
            : clipAdvHigh != null
                ? "clip_adv_high"
                : clippedSurrogate ? "clipped_surrogate" : prefixTerm ? "prefix_term" : null;
    ConfigCheck.require(
        reverse == null || alpha == 1.0,
        section + "alpha",
        alpha,
        "1 with " + reverse + ", which is made of the reverse KL's advantages");
    ConfigCheck.require(
        mode != DistillationMode.TOPK_LOGITS
            || distillationTopk > 1
            || distillationAddTail
            || clippedSurrogate,
        section + "distillation_add_tail",
        distillationAddTail,
        "true with distillation_topk: 1, because one token renormalised always has probability 1");
    ConfigCheck.given(sequenceBaseline, section + "sequence_baseline", "none, group or batch");
    ConfigCheck.require(
        sequenceBaseline == SequenceBaseline.NONE || mode == DistillationMode.SEQUENCE,
        section + "sequence_baseline",
        sequenceBaseline,
        "none, but with distillation_mode: sequence, whose advantages have a mean to subtract");
    ConfigCheck.require(
        distillationWeight >= 0 && distillationWeight <= 1,
        section + "distillation_weight",
        distillationWeight,
        "a number from 0 to 1");
    if (clipAdvHigh != null) {
      ConfigCheck.positive(clipAdvHigh, section + "clip_adv_high");
    }
    ConfigCheck.require(
        tokenKlClip == null || tokenKlClip > 0,
        section + "token_kl_clip",
        tokenKlClip,
        "a number greater than 0, or null for no limit");
    ConfigCheck.require(
        tokenKlClip == null || (logits && clipAdvHigh == null && !clippedSurrogate),
        section + "token_kl_clip",
        tokenKlClip,
        "null where the loss is no divergence: with clip_adv_high, clipped_surrogate, or a"
            + " distillation_mode of sampled-token or sequence");
    ConfigCheck.require(
        !clippedSurrogate
            || mode == DistillationMode.TOPK_LOGITS
            || mode == DistillationMode.ARGMAX_TOKEN,
        section + "clipped_surrogate",
        clippedSurrogate,
        "false without distillation_topk: equation 13 runs over the likeliest tokens of pi_old,"
            + " which are remembered");
    ConfigCheck.require(
        !prefixTerm || mode != DistillationMode.SEQUENCE,
        section + "prefix_term",
        prefixTerm,
        "false with distillation_mode: sequence, whose advantage is that of the whole response");
    ConfigCheck.require(
        teacherSyncSteps == null || teacherSyncSteps > 0,
        section + "teacher_sync_steps",
        teacherSyncSteps,
        "at least 1, or null for once a generation step");
    template(section, repromptTemplate, solutionTemplate, feedbackTemplate);
    ConfigCheck.require(
        diagnosticsWarningInterval == null || diagnosticsWarningInterval > 0,
        section + "diagnostics_warning_interval",
        diagnosticsWarningInterval,
        "at least 1, or null to say an alarm once");
    ConfigCheck.require(
        diagnosticsFlatTolerance >= 0,
        section + "diagnostics_flat_tolerance",
        diagnosticsFlatTolerance,
        "zero or more");
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

  private static DistillationMode mode(
      boolean fullLogits, @Nullable Integer topk, @Nullable DistillationMode asked) {
    if (asked != null) {
      return asked;
    }
    return !fullLogits
        ? DistillationMode.SAMPLED_TOKEN
        : topk == null ? DistillationMode.FULL_LOGITS : DistillationMode.TOPK_LOGITS;
  }

  private static RepromptTemplate template(
      String section, String reprompt, String solution, String feedback) {
    ConfigCheck.given(reprompt, section + "reprompt_template", "a template");
    ConfigCheck.given(solution, section + "solution_template", "a template");
    ConfigCheck.given(feedback, section + "feedback_template", "a template");
    try {
      return new RepromptTemplate(reprompt, solution, feedback);
    } catch (IllegalArgumentException e) {
      String key =
          e.getMessage().contains("the solution section")
              ? "solution_template"
              : e.getMessage().contains("the feedback section")
                  ? "feedback_template"
                  : "reprompt_template";
      throw new IllegalArgumentException(section + key + ": " + e.getMessage(), e);
    }
  }

  /** What carries the credit, also where the reference's two keys say so. */
  DistillationMode mode() {
    return mode(fullLogitDistillation, distillationTopk, distillationMode);
  }

  /** Over which outcomes student and teacher are compared, where distributions are. */
  Support support() {
    return switch (mode()) {
      case ARGMAX_TOKEN -> new Support.TopK(1, true);
      case TOPK_LOGITS -> new Support.TopK(distillationTopk, distillationAddTail);
      case FULL_LOGITS, SAMPLED_TOKEN, SEQUENCE -> new Support.FullVocabulary();
    };
  }

  /** The three templates as one. */
  public RepromptTemplate template() {
    return new RepromptTemplate(repromptTemplate, solutionTemplate, feedbackTemplate);
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
        true,
        true,
        false,
        false,
        null,
        SequenceBaseline.NONE,
        1,
        null,
        null,
        false,
        false,
        null,
        RepromptTemplate.REFERENCE.reprompt(),
        RepromptTemplate.REFERENCE.solutionSection(),
        RepromptTemplate.REFERENCE.feedbackSection(),
        null,
        1e-8);
  }
}
