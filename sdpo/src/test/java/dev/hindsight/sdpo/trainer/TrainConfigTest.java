package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.code.CodeEnvironment;
import dev.hindsight.sdpo.config.ConfigException;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.loss.CispoLoss;
import dev.hindsight.sdpo.loss.ClippedSurrogateLoss;
import dev.hindsight.sdpo.loss.DistillationLoss;
import dev.hindsight.sdpo.loss.Divergence;
import dev.hindsight.sdpo.loss.PolicyGradientLoss;
import dev.hindsight.sdpo.loss.SampledTokenLoss;
import dev.hindsight.sdpo.loss.Support;
import dev.hindsight.sdpo.loss.SurrogateLoss;
import dev.hindsight.sdpo.trainer.TrainConfig.Method;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards that a setting that cannot be meant never runs, and that each reaches its loss. */
class TrainConfigTest {
  private static TrainConfig parse(Method method, String... overrides) {
    return Configs.parse("", "a.yaml", TrainConfig.defaults(method), List.of(overrides));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "self_distillation.alpha=1.5|from 0 to 1",
        "self_distillation.alpha=-0.1|from 0 to 1",
        "self_distillation.alpha=.nan|from 0 to 1",
        "self_distillation.teacher_update_rate=2|from 0 to 1",
        "self_distillation.distillation_topk=0|at least 1, or null",
        "self_distillation.is_clip=0|greater than 0",
        "self_distillation.teacher_regularization=emma|did you mean 'ema'",
        "self_distillation.reprompt_truncation=middle|one of",
        "rollout.temperature=0|greater than 0",
        "rollout.n=0|at least 1",
        "steps=-1|zero or more",
        "optim.beta2=1|[0, 1)",
        "actor.loss_agg_mode=mean|token-mean",
        "actor.clip_ratio_c=1|greater than 1",
        "algorithm.rollout_is=tokens|token",
        "record.top_k=-1|zero or more",
        "record.keep_checkpoints=0|at least 1",
        "environment.max_errors=0|at least 1",
        "environment.kind=chess|environment.kind: got 'chess', expected one of arithmetic, choice, code, dialect, tools",
        "environment.kind=cod|did you mean 'code'",
        "environment.kinds=code|did you mean 'kind'",
        "environment.kind=null|got nothing, expected one of arithmetic, choice, code, dialect, tools",
        "environment=null|got nothing, expected keys and values",
        "environment.level=null|got nothing",
        "environment.feedback=null|got nothing",
        "environment.dialect.names.max=null|got nothing",
        "method=null|got nothing, expected sdpo, grpo or sft",
        "model=null|got nothing, expected the folder",
        "rollout=null|got nothing",
        "actor=null|got nothing",
        "actor.loss_agg_mode=null|got nothing",
        "optim=null|got nothing",
        "optim.lr_schedule=null|got nothing",
        "self_distillation=null|got nothing",
        "self_distillation.teacher_regularization=null|got nothing",
        "self_distillation.reprompt_truncation=null|got nothing",
        "algorithm=null|got nothing",
        "algorithm.rollout_is=null|got nothing",
        "evaluation=null|got nothing",
        "record=null|got nothing",
        "self_distillation.distillation_mode=logits|one of full-logits, topk-logits, argmax-token",
        "self_distillation.distillation_weight=1.5|a number from 0 to 1",
        "self_distillation.sequence_baseline=group|none, but with distillation_mode: sequence",
        "self_distillation.clip_adv_high=0|greater than 0",
        "self_distillation.token_kl_clip=-1|greater than 0, or null",
        "self_distillation.teacher_sync_steps=0|at least 1, or null",
        "self_distillation.reprompt_template=nothing|{prompt}, {solution}, {feedback}",
        "self_distillation.solution_template=nothing|{successful_previous_attempt}",
        "self_distillation.feedback_template=nothing|{feedback_raw}",
        "self_distillation.diagnostics_warning_interval=0|at least 1, or null",
        "self_distillation.diagnostics_flat_tolerance=-1|zero or more",
        "actor.ppo_epochs=0|at least 1",
        "actor.loss_mode=gspo|vanilla, cispo",
        "actor.importance_sampling_level=batch|token, sequence",
        "actor.loss_type=ppo|dapo, grpo, bnpo, dr-grpo",
        "actor.top_entropy_quantile=0|greater than 0 and at most 1",
        "actor.entropy_coeff=-1|zero or more",
        "actor.use_kl_loss=true|trust-region",
        "actor.kl_loss_coef=0|greater than 0",
        "actor.kl_loss_type=k3|low-var-kl",
        "algorithm.scale_rewards=std|group, batch, none",
        "algorithm.rollout_rs=batch|none, token, sequence, geometric",
        "algorithm.rollout_rs_threshold=0|greater than 0",
        "algorithm.rollout_rs_threshold_lower=3|less than rollout_rs_threshold",
        "algorithm.hybrid_lambda=2|from 0 to 1",
        "algorithm.routing=srop|did you mean 'srpo'",
        "rollout.top_p=0|greater than 0",
        "rollout.top_k=-2|-1 for all",
        "rollout.min_p=2|from 0 to 1",
        "evaluation.top_p=0|greater than 0",
        "evaluation.stop_at_accuracy=0|greater than 0 and at most 1, or null",
        "evaluation.stop_at_accuracy=1.1|greater than 0 and at most 1, or null",
        "preset=paper|paper-science, paper-code, paper-ttt, trl-default"
      })
  void aSettingOutOfRangeIsRefused(String override, String part) {
    String key = override.substring(0, override.indexOf('='));
    assertThatThrownBy(() -> parse(Method.SDPO, override))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(key)
        .hasMessageContaining(part);
  }

  /** Settings that are fine alone and cannot be meant together; the key to change comes first. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "algorithm.scale_rewards|algorithm.scale_rewards=group algorithm.norm_adv_by_std_in_grpo=true",
        "algorithm.routing|algorithm.routing=srpo algorithm.hybrid_lambda=.5",
        "evaluation.test_freq|evaluation.test_freq=0 evaluation.stop_at_accuracy=.5",
        "self_distillation.distillation_weight|self_distillation.distillation_weight=.5"
            + " algorithm.hybrid_lambda=.5",
        "method|method=grpo algorithm.hybrid_lambda=.5",
        "actor.use_kl_loss|method=sft actor.use_kl_loss=true",
        "self_distillation.teacher_regularization|method=sft"
            + " self_distillation.teacher_regularization=trust-region",
        "rollout.n|rollout.n=1 algorithm.hybrid_lambda=.5",
        "self_distillation.distillation_topk|self_distillation.distillation_topk=null"
            + " self_distillation.distillation_mode=topk-logits",
        "self_distillation.distillation_add_tail|self_distillation.distillation_topk=1"
            + " self_distillation.distillation_add_tail=false",
        "self_distillation.alpha|self_distillation.distillation_mode=sequence"
            + " self_distillation.alpha=.5",
        "self_distillation.alpha|self_distillation.clip_adv_high=5 self_distillation.alpha=.5",
        "self_distillation.alpha|self_distillation.clipped_surrogate=true self_distillation.alpha=0",
        "self_distillation.alpha|self_distillation.prefix_term=true self_distillation.alpha=0",
        "self_distillation.clipped_surrogate|self_distillation.clipped_surrogate=true"
            + " self_distillation.distillation_topk=null",
        "self_distillation.token_kl_clip|self_distillation.token_kl_clip=.05"
            + " self_distillation.clip_adv_high=5",
        "self_distillation.prefix_term|self_distillation.prefix_term=true"
            + " self_distillation.distillation_mode=sequence"
      })
  void settingsThatContradictEachOtherAreRefused(String key, String sets) {
    assertThatThrownBy(() -> TrainConfig.parse("", "a.yaml", List.of(sets.split(" "))))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(key + ": got ")
        .hasMessageContaining("expected");
  }

  @Test
  void theSampledTokenNeedsReverseKl() {
    assertThatThrownBy(
            () ->
                parse(
                    Method.SDPO,
                    "self_distillation.full_logit_distillation=false",
                    "self_distillation.alpha=0.5"))
        .hasMessageContaining("self_distillation.alpha: got 0.5, expected 1");
  }

  @Test
  void aGroupOfOneHasNoAdvantage() {
    assertThatThrownBy(() -> parse(Method.GRPO, "rollout.n=1")).hasMessageContaining("rollout.n");
    assertThat(parse(Method.SDPO, "rollout.n=1").rollout().n()).isEqualTo(1);
  }

  @Test
  void settingsReachTheLoss() {
    assertThat(Objective.loss(parse(Method.SDPO)))
        .isEqualTo(new DistillationLoss(new Divergence(1), new Support.TopK(20, true), 2.0));
    assertThat(
            Objective.loss(
                parse(
                    Method.SDPO,
                    "self_distillation.distillation_topk=null",
                    "self_distillation.alpha=0.5",
                    "self_distillation.is_clip=null")))
        .isEqualTo(new DistillationLoss(new Divergence(.5), new Support.FullVocabulary(), null));
    assertThat(
            Objective.loss(parse(Method.SDPO, "self_distillation.full_logit_distillation=false")))
        .isEqualTo(new SampledTokenLoss(2.0));
    assertThat(Objective.loss(parse(Method.GRPO))).isEqualTo(new PolicyGradientLoss(.2, .28, 3));
    String mode = "self_distillation.distillation_mode=";
    assertThat(Objective.loss(parse(Method.SDPO, mode + "argmax-token")))
        .isEqualTo(new DistillationLoss(new Divergence(1), new Support.TopK(1, true), 2.0));
    assertThat(Objective.loss(parse(Method.SDPO, mode + "full-logits")))
        .isEqualTo(new DistillationLoss(new Divergence(1), new Support.FullVocabulary(), 2.0));
    assertThat(Objective.loss(parse(Method.SDPO, mode + "sequence")))
        .isEqualTo(new PolicyGradientLoss(.2, .28, 3));
    assertThat(Objective.loss(parse(Method.SDPO, "self_distillation.clip_adv_high=5")))
        .isEqualTo(new SurrogateLoss(new Support.TopK(20, true), 5, 2.0));
    assertThat(Objective.loss(parse(Method.SDPO, "self_distillation.clipped_surrogate=true")))
        .isEqualTo(new ClippedSurrogateLoss(20, true, .2, .28, Double.POSITIVE_INFINITY));
    assertThat(Objective.loss(parse(Method.GRPO, "actor.loss_mode=cispo")))
        .isEqualTo(new CispoLoss(.2, .28));
  }

  @Test
  void miniBatchesCoverTheBatch() {
    assertThat(TrainConfig.defaults(Method.SDPO).miniBatches()).isEqualTo(1);
    assertThat(TrainConfig.defaults(Method.GRPO).miniBatches()).isEqualTo(4);
    assertThat(parse(Method.GRPO, "train_batch_size=10").miniBatches()).isEqualTo(3);
    assertThat(parse(Method.SDPO, "train_batch_size=10").questionsAMiniBatch()).isEqualTo(10);
  }

  @Test
  void aWrittenDialectIsTheEnvironment() {
    TrainConfig config =
        Configs.parse(
            "environment:\n  dialect:\n    bracket: \"[\"\n    separator: \";\"\n"
                + "    names: {max: lab}\n",
            "a.yaml",
            TrainConfig.defaults(Method.SDPO),
            List.of());
    Environment environment = Environments.open(config.environment(), 0);
    assertThat(environment.name()).isEqualTo("dialect-custom");
    assertThat(environment.judge(new Question("q", "max 4 9 2"), "lab[4;9;2]", true).reward())
        .isEqualTo(1);
    assertThatThrownBy(
            () -> Environments.open(parse(Method.SDPO, "environment.level=Z").environment(), 0))
        .hasMessageContaining("level 'Z'");
  }

  @Test
  void aKindHasItsOwnKeys() {
    CodeEnvironmentConfig code =
        (CodeEnvironmentConfig)
            parse(Method.SDPO, "environment.kind=code", "environment.test_seconds=2").environment();
    assertThat(code)
        .isEqualTo(
            new CodeEnvironmentConfig("sample", null, null, null, 0L, 2.0, 4.0, 512, 8192, null));
    TrainConfig config = parse(Method.SDPO, "environment.kind=code", "environment.workers=1");
    assertThat(
            Configs.parse(
                Configs.toYaml(config), "a.yaml", TrainConfig.defaults(Method.SDPO), List.of()))
        .as("what a run's folder keeps reads back")
        .isEqualTo(config);
    assertThat(Configs.toYaml(TrainConfig.defaults(Method.SDPO))).contains("kind: dialect\n");

    for (String[] wrong :
        new String[][] {
          {"environment.level=Q", "unknown key 'level' in 'environment'", "contest_from, data"},
          {"environment.test_second=2", "did you mean 'test_seconds'?"},
          {"environment.test_seconds=0", "environment.test_seconds: got 0.0, expected more than 0"},
          {"environment.total_seconds=1", "at least test_seconds, which is 6.0"},
          {"environment.memory_mb=8", "at least 32"},
          {"environment.workers=0", "1 to 256"},
          {"environment.max_response_tokens=0", "at least 1"},
          {"environment.contest_from=May", "environment.contest_from: got May, expected a day"},
          {"environment.test_seconds=fast", "expected a number"},
        }) {
      assertThatThrownBy(() -> parse(Method.SDPO, "environment.kind=code", wrong[0]))
          .as(wrong[0])
          .isInstanceOf(ConfigException.class)
          .satisfies(e -> assertThat(e.getMessage()).contains(wrong));
    }
    assertThatThrownBy(() -> parse(Method.SDPO, "environment.data=x"))
        .hasMessageContaining("unknown key 'data'");
    assertThatThrownBy(
            () ->
                Environments.open(
                    parse(Method.SDPO, "environment.kind=code", "environment.data=nowhere.jsonl")
                        .environment(),
                    0))
        .hasMessageContaining("environment.data: got nowhere.jsonl, which is no file here");
  }

  @Test
  void theCodeSampleOpens() {
    try (CodeEnvironment code =
        (CodeEnvironment)
            Environments.open(parse(Method.SDPO, "environment.kind=code").environment(), 0)) {
      assertThat(code.name()).isEqualTo("code-sample");
      assertThat(code.testQuestions()).hasSize(8);
      assertThat(code.sandbox().limits().testMillis()).isEqualTo(6000);
    }
  }
}
